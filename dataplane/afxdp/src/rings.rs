//! The four rings of a socket: frames lent to the kernel and frames it gives back.
//!
//! The only module that calls the ring functions of `xsk_rs`, which are unsafe because a frame
//! must never be lent twice. Here each lending consumes an [`OwnedFrame`] and each return makes
//! one, and the rings and the memory belong to one socket, so the functions below are safe.
#![allow(unsafe_code, reason = "the ring functions of xsk_rs rely on frame ownership")]

use std::{
    io,
    os::fd::{AsFd, AsRawFd as _, BorrowedFd},
};

use xsk_rs::{
    CompQueue, FillQueue, FrameDesc, RxQueue, Socket, TxQueue, Umem,
    config::{BindFlags, Interface},
};

use crate::memory::OwnedFrame;

/// The rings of one bound socket, and the socket itself.
#[derive(Debug)]
pub(crate) struct Rings {
    receive: RxQueue,
    transmit: TxQueue,
    fill: FillQueue,
    completion: CompQueue,
    transmit_entries: u32,
    /// Most frames of one packet: 1 before Linux 6.6.
    frames_of_a_packet: usize,
    /// Descriptors on their way out of a ring.
    scratch: Box<[FrameDesc]>,
    /// Descriptors of a packet on its way into the transmit ring.
    packet: [FrameDesc; MOST_FRAMES],
}

/// Most frames that the kernel makes one packet of: its first bytes, and MAX_SKB_FRAGS more pieces.
const MOST_FRAMES: usize = 18;

/// `XDP_PKT_CONTD` of linux/if_xdp.h: the packet goes on in the next descriptor.
const CONTINUED: u32 = 1;

/// The kernel refused to make or bind the socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateError {
    #[error("socket(AF_XDP) or bind failed")]
    Socket(#[from] xsk_rs::socket::SocketCreateError),
    #[error("the kernel gave no fill and completion ring")]
    NoRings,
    #[error("refused at the step")]
    Step(#[source] io::Error),
}

impl Rings {
    /// Binds a socket to a queue. At most `scratch` frames are taken out of a ring at a time.
    pub(crate) fn create(
        umem: &Umem,
        config: xsk_rs::config::SocketConfig,
        interface: &Interface,
        queue: u32,
        scratch: u32,
    ) -> Result<Self, CreateError> {
        // SAFETY: the UMEM is not shared between sockets: each socket makes its own.
        let (transmit, receive, rings) = unsafe { Socket::new(config, umem, interface, queue) }?;
        let (fill, completion) = rings.ok_or(CreateError::NoRings)?;
        let scratch = vec![FrameDesc::default(); scratch as usize].into_boxed_slice();
        let transmit_entries = config.tx_queue_size().get();
        let takes_several = config.bind_flags().contains(BindFlags::XDP_USE_SG);
        Ok(Self {
            receive,
            transmit,
            fill,
            completion,
            transmit_entries,
            frames_of_a_packet: if takes_several { MOST_FRAMES } else { 1 },
            scratch,
            packet: [FrameDesc::default(); MOST_FRAMES],
        })
    }

    /// Most frames of one packet.
    pub(crate) const fn frames_of_a_packet(&self) -> usize {
        self.frames_of_a_packet
    }

    /// Appends received frames to `frames`, at most as many as `scratch` holds; returns how many.
    pub(crate) fn receive(&mut self, frames: &mut Vec<OwnedFrame>) -> usize {
        // SAFETY: the descriptors are overwritten with frames of this socket's own memory.
        let count = unsafe { self.receive.consume(&mut self.scratch) };
        frames.extend(self.scratch.iter().take(count).map(|descriptor| OwnedFrame(*descriptor)));
        count
    }

    /// Appends frames whose transmission is complete to `frames`, at most as many as `scratch`
    /// holds; returns how many.
    pub(crate) fn complete(&mut self, frames: &mut Vec<OwnedFrame>) -> usize {
        // SAFETY: the descriptors are overwritten with frames of this socket's own memory.
        let count = unsafe { self.completion.consume(&mut self.scratch) };
        frames.extend(self.scratch.iter().take(count).map(|descriptor| OwnedFrame(*descriptor)));
        count
    }

    /// Lends a frame for reception; gives it back when the ring is full.
    pub(crate) fn fill(&mut self, frame: OwnedFrame) -> Result<(), OwnedFrame> {
        // SAFETY: the frame is ours alone and consumed here, or returned unused.
        if unsafe { self.fill.produce_one(&frame.0) } == 1 { Ok(()) } else { Err(frame) }
    }

    /// Lends the frames of one packet for transmission, all or none: part of a packet would be sent
    /// together with the next one. `false`, and they stay, when the ring has no room for them, or one
    /// of them is not there.
    pub(crate) fn transmit(&mut self, packet: &mut [Option<OwnedFrame>]) -> bool {
        let count = packet.len();
        let Some(descriptors) = self.packet.get_mut(..count) else { return false };
        for (place, (descriptor, frame)) in descriptors.iter_mut().zip(&*packet).enumerate() {
            let Some(frame) = frame else { return false };
            *descriptor = frame.0;
            descriptor.set_options(if place + 1 < count { CONTINUED } else { 0 });
        }
        // SAFETY: the frames are ours alone and consumed below, or left unused: either all of them
        // were taken or none.
        let is_taken = unsafe { self.transmit.produce(descriptors) } == count;
        if is_taken {
            packet.fill_with(|| None);
        }
        is_taken
    }

    /// Tells the kernel of new frames to transmit, if it wants to be told. A transient refusal
    /// (no memory, receiver busy) is no error: the frames stay in the ring.
    pub(crate) fn wake_transmit(&self) -> io::Result<()> {
        if self.transmit.needs_wakeup() { self.transmit.wakeup() } else { Ok(()) }
    }

    /// Tells the kernel of new frames for reception, if it wants to be told (drivers with
    /// zero-copy; copy mode never does).
    pub(crate) fn wake_fill(&mut self) -> io::Result<()> {
        if self.fill.needs_wakeup() { self.receive.poll(0).map(drop) } else { Ok(()) }
    }

    /// Frames in the transmit ring that the kernel has not taken yet.
    pub(crate) fn untransmitted(&mut self) -> u32 {
        self.transmit_entries.saturating_sub(self.transmit_room())
    }

    /// Free entries of the transmit ring.
    pub(crate) fn transmit_room(&mut self) -> u32 {
        self.transmit.nb_free_exact()
    }

    /// Frames in the receive ring.
    #[cfg(test)]
    pub(crate) fn received(&mut self) -> u32 {
        self.receive.nb_avail_exact()
    }

    /// Free entries of the fill ring.
    #[cfg(test)]
    pub(crate) fn fill_room(&mut self) -> u32 {
        self.fill.nb_free_exact()
    }
}

impl AsFd for Rings {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the queues keep the socket open as long as `self`, which the result borrows.
        unsafe { BorrowedFd::borrow_raw(self.receive.fd().as_raw_fd()) }
    }
}
