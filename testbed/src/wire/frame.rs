//! One frame's memory, and the pool it comes from and returns to.
//!
//! The kernel takes the outer VLAN tag out of a frame before a packet socket sees it and reports it
//! beside the frame. A received frame therefore starts two tags' length into the buffer: putting tags
//! in front moves the two MAC addresses forward, taking them away moves these back, and the payload
//! stays where it is.

use super::ancillary::VlanTag;

/// IEEE 802.1Q: protocol identifier and tag control information.
const TAG_LENGTH: usize = 4;
/// Destination and source MAC address, which stand before a tag.
const ADDRESSES_LENGTH: usize = 12;
/// Addresses and EtherType.
const HEADER_LENGTH: usize = ADDRESSES_LENGTH + 2;
/// Room for the most tags that are put before a frame: one that had one gets none pushed.
const HEADROOM: usize = 2 * TAG_LENGTH;

/// Length of the longest frame around a packet of `mtu` bytes: with two tags.
fn longest_frame(mtu: u32) -> usize {
    HEADER_LENGTH + 2 * TAG_LENGTH + mtu as usize
}

/// A buffer for one frame.
#[derive(Debug)]
pub(super) struct Frame {
    bytes: Box<[u8]>,
    start: usize,
    length: usize,
}

impl Frame {
    /// For packets of up to `mtu` bytes, in up to two tags.
    fn new(mtu: u32) -> Self {
        let bytes = vec![0; HEADROOM + longest_frame(mtu)].into_boxed_slice();
        Self { bytes, start: HEADROOM, length: 0 }
    }

    fn longest(&self) -> usize {
        self.bytes.len() - HEADROOM
    }

    /// Where the kernel is to write the next frame.
    pub(super) fn landing(&mut self) -> &mut [u8] {
        &mut self.bytes[HEADROOM..]
    }

    /// Takes what the kernel wrote at [`Frame::landing`] for a frame of `length` bytes, and puts
    /// back the tag it had on the wire. `false`: the frame is too long, or too short to be one.
    pub(super) fn land(&mut self, length: usize, tag: Option<VlanTag>) -> bool {
        if !(ADDRESSES_LENGTH..=self.longest()).contains(&length) {
            return false;
        }
        (self.start, self.length) = (HEADROOM, length);
        self.push(tag.as_slice())
    }

    /// Puts tags behind the addresses, the first of them outermost. `false`, and nothing is changed:
    /// the frame would be too long, or there is no room before it.
    pub(super) fn push(&mut self, tags: &[VlanTag]) -> bool {
        let added = tags.len() * TAG_LENGTH;
        if added > self.start || self.length + added > self.longest() {
            return false;
        }
        let addresses = self.start..self.start + ADDRESSES_LENGTH;
        self.start -= added;
        self.length += added;
        self.bytes.copy_within(addresses, self.start);
        let place = self.start + ADDRESSES_LENGTH;
        for (tag, bytes) in tags.iter().zip(self.bytes[place..].chunks_exact_mut(TAG_LENGTH)) {
            bytes[..2].copy_from_slice(&tag.protocol.to_be_bytes());
            bytes[2..].copy_from_slice(&tag.control.to_be_bytes());
        }
        true
    }

    /// Takes away the outermost `count` tags, which the frame has.
    pub(super) fn pop(&mut self, count: usize) {
        let removed = count * TAG_LENGTH;
        if self.length < ADDRESSES_LENGTH + removed {
            return;
        }
        self.bytes.copy_within(self.start..self.start + ADDRESSES_LENGTH, self.start + removed);
        self.start += removed;
        self.length -= removed;
    }

    /// Its tags, outermost first.
    pub(super) fn tags(&self) -> impl Iterator<Item = VlanTag> {
        let behind = self.data().get(ADDRESSES_LENGTH..).unwrap_or_default();
        behind.chunks_exact(TAG_LENGTH).map_while(VlanTag::read)
    }

    /// Whether it is for the bridge at the other end and nobody behind it: to one of the reserved
    /// addresses 01-80-C2-00-00-00 to -0F.
    pub(super) fn is_for_nearest_bridge(&self) -> bool {
        self.data().starts_with(&[0x01, 0x80, 0xc2, 0, 0])
            && self.data().get(5).is_some_and(|last| *last < 0x10)
    }

    /// The frame as it was on the wire.
    pub(super) fn data(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }
}

/// Frames not in use. The last one returned is the next one taken, so a quiet wire keeps touching
/// the same few pages.
#[derive(Debug)]
pub(super) struct FramePool {
    mtu: u32,
    free: Vec<Frame>,
}

impl FramePool {
    /// Of frames for packets of up to `mtu` bytes.
    pub(super) fn new(mtu: u32) -> Self {
        Self { mtu, free: Vec::new() }
    }

    /// A frame; a new one only while more are in use than ever before. The delay lines' limits bound
    /// how many that can be.
    pub(super) fn take(&mut self) -> Frame {
        self.free.pop().unwrap_or_else(|| Frame::new(self.mtu))
    }

    /// Gives a frame back.
    pub(super) fn give_back(&mut self, frame: Frame) {
        self.free.push(frame);
    }
}

#[cfg(test)]
mod tests;
