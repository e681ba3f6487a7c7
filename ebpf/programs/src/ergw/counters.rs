//! One count for each frame dropped here; `ergw` counts what it gets.
#![allow(unsafe_code, reason = "a counter is incremented in place")]

use abi::verdict::{self, Verdict};
use aya_ebpf::{
    bindings::BPF_F_MMAPABLE,
    macros::map,
    maps::{Array, PerCpuArray},
};

#[map]
static COUNTERS: PerCpuArray<[u64; verdict::COUNT]> = PerCpuArray::with_max_entries(1, 0);

/// See [`abi::DAEMON_COUNTERS`].
#[map]
static DAEMON_COUNTERS: Array<[u64; verdict::COUNT]> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Counts one frame.
#[inline(always)]
pub fn count(verdict: Verdict) {
    let Some(counters) = COUNTERS.get_ptr_mut(0) else { return };
    // SAFETY: a) the pointer is to this CPU's copy of the one element; b) XDP programs of a CPU do
    // not interrupt each other, so this is the only reference to it; c) any bits are a valid u64.
    let counters = unsafe { &mut *counters };
    if let Some(counter) = counters.get_mut(usize::from(verdict.number())) {
        *counter = counter.wrapping_add(1);
    }
}
