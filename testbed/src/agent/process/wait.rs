//! Waiting for a pidfd in the runtime's epoll.
#![allow(unsafe_code, reason = "tokio's registration of a descriptor is an unsafe function")]

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use tokio::io::{Interest, unix::AsyncFd};

/// Waits until `pidfd` is readable: its process has ended. Cancel safe.
pub(super) async fn readable(pidfd: &OwnedFd) -> io::Result<()> {
    let pidfd: BorrowedFd<'_> = pidfd.as_fd();
    // SAFETY: a) the borrow keeps the descriptor open and unchanged for longer than `registered`
    // lives; b) `as_raw_fd` of a `BorrowedFd` always returns the same number.
    let registered = unsafe { AsyncFd::register_with_interest(pidfd, Interest::READABLE) };
    let registered = registered.map_err(|error| error.into_parts().1)?;
    let _ready = registered.readable().await?;
    Ok(())
}
