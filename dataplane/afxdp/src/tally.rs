//! Counts of verdicts reached in userspace.
//!
//! They are kept where the counts of the XDP program are, in a map: a process that is killed, and
//! forgets what it knew, does not forget what it lost.
#![allow(unsafe_code, reason = "counters in the memory of a map")]

use std::{
    ffi::c_void,
    io,
    num::NonZeroUsize,
    os::fd::AsFd as _,
    ptr::NonNull,
    sync::atomic::{AtomicU64, Ordering},
};

use abi::verdict::{COUNT, Verdict};
use aya::maps::{MapData, MapError};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// Bytes of the one element of the map.
const BYTES: NonZeroUsize = NonZeroUsize::new(size_of::<[u64; COUNT]>()).expect("not empty");

/// The map [`abi::DAEMON_COUNTERS`] cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TallyError {
    /// The kernel does not say what it is.
    #[error("BPF_OBJ_GET_INFO_BY_FD of map {} failed", abi::DAEMON_COUNTERS)]
    Info(#[source] MapError),
    /// It counts other verdicts.
    #[error(
        "map {} has {found} bytes, this build (ABI version {}) expects {BYTES}: rebuild the eBPF \
         objects with `make ebpf`",
        abi::DAEMON_COUNTERS,
        abi::VERSION
    )]
    Layout {
        /// Bytes of the whole map.
        found: usize,
    },
    /// `mmap` refused.
    #[error("mmap of map {} failed", abi::DAEMON_COUNTERS)]
    Map(#[source] io::Error),
}

/// One counter a verdict, shared between the threads that count and whoever reads.
#[derive(Debug)]
pub struct Tally(Memory);

#[derive(Debug)]
enum Memory {
    /// Of this process.
    Own(Box<[AtomicU64; COUNT]>),
    /// Of a map, mapped here.
    Map(NonNull<[AtomicU64; COUNT]>),
}

// SAFETY: the memory is owned or a mapping of our own, may be used and unmapped by any thread, and
// is reached through atomics only.
unsafe impl Send for Tally {}
// SAFETY: as above.
unsafe impl Sync for Tally {}

impl Default for Tally {
    /// Counts that end with the process.
    fn default() -> Self {
        Self(Memory::Own(Box::new([const { AtomicU64::new(0) }; COUNT])))
    }
}

impl Tally {
    /// Goes on with the counts in the map [`abi::DAEMON_COUNTERS`], which this process alone writes.
    pub fn in_map(map: &MapData) -> Result<Self, TallyError> {
        let info = map.info().map_err(TallyError::Info)?;
        let found = info.value_size() as usize * info.max_entries() as usize;
        if found != BYTES.get() {
            return Err(TallyError::Layout { found });
        }
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new shared mapping at an address of the kernel's choice aliases nothing of this
        // process.
        let address =
            unsafe { mmap(None, BYTES, protection, MapFlags::MAP_SHARED, map.fd().as_fd(), 0) };
        let address = address.map_err(|errno| TallyError::Map(errno.into()))?;
        Ok(Self(Memory::Map(address.cast())))
    }

    /// Counts one packet.
    pub fn count(&self, verdict: Verdict) {
        self.add(verdict, 1);
    }

    /// Counts `packets`.
    pub fn add(&self, verdict: Verdict, packets: u64) {
        // A verdict's number is below COUNT by construction.
        if let Some(counter) = self.counters().get(usize::from(verdict.number())) {
            counter.fetch_add(packets, Ordering::Relaxed);
        }
    }

    /// Packets counted so far, by verdict number.
    pub fn read(&self) -> [u64; COUNT] {
        self.counters().each_ref().map(|counter| counter.load(Ordering::Relaxed))
    }

    fn counters(&self) -> &[AtomicU64; COUNT] {
        match &self.0 {
            Memory::Own(counters) => counters,
            // SAFETY: a) the mapping has this size, is page aligned, and lives as long as `self`; b)
            // an `AtomicU64` is laid out as a `u64`, of which any bits are valid; c) what else is
            // done with the map's memory is done by the kernel, on behalf of whoever looks at it.
            Memory::Map(address) => unsafe { address.as_ref() },
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        if let Memory::Map(address) = self.0 {
            // SAFETY: `in_map` made this mapping with this length, and no reference to it is left.
            let result = unsafe { munmap(address.cast::<c_void>(), BYTES.get()) };
            debug_assert!(result.is_ok(), "munmap of a whole mapping does not fail");
        }
    }
}

#[cfg(test)]
mod tests;
