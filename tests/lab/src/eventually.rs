//! Asks again for what a server does in its own time, and not for ever.

use std::thread;
use std::time::Duration;

/// With the pauses, minutes: far more than any server needs, and little enough for a regression to be seen.
const TRIES: u32 = 1500;

const PAUSE: Duration = Duration::from_millis(200);

/// Calls `ask` until it gives a value.
///
/// # Panics
/// After many tries, with what the last of them has seen.
pub fn eventually<T>(ask: impl FnMut() -> Result<T, String>) -> T {
    within(TRIES, PAUSE, ask)
        .unwrap_or_else(|seen| panic!("{TRIES} tries did not suffice; last seen: {seen}"))
}

fn within<T>(tries: u32, pause: Duration, mut ask: impl FnMut() -> Result<T, String>) -> Result<T, String> {
    let mut outcome = ask();
    for _ in 1..tries {
        if outcome.is_ok() {
            break;
        }
        thread::sleep(pause);
        outcome = ask();
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_ends_with_the_first_value_or_with_what_was_seen_last() {
        let counting = |good: u32| {
            let mut asked = 0;
            move || {
                asked += 1;
                if asked == good { Ok(asked) } else { Err(format!("saw {asked}")) }
            }
        };
        assert_eq!(within(3, Duration::ZERO, counting(2)), Ok(2));
        assert_eq!(within(3, Duration::ZERO, counting(4)), Err("saw 3".to_owned()));
    }
}
