//! When what was learned becomes an image: soon, many together, and not too often.
//!
//! Packets do not wait for it: until the image is there they take the way through userspace.

use std::time::{Duration, Instant};

/// How long changes are gathered: the answers of a whole subnet come within it.
pub const GATHER: Duration = Duration::from_millis(10);

/// Shortest time between two images: compiling and publishing one takes milliseconds.
pub const INTERVAL: Duration = Duration::from_millis(100);

/// The pace of images.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    due: Option<Instant>,
    last: Option<Instant>,
}

impl Pace {
    /// Something was learned.
    pub fn changed(&mut self, now: Instant) {
        let earliest = self.last.map_or(now, |last| last + INTERVAL);
        self.due.get_or_insert(earliest.max(now + GATHER));
    }

    /// When to ask again.
    pub const fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Whether an image is to be made now, of all that was learned so far.
    pub fn take(&mut self, now: Instant) -> bool {
        let is_due = self.due.is_some_and(|due| due <= now);
        if is_due {
            (self.due, self.last) = (None, Some(now));
        }
        is_due
    }
}

#[cfg(test)]
mod tests;
