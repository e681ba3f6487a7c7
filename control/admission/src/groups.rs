//! The supplementary groups of a peer. `SO_PEERCRED` tells one group only, and that is seldom the
//! one a person was added to.
#![allow(unsafe_code, reason = "getsockopt takes a raw buffer")]

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
};

/// Room for the groups of most processes; the kernel says when more is needed.
const USUAL: usize = 32;

/// The groups that the process at the other end had when it connected.
pub(crate) fn of_peer(socket: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
    let mut groups: Vec<libc::gid_t> = vec![0; USUAL];
    loop {
        let mut length = size_of_val(groups.as_slice()) as libc::socklen_t;
        // SAFETY: a) the buffer holds `length` bytes of group numbers, any bits of which are valid;
        // b) `length` and the buffer outlive the call; c) the kernel writes no more than `length`.
        let result = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERGROUPS,
                groups.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        let count = length as usize / size_of::<libc::gid_t>();
        if result == 0 {
            groups.truncate(count);
            return Ok(groups);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::ERANGE) || count <= groups.len() {
            return Err(error);
        }
        groups.resize(count, 0);
    }
}
