//! Choices made of random numbers.

/// A small source of numbers for tests: Marsaglia's xorshift, 64 bits with a period of all but zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XorShift(u64);

impl XorShift {
    /// A source of its own for every seed but one: zero, of which nothing would ever come, is taken
    /// for another.
    pub const fn new(seed: u64) -> Self {
        Self(if seed == 0 { 0x9e37_79b9_7f4a_7c15 } else { seed })
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // Its low bits alone are poor; a multiplication spreads them, and the high half is taken.
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).rotate_left(32)
    }
}

pub(super) struct Dice<'r> {
    random: &'r mut dyn FnMut() -> u64,
}

impl<'r> Dice<'r> {
    pub(super) fn new(random: &'r mut dyn FnMut() -> u64) -> Self {
        Self { random }
    }

    pub(super) fn number(&mut self) -> u64 {
        (self.random)()
    }

    pub(super) fn byte(&mut self) -> u8 {
        (self.number() >> 8) as u8
    }

    pub(super) fn word(&mut self) -> u16 {
        (self.number() >> 8) as u16
    }

    /// A number under `bound`; zero if that is zero.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.number() as usize).checked_rem(bound).unwrap_or(0)
    }

    pub(super) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    /// One of some numbers, at least one.
    pub(super) fn one_of<T: Copy + Default>(&mut self, of: &[T]) -> T {
        self.pick(of).copied().unwrap_or_default()
    }

    pub(super) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let words = length.div_ceil(8);
        let mut bytes: Vec<u8> = (0..words).flat_map(|_| self.number().to_be_bytes()).collect();
        bytes.truncate(length);
        bytes
    }
}
