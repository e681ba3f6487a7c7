//! Frames to send, one behind the other in one buffer: a reused one allocates once.

use abi::image::Tunnel;

use crate::vxlan;

/// The frames of one answer; they leave by the same port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Where each finished frame ends.
    ends: Vec<usize>,
}

impl Frames {
    /// Forgets all frames.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Adds the frame that `write` appends to the buffer, whatever is in front of it there; in a tunnel,
    /// where there is one.
    pub fn add(&mut self, tunnel: Option<&Tunnel>, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        if let Some(tunnel) = tunnel {
            vxlan::open(tunnel, &mut self.bytes);
        }
        write(&mut self.bytes);
        if let Some(frame) = self.bytes.get_mut(start..).filter(|_| tunnel.is_some()) {
            vxlan::close(frame);
        }
        self.ends.push(self.bytes.len());
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The frames, first to last.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.bytes.get(start..*end))
    }
}
