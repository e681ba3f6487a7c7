//! Loss, duplication and reordering, from sequence numbers alone.
//!
//! A packet is reordered when it arrives after one with a higher number (RFC 4737, Type-P-Reordered)
//! and a duplicate when its number arrived before (RFC 5560). Which numbers arrived is kept for a
//! window behind the highest one, so memory does not grow with the flow.

/// What an arriving number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Higher than all before.
    InOrder,
    /// For the first time, after a higher one.
    Reordered,
    /// Not for the first time.
    Duplicate,
    /// So far behind that nobody knows whether it arrived before.
    Stale,
}

/// The numbers that arrived.
#[derive(Clone, Debug)]
pub(super) struct SequenceTracker {
    /// One bit a number; number `n` is bit `n` modulo the window.
    window: Box<[u64]>,
    /// One more than the highest number so far.
    next: u64,
}

const WORD: u64 = u64::BITS as u64;

impl SequenceTracker {
    /// Remembers at least the last `numbers` numbers.
    pub(super) fn new(numbers: usize) -> Self {
        let words = numbers.div_ceil(WORD as usize).max(1);
        Self { window: vec![0; words].into_boxed_slice(), next: 0 }
    }

    /// One more than the highest number that arrived.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Takes in the number of an arriving packet.
    pub(super) fn record(&mut self, number: u64) -> Arrival {
        if number >= self.next {
            self.advance(number);
            self.mark(number);
            return Arrival::InOrder;
        }
        if self.next - number > self.length() {
            return Arrival::Stale;
        }
        if self.mark(number) { Arrival::Duplicate } else { Arrival::Reordered }
    }

    fn length(&self) -> u64 {
        self.window.len() as u64 * WORD
    }

    /// Forgets the numbers that leave the window when `number` becomes the highest.
    fn advance(&mut self, number: u64) {
        if number - self.next >= self.length() {
            self.window.fill(0);
        } else {
            for entering in self.next..=number {
                let (word, bit) = self.place(entering);
                if let Some(word) = self.window.get_mut(word) {
                    *word &= !bit;
                }
            }
        }
        self.next = number.saturating_add(1);
    }

    /// Marks a number as arrived; `true` when it was already.
    fn mark(&mut self, number: u64) -> bool {
        let (word, bit) = self.place(number);
        let Some(word) = self.window.get_mut(word) else {
            return false;
        };
        let marked = *word & bit != 0;
        *word |= bit;
        marked
    }

    fn place(&self, number: u64) -> (usize, u64) {
        let at = number % self.length();
        ((at / WORD) as usize, 1 << (at % WORD))
    }
}

#[cfg(test)]
mod tests;
