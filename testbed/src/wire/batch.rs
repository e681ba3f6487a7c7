//! Many messages with one system call: recvmmsg(2) and sendmmsg(2) on any socket.

#![allow(
    unsafe_code,
    reason = "nix has no parser for PACKET_AUXDATA, and its batch calls take no frames by pointer"
)]

use std::{
    io,
    net::SocketAddr,
    os::fd::{AsRawFd, BorrowedFd},
    ptr,
};

use socket2::SockAddr;

use super::ancillary::Ancillary;

/// Messages in one system call. A quarter of a veth's ring of 256 entries, so that a batch
/// alone never fills the receiver's ring.
pub(crate) const BATCH: usize = 64;

/// Room for a time stamp (32 bytes), auxiliary data (40), TTL (24) and overflow count (24).
#[derive(Clone, Copy, Debug)]
#[repr(align(8))]
struct Control([u8; 128]);

/// One received message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Received {
    /// Its length as sent, which is more than the buffer's when it was cut (`MSG_TRUNC`).
    pub(crate) length: usize,
    /// What the kernel reports beside it.
    pub(crate) ancillary: Ancillary,
}

/// Receives up to [`BATCH`] messages at a time.
#[derive(Debug)]
pub(crate) struct ReceiveBatch {
    control: Box<[Control; BATCH]>,
    received: Vec<Received>,
}

impl ReceiveBatch {
    /// Memory for one batch, used again by each call.
    pub(crate) fn new() -> Self {
        Self { control: Box::new([Control([0; 128]); BATCH]), received: Vec::with_capacity(BATCH) }
    }

    /// Receives what is waiting, without blocking, one message into each buffer; the answer's
    /// elements belong to the first buffers in order. Empty when nothing is waiting. Errors are
    /// recvmmsg(2)'s.
    pub(crate) fn receive<'buffers>(
        &mut self,
        socket: BorrowedFd<'_>,
        buffers: impl Iterator<Item = &'buffers mut [u8]>,
    ) -> io::Result<&[Received]> {
        // SAFETY: `mmsghdr` and `iovec` are plain C structs of integers and pointers, for which all
        // zero bytes are a valid value.
        let (mut headers, mut vectors): ([libc::mmsghdr; BATCH], [libc::iovec; BATCH]) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        let mut count = 0;
        for (((header, vector), control), buffer) in
            headers.iter_mut().zip(&mut vectors).zip(self.control.iter_mut()).zip(buffers)
        {
            *vector = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
            header.msg_hdr.msg_iov = ptr::from_mut(vector);
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.0.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = control.0.len();
            count += 1;
        }
        // SAFETY: the first `count` headers each point to their own iovec and control buffer, which
        // outlive the call; each iovec covers one of the exclusively borrowed `buffers`; `count` is
        // at most the length of `headers`; a null timeout is allowed.
        let done = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                count,
                libc::MSG_DONTWAIT | libc::MSG_TRUNC,
                ptr::null_mut(),
            )
        };
        self.received.clear();
        let Ok(done) = usize::try_from(done) else {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(&self.received),
                _ => Err(error),
            };
        };
        self.received.extend(headers.iter().zip(self.control.iter()).take(done).map(
            |(header, control)| {
                let written = control.0.get(..header.msg_hdr.msg_controllen).unwrap_or_default();
                Received { length: header.msg_len as usize, ancillary: Ancillary::parse(written) }
            },
        ));
        Ok(&self.received)
    }
}

/// Sends up to [`BATCH`] of `messages` without blocking: to `to`, or where the socket is bound or
/// connected. Answers how many the kernel took, from the first on; an error is about the first.
pub(crate) fn send<'messages>(
    socket: BorrowedFd<'_>,
    to: Option<SocketAddr>,
    messages: impl Iterator<Item = &'messages [u8]>,
) -> io::Result<usize> {
    let address = to.map(SockAddr::from);
    // SAFETY: as in `receive`, all zero bytes are a valid value of both structs.
    let (mut headers, mut vectors): ([libc::mmsghdr; BATCH], [libc::iovec; BATCH]) =
        unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    let mut count = 0;
    for ((header, vector), message) in headers.iter_mut().zip(&mut vectors).zip(messages) {
        *vector =
            libc::iovec { iov_base: message.as_ptr().cast_mut().cast(), iov_len: message.len() };
        header.msg_hdr.msg_iov = ptr::from_mut(vector);
        header.msg_hdr.msg_iovlen = 1;
        if let Some(address) = &address {
            header.msg_hdr.msg_name = address.as_ptr().cast_mut().cast();
            header.msg_hdr.msg_namelen = address.len();
        }
        count += 1;
    }
    // SAFETY: the first `count` headers each point to their own iovec, which covers one of the
    // borrowed `messages`, and to `address`, which sendmmsg only reads; all outlive the call.
    let done = unsafe {
        libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, libc::MSG_DONTWAIT)
    };
    usize::try_from(done).map_err(|_| io::Error::last_os_error())
}
