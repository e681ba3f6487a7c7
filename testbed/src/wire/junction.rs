//! An interface and the wires that end there.
//!
//! A plain wire passes every frame as it is. The wire of a tagged circuit is the provider edge: its
//! customer's end is an untagged port of the provider, its MSEE's end carries the circuit's tags, and
//! with other circuits' it may share an interface. A frame whose tags name no circuit there has no
//! place to go.

use std::{io, os::fd::AsFd};

use desired::Tags;

use super::{
    arrival::Moment,
    batch::BATCH,
    direction::{Direction, Refusal, Workbench},
    forwarding::Wire,
    frame::Frame,
    port::Port,
    tags::TagStack,
};

/// The interface.
pub(super) struct Junction {
    pub(super) port: Port,
    /// At least one; several only when each takes tags of its own away.
    taps: Vec<Tap>,
}

/// The end of one wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tap {
    /// Number of the wire.
    pub(super) wire: usize,
    /// Number of the direction that begins here.
    pub(super) direction: usize,
    /// What happens to a frame's tags on its way in.
    pub(super) handling: Handling,
}

/// What a wire does to the tags of frames that come in at one of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handling {
    /// Nothing.
    Through,
    /// Gives untagged frames these.
    Push(TagStack),
    /// Takes these away.
    Pop(TagStack),
}

impl Tap {
    /// The direction that begins here.
    pub(super) fn direction<'w>(&self, wires: &'w mut [Wire]) -> Option<&'w mut Direction> {
        wires.get_mut(self.wire)?.directions.get_mut(self.direction)
    }
}

impl Handling {
    /// Of the two ends of a wire with these tags at the second.
    pub(super) fn of(tags: Tags) -> [Self; 2] {
        if tags == Tags::Untagged {
            [Self::Through; 2]
        } else {
            [Self::Push(tags.into()), Self::Pop(tags.into())]
        }
    }

    /// Whether frames for one are never frames for the other.
    fn is_apart_from(self, other: Self) -> bool {
        matches!((self, other), (Self::Pop(a), Self::Pop(b)) if !a.has_numbers_of(&b))
    }
}

impl Junction {
    /// An interface with one wire.
    pub(super) fn new(port: Port, tap: Tap) -> Self {
        Self { port, taps: vec![tap] }
    }

    /// Adds another wire; `false` when its frames could not be told from those of one there is.
    pub(super) fn add(&mut self, tap: Tap) -> bool {
        let apart = self.taps.iter().all(|other| other.handling.is_apart_from(tap.handling));
        if apart {
            self.taps.push(tap);
        }
        apart
    }

    /// The wire that counts what no wire claims.
    pub(super) fn first(&self) -> Option<&Tap> {
        self.taps.first()
    }

    /// Reads one batch and puts its frames on the lines they belong on. `true`: there may be more.
    pub(super) fn receive(&self, wires: &mut [Wire], bench: &mut Workbench) -> io::Result<bool> {
        let Some(socket) = self.port.socket() else { return Ok(false) };
        let Workbench { receive, pool, landing, .. } = bench;
        let received = receive.receive(socket.as_fd(), landing.iter_mut().map(Frame::landing))?;
        let moment = Moment::now();
        for (message, place) in received.iter().zip(landing.iter_mut()) {
            let landed = place.land(message.length, message.ancillary.tag);
            let (tap, admitted) = self.admit(place, landed);
            let Some(direction) = tap.and_then(|tap| tap.direction(wires)) else { continue };
            match admitted {
                Ok(()) => direction.accept(moment.arrival(message.ancillary.stamp), place, pool),
                Err(refusal) => direction.refuse(refusal),
            }
        }
        Ok(received.len() == BATCH)
    }

    /// The wire a frame belongs on, with the frame's tags handled; or why it belongs on none, and the
    /// wire that counts it, if it is a loss.
    fn admit(&self, frame: &mut Frame, landed: bool) -> (Option<&Tap>, Result<(), Refusal>) {
        if !landed {
            return (self.first(), Err(Refusal::Length));
        }
        for tap in &self.taps {
            match tap.handling {
                Handling::Through => return (Some(tap), Ok(())),
                Handling::Push(tags) => {
                    let admitted = if frame.tags().next().is_some() {
                        Err(Refusal::Tags)
                    } else if frame.push(tags.as_slice()) {
                        Ok(())
                    } else {
                        Err(Refusal::Length)
                    };
                    return (Some(tap), admitted);
                }
                Handling::Pop(tags) if tags.is_on(frame) => {
                    frame.pop(tags.as_slice().len());
                    return (Some(tap), Ok(()));
                }
                Handling::Pop(_) => {}
            }
        }
        // A provider's bridge ends what is for the nearest bridge (802.1Q 8.6.3): nothing is lost.
        if frame.is_for_nearest_bridge() {
            return (None, Ok(()));
        }
        (self.first(), Err(Refusal::Tags))
    }
}

#[cfg(test)]
mod tests;
