//! Frames without end, most of them nearly right.
//!
//! A frame of random bytes ends at the first check. So a frame begins as a good packet from a sender
//! the state knows to a destination it knows, on a link of theirs, and about every other one is then
//! spoiled in one place or two. Every frame differs from every other: its source MAC address, which
//! nothing reads, counts them.
//!
//! There is no randomness in here: equal numbers make equal frames.

mod address;
mod atlas;
mod dice;
mod mutate;
mod packet;
mod payload;
mod tunnel;
mod wrap;

use desired::MseeState;

use crate::{Port, compose};

pub use dice::XorShift;

use atlas::Atlas;
use dice::Dice;

/// What the kernel's test runs of XDP programs take in one buffer of a page, rounded down.
const LONGEST: usize = 3_400;

/// A source of frames for one state.
#[derive(Clone, Debug)]
pub struct Generator {
    atlas: Atlas,
    longest: usize,
    serial: u64,
}

/// A frame and where it arrives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Generated {
    /// Index of the interface.
    pub ifindex: u32,
    /// The frame, at least 14 bytes of it.
    pub bytes: Vec<u8>,
}

impl Generator {
    /// Frames arrive on the interfaces of these ports, also on those that the state does not name.
    pub fn new(state: &MseeState, ports: &[Port]) -> Self {
        Self { atlas: Atlas::new(state, ports), longest: LONGEST, serial: 0 }
    }

    /// Bounds the length of frames, which is 3,400 otherwise.
    #[must_use]
    pub fn longest(self, longest: usize) -> Self {
        Self { longest: longest.max(14), ..self }
    }

    /// The next frame. `random` is any source of evenly spread numbers, such as an [`XorShift`].
    ///
    /// It never ends; but without a port there is nothing to send to, and no frame.
    pub fn frame(&mut self, random: &mut dyn FnMut() -> u64) -> Option<Generated> {
        let dice = &mut Dice::new(random);
        let place = self.atlas.place(dice)?;
        let plain = packet::any(dice, &self.atlas, place, self.longest);
        let mut frame = wrap::around(dice, place, plain);
        if dice.percent(45) {
            mutate::once(dice, &mut frame);
            if dice.percent(25) {
                mutate::once(dice, &mut frame);
            }
        }
        // Hosts send their VMs' frames in tunnels, and some of their own in none.
        if let Some(network) = place.tunnel.as_ref().filter(|_| !dice.percent(5)) {
            frame = tunnel::around(dice, network, place.mac, frame);
            if dice.percent(15) {
                mutate::once(dice, &mut frame);
            }
        }
        self.serial += 1;
        Some(Generated { ifindex: place.ifindex, bytes: self.numbered(frame.bytes) })
    }

    /// Writes the frame's number over its source MAC address and bounds its length.
    fn numbered(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.resize(bytes.len().clamp(14, self.longest), 0);
        let mut source = self.serial.to_be_bytes();
        source[2] = 2;
        for (at, octet) in (6..12).zip(source.into_iter().skip(2)) {
            bytes = compose::with(bytes, at, octet);
        }
        bytes
    }
}

#[cfg(test)]
mod tests;
