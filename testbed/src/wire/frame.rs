//! One frame's memory, and the pool it comes from and returns to.
//!
//! The kernel takes the outer VLAN tag out of a frame before a packet socket sees it and reports it
//! beside the frame. A received frame therefore starts a tag's length into the buffer: putting the
//! tag back moves the two MAC addresses forward and leaves the payload where it is.

use super::ancillary::VlanTag;

/// Longest frame a wire carries: 1,514 bytes (Ethernet header and a 1,500-byte packet) and two VLAN
/// tags.
pub(super) const LONGEST_FRAME: usize = 1_514 + 2 * TAG_LENGTH;

/// IEEE 802.1Q: protocol identifier and tag control information.
const TAG_LENGTH: usize = 4;
/// Destination and source MAC address, which stand before a tag.
const ADDRESSES_LENGTH: usize = 12;

/// A buffer for one frame.
#[derive(Debug)]
pub(super) struct Frame {
    bytes: [u8; TAG_LENGTH + LONGEST_FRAME],
    start: usize,
    length: usize,
}

impl Frame {
    fn new() -> Self {
        Self { bytes: [0; TAG_LENGTH + LONGEST_FRAME], start: TAG_LENGTH, length: 0 }
    }

    /// Where the kernel is to write the next frame.
    pub(super) fn landing(&mut self) -> &mut [u8] {
        &mut self.bytes[TAG_LENGTH..]
    }

    /// Takes what the kernel wrote at [`Frame::landing`] for a frame of `length` bytes, and puts
    /// back the tag it had on the wire. `false`: the frame is too long, or too short to be one.
    pub(super) fn land(&mut self, length: usize, tag: Option<VlanTag>) -> bool {
        let tag_length = if tag.is_some() { TAG_LENGTH } else { 0 };
        if length < ADDRESSES_LENGTH || length + tag_length > LONGEST_FRAME {
            return false;
        }
        self.start = TAG_LENGTH - tag_length;
        self.length = length + tag_length;
        if let Some(tag) = tag {
            self.bytes.copy_within(TAG_LENGTH..TAG_LENGTH + ADDRESSES_LENGTH, 0);
            let [protocol_high, protocol_low] = tag.protocol.to_be_bytes();
            let [control_high, control_low] = tag.control.to_be_bytes();
            self.bytes[ADDRESSES_LENGTH..ADDRESSES_LENGTH + TAG_LENGTH].copy_from_slice(&[
                protocol_high,
                protocol_low,
                control_high,
                control_low,
            ]);
        }
        true
    }

    /// The frame as it was on the wire.
    pub(super) fn data(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }
}

/// Frames not in use. The last one returned is the next one taken, so a quiet wire keeps touching
/// the same few pages.
#[derive(Debug, Default)]
pub(super) struct FramePool {
    // A frame moves between the pool, the landing row and a delay line: a pointer, not 1.5 KB.
    #[allow(clippy::vec_box, reason = "frames are handed on by pointer")]
    free: Vec<Box<Frame>>,
}

impl FramePool {
    /// A frame; a new one only while more are in use than ever before. The delay lines' limits bound
    /// how many that can be.
    pub(super) fn take(&mut self) -> Box<Frame> {
        self.free.pop().unwrap_or_else(|| Box::new(Frame::new()))
    }

    /// Gives a frame back.
    pub(super) fn give_back(&mut self, frame: Box<Frame>) {
        self.free.push(frame);
    }
}

#[cfg(test)]
mod tests;
