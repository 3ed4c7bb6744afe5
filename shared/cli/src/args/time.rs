//! Time: the deadline of the run, and what is taken as the present.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Time.
#[derive(Clone, Debug, clap::Args)]
pub struct TimeArgs {
    /// How long the whole run may take, such as 30s or 2m. What is not read by then is a gap.
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    pub timeout: Duration,

    /// Time to take as the present, such as 2026-08-22T07:11:00Z. Makes output repeatable.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub now: Option<Timestamp>,
}

/// Longest duration that is taken: far beyond any run, far below what the clock can count.
const LONGEST: Duration = Duration::from_hours(24);

/// Reads `10s`, `1m30s`, `500ms`, and a bare number as seconds, as kubectl does. Zero would mean "no limit" and
/// hang on one dead API server, so it is refused, and so is more than a day.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => text.parse::<SignedDuration>().ok().and_then(|signed| signed.try_into().ok()),
    };
    parsed
        .filter(|duration: &Duration| !duration.is_zero() && *duration <= LONGEST)
        .ok_or_else(|| "must be a duration above zero and up to 24h, such as 10s or 2m".to_owned())
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "must be a time such as 2026-08-22T07:11:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_kubectl_reads_them() {
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("7"), Ok(Duration::from_secs(7)));
    }

    #[test]
    fn a_day_is_the_longest() {
        assert_eq!(duration("24h"), Ok(LONGEST));
        for text in ["86401", "25h", "18446744073709551615", "99999999999999999999"] {
            assert_eq!(
                duration(text),
                Err("must be a duration above zero and up to 24h, such as 10s or 2m".to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_duration_or_would_never_end_is_refused() {
        for text in ["5x", "", "0", "0s", "-3s", "ten"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }
}
