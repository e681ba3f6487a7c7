//! The memory (UMEM) that a socket shares with the kernel, and who owns each frame of it.
//!
//! Ownership is a value: an [`OwnedFrame`] exists for a frame exactly while userspace owns it. It
//! cannot be copied. [`crate::rings`] takes one when it lends a frame to the kernel and makes one
//! when the kernel gives a frame back, so no frame is lent twice and none is touched while lent.
#![allow(unsafe_code, reason = "bytes shared with the kernel are reached by address")]

use std::{io::Write as _, num::NonZeroU32, ptr, slice};

use abi::punt::Metadata;
use xsk_rs::{
    FrameDesc, Umem,
    config::{FrameSize, QueueSize, UmemConfig},
};

use crate::{
    bind::BindError,
    config::{Config, ConfigError},
};

/// What the kernel keeps in front of a received packet, and xsk-rs in front of a sent one.
const XDP_PACKET_HEADROOM: usize = 256;

/// A frame in userspace's hands.
#[derive(Debug)]
pub(crate) struct OwnedFrame(pub(crate) FrameDesc);

impl OwnedFrame {
    /// Whether the packet that was received into it goes on in the next frame.
    pub(crate) fn is_continued(&self) -> bool {
        self.0.has_more_frames()
    }
}

/// The frames of one socket.
#[derive(Debug)]
pub(crate) struct Memory {
    umem: Umem,
    /// Address of the first byte. The region is never moved or unmapped while `umem` lives.
    start: usize,
    frames: usize,
    frame_size: usize,
}

impl Memory {
    /// Maps the memory; all its frames belong to the caller.
    pub(crate) fn new(config: &Config) -> Result<(Self, Vec<OwnedFrame>), BindError> {
        let size = |ring, entries| {
            QueueSize::new(entries).map_err(|_| ConfigError::RingSize { ring, entries })
        };
        let bytes = config.frame_size;
        let frame_size = FrameSize::new(bytes).map_err(|_| ConfigError::FrameSize { bytes })?;
        let umem_config = UmemConfig::builder()
            .frame_size(frame_size)
            .fill_queue_size(size("fill", config.fill)?)
            .comp_queue_size(size("completion", config.completion)?)
            .build()
            .map_err(|_| ConfigError::FrameSize { bytes })?;
        let frames = NonZeroU32::new(config.frames)
            .ok_or(ConfigError::Frames { frames: config.frames, fill: config.fill })?;
        let (umem, descriptors) = Umem::new(umem_config, frames, false)
            .map_err(|source| BindError::memory(config, source))?;
        let start = match descriptors.first() {
            // SAFETY: a) the descriptor was made by this UMEM; b) no socket is bound yet, so the
            // kernel does not touch the frame, and no other reference to it exists.
            Some(first) => {
                let packet = unsafe { umem.data(first) }.contents().as_ptr();
                packet.expose_provenance().saturating_sub(first.addr())
            }
            None => 0,
        };
        let memory =
            Self { umem, start, frames: descriptors.len(), frame_size: frame_size.get() as usize };
        Ok((memory, descriptors.into_iter().map(OwnedFrame).collect()))
    }

    pub(crate) const fn umem(&self) -> &Umem {
        &self.umem
    }

    /// The packet in the frame.
    pub(crate) fn packet<'a>(&'a self, frame: &'a mut OwnedFrame) -> &'a mut [u8] {
        let (offset, length) = (frame.0.addr(), frame.0.lengths().data());
        let within = offset % self.frame_size;
        if offset / self.frame_size >= self.frames || within + length > self.frame_size {
            return &mut [];
        }
        // SAFETY: a) checked above: the bytes lie inside one frame of the region, which stays
        // mapped while `self` lives; b) the frame is owned by userspace (module documentation) and
        // borrowed exclusively through `frame`, so nobody else reads or writes it meanwhile; c)
        // the region was mapped by a system call, its provenance is exposed, its bytes are
        // initialised (anonymous mapping).
        unsafe {
            let first = ptr::with_exposed_provenance_mut::<u8>(self.start + offset);
            slice::from_raw_parts_mut(first, length)
        }
    }

    /// The bytes directly in front of the packet, where copy mode leaves the XDP metadata area.
    /// The kernel does not say whether the program wrote one: without it the bytes are stale.
    pub(crate) fn metadata(&self, frame: &OwnedFrame) -> Option<Metadata> {
        let offset = frame.0.addr();
        if offset / self.frame_size >= self.frames
            || offset % self.frame_size < size_of::<Metadata>()
        {
            return None;
        }
        // SAFETY: a) checked above: the bytes lie inside one frame of the region; b) the frame is
        // owned by userspace and `packet` hands out the bytes behind `offset` only; c) `Metadata`
        // is `repr(C)` of integers without padding: any bytes are valid; read unaligned.
        Some(unsafe {
            let packet = ptr::with_exposed_provenance::<u8>(self.start + offset);
            packet.sub(size_of::<Metadata>()).cast::<Metadata>().read_unaligned()
        })
    }

    /// The most bytes of a packet that one frame takes.
    pub(crate) const fn room(&self) -> usize {
        self.frame_size - XDP_PACKET_HEADROOM
    }

    /// Replaces the packet in the frame. False when it is longer than the frame takes.
    pub(crate) fn write(&self, frame: &mut OwnedFrame, packet: &[u8]) -> bool {
        // SAFETY: a) an `OwnedFrame` describes a frame of its own socket's UMEM, and sockets never
        // exchange them; b) userspace owns it and it is borrowed exclusively.
        let mut data = unsafe { self.umem.data_mut(&mut frame.0) };
        let mut cursor = data.cursor();
        cursor.set_pos(0);
        packet.len() <= cursor.buf_len() && cursor.write_all(packet).is_ok()
    }
}
