//! What is under way on a wire: a queue ordered by the time each item is due.
//!
//! Pure: it never reads a clock. Items usually come in order of their due time, so a put is an
//! append; after the delay was lowered a later item may be due first, and is sorted in before those
//! it overtakes. Items due at the same time leave in the order they came.

use std::{collections::VecDeque, time::Instant};

/// The queue, with a limit on how much is under way.
#[derive(Debug)]
pub(super) struct DelayLine<T> {
    under_way: VecDeque<(Instant, T)>,
    limit: usize,
}

impl<T> DelayLine<T> {
    /// An empty line for at most `limit` items. Memory grows to what was really under way.
    pub(super) fn new(limit: usize) -> Self {
        Self { under_way: VecDeque::new(), limit }
    }

    /// Whether another item has room.
    pub(super) fn has_room(&self) -> bool {
        self.under_way.len() < self.limit
    }

    /// Number of items under way.
    pub(super) fn held(&self) -> usize {
        self.under_way.len()
    }

    /// Puts an item on the line; gives it back when the line is full.
    pub(super) fn put(&mut self, due: Instant, item: T) -> Result<(), T> {
        if !self.has_room() {
            return Err(item);
        }
        if self.under_way.back().is_none_or(|(last, _)| *last <= due) {
            self.under_way.push_back((due, item));
        } else {
            let place = self.under_way.partition_point(|(other, _)| *other <= due);
            self.under_way.insert(place, (due, item));
        }
        Ok(())
    }

    /// When the next item is due; `None` when nothing is under way.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.under_way.front().map(|(due, _)| *due)
    }

    /// Takes the next item that is due at `now`.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<T> {
        self.under_way.pop_front_if(|(due, _)| *due <= now).map(|(_, item)| item)
    }
}

#[cfg(test)]
mod tests;
