//! When a message arrived, on the monotonic clock.
//!
//! The kernel stamps a message when its interface receives it, but by the wall clock. Its age is
//! the difference to the wall clock now; taken from the monotonic now, the arrival is exact however
//! late the reader woke up. A step of the wall clock disturbs only what is waiting to be read.

use std::time::{Duration, Instant, SystemTime};

/// No message waits longer to be read: an older stamp comes from a step of the wall clock.
const OLDEST: Duration = Duration::from_secs(1);

/// Two readings no further apart than this count as one.
const TOGETHER: Duration = Duration::from_micros(5);
const TRIES: usize = 4;

/// Both clocks read at the same moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    monotonic: Instant,
    wall: Duration,
}

impl Moment {
    /// Reads both clocks, again when something came between.
    pub(crate) fn now() -> Self {
        let mut before = Instant::now();
        for _ in 0..TRIES {
            let moment = Self::read();
            if moment.monotonic.saturating_duration_since(before) <= TOGETHER {
                return moment;
            }
            before = moment.monotonic;
        }
        Self::read()
    }

    fn read() -> Self {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { monotonic: Instant::now(), wall }
    }

    /// When a message with this kernel stamp (since the epoch) arrived; without stamp, now.
    pub(crate) fn arrival(self, stamp: Option<Duration>) -> Instant {
        self.monotonic.checked_sub(self.age(stamp)).unwrap_or(self.monotonic)
    }

    /// How long ago that was.
    pub(crate) fn age(self, stamp: Option<Duration>) -> Duration {
        let age = stamp.and_then(|stamp| self.wall.checked_sub(stamp));
        age.filter(|age| *age <= OLDEST).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_is_taken_from_now_and_impossible_stamps_are_not() {
        let now = Moment::now();
        let stamp = |age: Duration| Some(now.wall.checked_sub(age).unwrap());
        let millisecond = Duration::from_millis(1);
        assert_eq!(
            now.arrival(stamp(millisecond)),
            now.monotonic.checked_sub(millisecond).unwrap()
        );
        assert_eq!(now.arrival(None), now.monotonic);
        assert_eq!(now.arrival(stamp(Duration::from_hours(1))), now.monotonic);
        assert_eq!(now.arrival(Some(now.wall + millisecond)), now.monotonic);
    }
}
