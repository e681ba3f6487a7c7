//! The socket options that no crate wraps.
#![allow(unsafe_code, reason = "getsockopt and setsockopt take raw structs")]

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
    ptr,
};

/// `XDP_MAX_TX_SKB_BUDGET` of `linux/if_xdp.h`, since Linux 6.17; not in libc yet.
const MAX_TX_SKB_BUDGET: libc::c_int = 9;

/// Lets one transmit call handle `frames` frames instead of 32. False on a kernel without the
/// option: transmission then takes more calls.
pub(crate) fn raise_transmit_budget(socket: BorrowedFd<'_>, frames: u32) -> bool {
    // SAFETY: the option takes a u32, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_XDP,
            MAX_TX_SKB_BUDGET,
            ptr::from_ref(&frames).cast(),
            size_of::<u32>() as libc::socklen_t,
        )
    };
    result == 0
}

/// `XDP_STATISTICS`. Kernels before 5.9 fill only the first three counters; the rest stay 0.
pub(crate) fn statistics(socket: BorrowedFd<'_>) -> io::Result<libc::xdp_statistics> {
    let mut raw = libc::xdp_statistics {
        rx_dropped: 0,
        rx_invalid_descs: 0,
        tx_invalid_descs: 0,
        rx_ring_full: 0,
        rx_fill_ring_empty_descs: 0,
        tx_ring_empty_descs: 0,
    };
    let mut length = size_of::<libc::xdp_statistics>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, the size of `raw`, both outlive the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_XDP,
            libc::XDP_STATISTICS,
            ptr::from_mut(&mut raw).cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(raw)
}
