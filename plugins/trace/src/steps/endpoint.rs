//! ENDPOINT: which addresses the sidecar calls, and how often.

use mesh_model::{Kind, ObjectRef};
use mesh_traffic::{Cause, Discovery, Prediction};

use crate::hop::{Hop, Step};
use crate::known::lost;
use crate::question::Asked;
use crate::target::fits;
use crate::way::{Through, Way};

/// Most endpoints that are named as left out.
const SHOWN: usize = 3;

/// The endpoints of a way: their priority, and what they get.
pub(crate) fn hop(asked: &Asked<'_, '_, '_>, way: &Way<'_>, last: u32, prediction: &Prediction<'_>) -> Hop {
    let now = percent(way.share);
    let what = match way.priority {
        _ if last == 0 => format!("one priority: {now} now"),
        0 => format!("priority 0 of 0..{last}: {now} now"),
        own => {
            let before = match own {
                1 => "0 is".to_owned(),
                2 => "0 and 1 are".to_owned(),
                more => format!("0 to {} are", more - 1),
            };
            format!("priority {own} of 0..{last}: {now} now, {} once {before} lost", percent(way.once_lost))
        }
    };
    let what = match &way.through {
        Through::Cluster(_) => format!("{what}; {} endpoints called directly", way.endpoints.len()),
        Through::Gateway { .. } => what,
    };
    let hop = Hop::ok(Step::Endpoint, what, prediction.settings.locality.cause.clone());
    hop.unless_lost(
        missing(asked).or_else(|| prediction.assignment.unknown.first().map(|one| one.what.clone())),
    )
}

/// No endpoint gets a call, or none that was asked for.
pub(crate) fn none(asked: &Asked<'_, '_, '_>, prediction: &Prediction<'_>) -> Hop {
    let wanted = match asked.question.to {
        Some(to) => format!("no endpoint fits --to {to}"),
        None => "no endpoint can be called, 503 (UH)".to_owned(),
    };
    if prediction.settings.discovery != Discovery::Eds {
        let what = format!("{wanted}: the sidecar learns the addresses by itself");
        return Hop::unknown(Step::Endpoint, what, Cause::Default("not sent by istiod"));
    }
    let excluded = prediction.assignment.excluded.iter();
    let excluded: Vec<_> = excluded
        .filter(|left| asked.question.to.is_none_or(|to| fits(asked.mesh(), &left.endpoint, to)))
        .collect();
    let mut reasons: Vec<String> = excluded
        .iter()
        .take(SHOWN)
        .map(|left| {
            let cause = left.endpoint.origin.cause();
            let named = left.endpoint.pod.map(|pod| pod.obj.qualified_name());
            let named = named.or_else(|| cause.object().map(ObjectRef::qualified_name));
            format!("{}: {}", named.unwrap_or_default(), left.reason.text())
        })
        .collect();
    if excluded.len() > SHOWN {
        reasons.push(format!("and {} more", excluded.len() - SHOWN));
    }
    let what = if reasons.is_empty() { wanted } else { format!("{wanted}; {}", reasons.join("; ")) };
    let cause = excluded.first().map_or(Cause::Default("no endpoint"), |left| left.cause.clone());
    match missing(asked) {
        Some(lost) => Hop::unknown(Step::Endpoint, format!("{what}; {lost}"), cause),
        None => Hop::fail(Step::Endpoint, what, cause),
    }
}

fn missing(asked: &Asked<'_, '_, '_>) -> Option<String> {
    let seen = asked.view.sees().iter().map(|seen| seen.cluster);
    lost(asked.mesh(), seen, &[Kind::Service, Kind::EndpointSlice, Kind::Pod])
}

/// Whole percents, with `<` and `>` where rounding would tell of nothing or of everything.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.5 {
        "<1%".to_owned()
    } else if percent >= 99.5 && share < 1.0 - 1e-9 {
        ">99%".to_owned()
    } else {
        format!("{percent:.0}%")
    }
}
