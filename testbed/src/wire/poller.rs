//! Waits for sockets and for a moment, to the nanosecond.

#![allow(unsafe_code, reason = "nix's ppoll needs a borrow of every socket for the table's life")]

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd},
    ptr,
    time::Duration,
};

/// A table of sockets to wait for, each in a place of its own. With the dozens of sockets of a lab
/// ppoll(2) costs no more than epoll and has no registrations that outlive a socket.
#[derive(Debug)]
pub(super) struct Poller {
    entries: Vec<libc::pollfd>,
}

impl Poller {
    /// A table with `places` empty places.
    pub(super) fn new(places: usize) -> Self {
        Self { entries: vec![libc::pollfd { fd: -1, events: libc::POLLIN, revents: 0 }; places] }
    }

    /// Puts a socket in a place, or empties it. A socket must stay open while it is in the table.
    pub(super) fn place(&mut self, place: usize, socket: Option<BorrowedFd<'_>>) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.fd = socket.map_or(-1, |socket| socket.as_raw_fd());
            entry.revents = 0;
        }
    }

    /// Waits until a socket has something to read or an error, at most `timeout`.
    pub(super) fn wait(&mut self, timeout: Duration) -> io::Result<()> {
        let timeout = libc::timespec {
            tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        };
        // SAFETY: pointer and length describe `entries`; `timeout` is live; a null signal mask
        // leaves the thread's mask alone. ppoll ignores negative descriptors, and a closed one is
        // reported, not touched.
        let done = unsafe {
            libc::ppoll(
                self.entries.as_mut_ptr(),
                self.entries.len() as libc::nfds_t,
                &raw const timeout,
                ptr::null(),
            )
        };
        if done >= 0 {
            return Ok(());
        }
        for entry in &mut self.entries {
            entry.revents = 0;
        }
        match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            error => Err(error),
        }
    }

    /// Whether the last wait found something in this place.
    pub(super) fn is_ready(&self, place: usize) -> bool {
        self.entries.get(place).is_some_and(|entry| entry.revents != 0)
    }
}
