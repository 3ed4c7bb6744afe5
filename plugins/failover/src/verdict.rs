//! How a service fares, and in a few words why.

use mesh_traffic::scenario::{Moment, Outcome};
use mesh_traffic::{Cause, LocalityMode};

/// Shares that differ by less are equal: they are sums of doubles.
const EPSILON: f64 = 1e-9;

/// How a service fares once all is settled, the worse the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// Nothing can be said: callers pick the pod, or nothing answers before the loss.
    Untold,
    /// As well as before, or as well as was asked for.
    Fine,
    /// Some calls fail.
    Degraded,
    /// All calls fail.
    Down,
}

/// The verdict about a service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) state: State,
    /// The state in words, without a sign.
    pub(crate) text: String,
    /// What decided about calls that fail.
    pub(crate) cause: Option<Cause>,
}

impl State {
    /// All of them, the best first and what is not known last.
    pub(crate) const ALL: [Self; 4] = [Self::Fine, Self::Degraded, Self::Down, Self::Untold];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Untold => "unknown",
        }
    }

    /// It counts as found.
    pub(crate) const fn fails(self) -> bool {
        matches!(self, Self::Degraded | Self::Down)
    }
}

impl Verdict {
    /// The verdict; `least` is the part of calls, 0 to 1, that has to be answered instead of what was before.
    pub(crate) fn of(outcome: &Outcome<'_>, least: Option<f64>) -> Self {
        let untold = |text: &str| Self { state: State::Untold, text: text.to_owned(), cause: None };
        if outcome.courses.is_empty() {
            return untold("no client that counts knows it");
        }
        if outcome.picks_itself {
            return untold("callers pick the pod themselves: no share is told");
        }
        let [before, _, settled] = outcome.served;
        // What was asked for is missed all the same.
        if before < EPSILON && least.is_none() {
            return untold("nothing answers before the loss");
        }
        let least = least.unwrap_or(before);
        if settled > least - EPSILON {
            return Self { state: State::Fine, text: fine(outcome), cause: None };
        }
        let state = if settled < EPSILON { State::Down } else { State::Degraded };
        let (why, cause) = reason(outcome);
        let text = match state {
            State::Down => format!("all calls fail: {why}"),
            _ => format!("{} of first attempts fail: {why}", percent(1.0 - settled)),
        };
        Self { state, text, cause }
    }

    /// Fewer calls are answered than before, even where that is as many as was asked for.
    pub(crate) fn loses(&self, outcome: &Outcome<'_>) -> bool {
        self.state != State::Untold && outcome.served[2] < outcome.served[0] - EPSILON
    }
}

fn fine(outcome: &Outcome<'_>) -> String {
    let moved: f64 =
        outcome.destinations.values().map(|shares| (shares.sent[2] - shares.sent[0]).max(0.0)).sum();
    let lost = 1.0 - outcome.served[2];
    match (moved > EPSILON, lost > EPSILON) {
        (false, false) => "no call moves".to_owned(),
        (true, false) => format!("{} of calls move", percent(moved)),
        (_, true) => format!("{} of first attempts fail, which is allowed", percent(lost)),
    }
}

/// Why calls fail, by the client that loses most.
fn reason(outcome: &Outcome<'_>) -> (String, Option<Cause>) {
    let lost = |moment: &Moment<'_>| 1.0 - moment.served();
    let settled = outcome.courses.iter().map(|(_, course)| &course.settled);
    let worst = settled.max_by(|one, other| lost(one).total_cmp(&lost(other)));
    let Some(moment) = worst else { return (String::new(), None) };
    let settings = &moment.prediction.settings;
    let outlier = settings.outlier.value.as_ref();
    let ejection = &moment.ejection;
    let hosts = moment.hosts.len();
    let by_outlier = |text: String| (text, Some(settings.outlier.cause.clone()));
    if settings.locality.value == LocalityMode::Distribute && moment.split.no_host > EPSILON {
        let cause = settings.locality.cause.clone().then("distribute");
        return ("distribute sends nothing beyond its localities".to_owned(), Some(cause));
    }
    if outcome.destinations.values().all(|shares| shares.pods[2] == 0) {
        return ("all its endpoints are lost".to_owned(), None);
    }
    if moment.split.no_host > EPSILON {
        return ("no endpoint that it may call is left".to_owned(), None);
    }
    if ejection.needed == 0 {
        return ("behind the gateway not all calls are answered".to_owned(), None);
    }
    match outlier {
        None => by_outlier("nothing ejects dead endpoints".to_owned()),
        Some(outlier) if !outlier.can_eject() => {
            by_outlier("outlierDetection counts no kind of error".to_owned())
        }
        Some(_) if ejection.most < ejection.needed => by_outlier(format!(
            "ejection takes {} of {hosts}, {} have to go: maxEjectionPercent {} or more",
            ejection.most, ejection.needed, ejection.least_percent
        )),
        Some(_) => by_outlier("panic sends calls to ejected endpoints again".to_owned()),
    }
}

/// A share in whole percents; one that is neither none nor all never looks so.
pub(crate) fn percent(share: f64) -> String {
    let rounded = (share * 100.0).round();
    if rounded < 1.0 && share > EPSILON {
        "<1%".to_owned()
    } else if rounded > 99.0 && share < 1.0 - EPSILON {
        ">99%".to_owned()
    } else {
        format!("{rounded:.0}%")
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn what_is_neither_none_nor_all_never_looks_so() {
        let texts = [0.0, 0.001, 0.3, 0.999, 1.0, 0.1 + 0.2].map(percent);
        assert_eq!(texts, ["0%", "<1%", "30%", ">99%", "100%", "30%"]);
    }
}
