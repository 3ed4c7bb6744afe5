//! Points in time as people read them. No clock: the time of the run is handed in.

use jiff::Timestamp;

/// True when `end`, the last second that counts, lies behind `now`; both in seconds since 1970 UTC.
pub(crate) const fn has_passed(end: i64, now: i64) -> bool {
    end < now
}

/// Whole days from `now` to `end`.
pub(crate) const fn days_until(end: i64, now: i64) -> i64 {
    (end - now).div_euclid(24 * 60 * 60)
}

/// The day in UTC, `2026-09-15`; a year beyond 9999 as the seconds themselves.
pub(crate) fn day(seconds: i64) -> String {
    let text = Timestamp::from_second(seconds).map(|time| time.to_string());
    text.ok()
        .and_then(|text| text.split_once('T').map(|(day, _)| day.to_owned()))
        .unwrap_or_else(|| seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_utc_and_the_last_second_counts() {
        assert_eq!(day(1_789_430_400), "2026-09-15");
        assert_eq!(day(i64::MAX), i64::MAX.to_string());
        assert_eq!(days_until(86_400 * 3 - 1, 0), 2);
        assert!(!has_passed(5, 5));
        assert!(has_passed(5, 6));
    }
}
