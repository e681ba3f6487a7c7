//! One count for each packet, under its verdict.
#![allow(unsafe_code, reason = "a counter is incremented in place")]

use core::hint::black_box;

use abi::verdict::Verdict;

use crate::maps::COUNTERS;

/// Counts one packet.
#[inline(always)]
pub fn count(verdict: u16) {
    let Some(counters) = COUNTERS.get_ptr_mut(0) else { return };
    // SAFETY: a) the pointer is to this CPU's copy of the one element; b) XDP programs of a CPU do
    // not interrupt each other, so this is the only reference to it; c) any bits are a valid u64.
    let counters = unsafe { &mut *counters };
    // Opaque, so that what is compared and what is added to the pointer is one register: of a 16-bit
    // value the compiler compares a masked copy, and the verifier does not connect the two.
    let index = black_box(usize::from(verdict));
    let index = if index < counters.len() { index } else { usize::from(Verdict::None.number()) };
    if let Some(counter) = counters.get_mut(index) {
        *counter = counter.wrapping_add(1);
    }
}
