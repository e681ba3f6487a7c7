//! One AF_XDP socket: who has which frame, and the moves a dataplane makes.
//!
//! A frame is in one of five places, and their sizes always add up to the number of frames
//! ([`Accounting`]):
//!
//! ```text
//!            fill ring, driver, receive ring            transmit ring, receiver, completion ring
//!   free ----------> reception ----------> held ----------> transmission
//!    ^  ^                        receive()  |  send()             |
//!    |  +----------- release() -------------+                     |
//!    +------------------------- recycle() ------------------------+
//! ```

use std::{
    io, iter,
    ops::Range,
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use abi::{limits, punt::Metadata};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::socket::{getsockopt, sockopt::SocketError},
};

use crate::{
    bind::{BindError, bind},
    config::Config,
    memory::{Memory, OwnedFrame},
    rings::Rings,
    sockopt,
    statistics::{Statistics, StatisticsSource},
};

/// An AF_XDP socket bound to one queue of one interface. Used by one thread at a time.
#[derive(Debug)]
pub struct Socket {
    rings: Rings,
    memory: Memory,
    /// The frames of what the last `receive` returned; `None` once sent.
    held: Vec<Option<OwnedFrame>>,
    /// The packets in them.
    packets: Vec<Range<usize>>,
    /// The packet that [`Socket::frame`] gathered last from several frames, and its index.
    gathered: (usize, Vec<u8>),
    free: Vec<OwnedFrame>,
    /// Between the receive ring and `held`: what of a packet is there before the rest of it.
    arrived: Vec<OwnedFrame>,
    /// The frames of a packet that is copied in.
    copied: Vec<Option<OwnedFrame>>,
    reception: u32,
    reception_limit: u32,
    transmission: u32,
    completion_entries: u32,
    total: u32,
}

/// A received packet.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Its bytes, from its Ethernet header: in place, or, when it takes several frames, gathered from
    /// them, and put back when another one is looked at or it is sent.
    pub data: &'a mut [u8],
    /// What the XDP program wrote in front of it. Meaningful only when the program that redirects
    /// into this socket always writes it: the kernel does not tell, and old bytes are not cleared.
    pub metadata: Metadata,
}

/// Where the frames of a socket are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accounting {
    /// Lent for reception: in the fill ring, the kernel or the receive ring.
    pub reception: u32,
    /// Received and neither sent nor released; or part of a packet whose rest is not there yet.
    pub held: u32,
    /// Lent for transmission: in the transmit ring, under way or in the completion ring.
    pub transmission: u32,
    /// Idle.
    pub free: u32,
    /// All frames; always the sum of the others.
    pub total: u32,
}

/// A frame could not be handed to the transmit ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The transmit ring has no room, also after the kernel was told to work on it.
    #[error("the transmit ring is full")]
    RingFull,
    /// All frames are under way or lent for reception.
    #[error("no free frame")]
    NoFrame,
    /// Longer than [`Socket::longest`].
    #[error("the packet is longer than {longest} bytes")]
    TooLong {
        /// The longest that is sent, in bytes.
        longest: usize,
    },
    /// No frame with this index was received, or it was already sent.
    #[error("no such received frame")]
    NotHeld,
}

impl Socket {
    /// Binds to `queue` of `interface` in the network namespace of the calling thread. The caller
    /// registers the socket in an XSKMAP and attaches the program that redirects into it.
    pub fn bind(interface: &str, queue: u32, config: &Config) -> Result<Self, BindError> {
        let (rings, memory, mut free) = bind(interface, queue, config)?;
        // Frames are taken from the end: low addresses first.
        free.reverse();
        let mut socket = Self {
            rings,
            memory,
            held: Vec::with_capacity(config.batch as usize),
            packets: Vec::with_capacity(config.batch as usize),
            gathered: (usize::MAX, Vec::with_capacity(limits::FRAME)),
            free,
            arrived: Vec::with_capacity(config.batch as usize),
            copied: Vec::with_capacity(limits::FRAME.div_ceil(1_024)),
            reception: 0,
            reception_limit: config.fill,
            transmission: 0,
            completion_entries: config.completion,
            total: config.frames,
        };
        socket.refill();
        Ok(socket)
    }

    /// Takes the next received packets, at most a batch; returns how many there are. Their indices
    /// are `0..count`. Packets of the batch before that were not sent are released first, and
    /// completed transmissions are recycled. Does not wait.
    pub fn receive(&mut self) -> usize {
        self.release();
        let count = self.rings.receive(&mut self.arrived);
        self.reception = self.reception.saturating_sub(count as u32);
        let last = self.arrived.iter().rposition(|frame| !frame.is_continued());
        let mut start = 0;
        for frame in self.arrived.drain(..last.map_or(0, |last| last + 1)) {
            let is_last = !frame.is_continued();
            self.held.push(Some(frame));
            if is_last {
                self.packets.push(start..self.held.len());
                start = self.held.len();
            }
        }
        self.packets.len()
    }

    /// The received packet `index`, or `None` when it was sent or never was.
    pub fn frame(&mut self, index: usize) -> Option<Frame<'_>> {
        if self.gathered.0 != index {
            self.scatter();
        }
        let frames = self.held.get_mut(self.packets.get(index)?.clone())?;
        let (first, more) = frames.split_first_mut()?;
        let first = first.as_mut()?;
        let metadata = self.memory.metadata(first).unwrap_or_default();
        if more.is_empty() {
            return Some(Frame { data: self.memory.packet(first), metadata });
        }
        let (gathered, bytes) = &mut self.gathered;
        if *gathered != index {
            *gathered = index;
            bytes.clear();
            bytes.extend_from_slice(self.memory.packet(first));
            for frame in more.iter_mut().flatten() {
                bytes.extend_from_slice(self.memory.packet(frame));
            }
        }
        Some(Frame { data: bytes, metadata })
    }

    /// Sends the received packet `index`, as it is now, out of this socket's interface. On failure
    /// it stays where it was. The kernel learns of it by [`Socket::wakeup`].
    pub fn send(&mut self, index: usize) -> Result<(), SendError> {
        let range = self.packets.get(index).cloned().ok_or(SendError::NotHeld)?;
        let frames = self.held.get(range.clone()).ok_or(SendError::NotHeld)?;
        if frames.iter().any(Option::is_none) {
            return Err(SendError::NotHeld);
        }
        if self.gathered.0 == index {
            self.scatter();
        }
        let packet = self.held.get_mut(range).unwrap_or_default();
        if transmit(&mut self.rings, packet, &mut self.transmission) {
            Ok(())
        } else {
            Err(SendError::RingFull)
        }
    }

    /// Puts the gathered packet back into its frames, as it is now.
    fn scatter(&mut self) {
        let (gathered, bytes) = &mut self.gathered;
        let range = self.packets.get(*gathered).cloned().unwrap_or_default();
        *gathered = usize::MAX;
        let mut rest = bytes.as_slice();
        for frame in self.held.get_mut(range).unwrap_or_default().iter_mut().flatten() {
            let place = self.memory.packet(frame);
            let (bytes, behind) = rest.split_at(place.len().min(rest.len()));
            place.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
            rest = behind;
        }
    }

    /// Sends a copy of `packet`, from its Ethernet header. The kernel learns of it by
    /// [`Socket::wakeup`].
    pub fn send_copy(&mut self, packet: &[u8]) -> Result<(), SendError> {
        self.send_copies(iter::once(packet))
    }

    /// Sends copies of packets that are of use together only, like the pieces of a longer one: all of
    /// them or none. The kernel learns of them by [`Socket::wakeup`].
    pub fn send_copies<'a>(
        &mut self,
        packets: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<(), SendError> {
        let longest = self.longest();
        if packets.clone().any(|packet| packet.len() > longest) {
            return Err(SendError::TooLong { longest });
        }
        let room = self.memory.room();
        let frames = |packet: &[u8]| packet.len().div_ceil(room).max(1);
        let wanted = packets.clone().map(frames).sum();
        if self.free.len() < wanted {
            self.recycle();
        }
        if self.free.len() < wanted {
            return Err(SendError::NoFrame);
        }
        if (self.rings.transmit_room() as usize) < wanted {
            // An error shows as a ring that stays full.
            let _ = self.rings.wake_transmit();
            if (self.rings.transmit_room() as usize) < wanted {
                return Err(SendError::RingFull);
            }
        }
        for packet in packets {
            let kept = self.free.len().saturating_sub(frames(packet));
            self.copied.extend(self.free.drain(kept..).map(Some));
            let mut pieces = packet.chunks(room);
            for frame in self.copied.iter_mut().flatten() {
                // Always written: no piece is longer than the room of a frame.
                let _ = self.memory.write(frame, pieces.next().unwrap_or_default());
            }
            let is_sent = transmit(&mut self.rings, &mut self.copied, &mut self.transmission);
            self.free.extend(self.copied.drain(..).flatten());
            // Never so: only we make the room smaller that was seen above.
            if !is_sent {
                return Err(SendError::RingFull);
            }
        }
        Ok(())
    }

    /// Releases the received frames that were not sent, recycles completed transmissions and lends
    /// the kernel frames for reception.
    pub fn release(&mut self) {
        self.free.extend(self.held.drain(..).flatten());
        self.packets.clear();
        self.gathered.0 = usize::MAX;
        self.recycle();
        self.refill();
    }

    /// Tells the kernel to send what is in the transmit ring. In copy mode the sending happens
    /// inside this call. What the kernel does not take now stays in the ring:
    /// see [`Socket::wait_at_most`].
    pub fn wakeup(&mut self) -> io::Result<()> {
        if self.rings.untransmitted() == 0 { Ok(()) } else { self.rings.wake_transmit() }
    }

    /// Waits until a frame has arrived, at most `timeout` (rounded up to milliseconds). An
    /// interrupting signal ends the wait early. Fails with `ENETDOWN` when the interface is gone.
    pub fn wait(&self, timeout: Duration) -> io::Result<bool> {
        let timeout = PollTimeout::try_from(timeout.as_micros().div_ceil(1_000));
        let timeout = timeout.unwrap_or(PollTimeout::MAX);
        let mut descriptors = [PollFd::new(self.rings.as_fd(), PollFlags::POLLIN)];
        match poll(&mut descriptors, timeout) {
            Ok(0) => self.check().map(|()| false),
            Ok(_) => Ok(true),
            Err(Errno::EINTR) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Fails with `ENETDOWN`, once, when the interface is gone. The kernel reports that by no
    /// event: a caller that waits on several descriptors checks when the wait found nothing.
    pub fn check(&self) -> io::Result<()> {
        match getsockopt(&self.rings, SocketError)? {
            0 => Ok(()),
            code => Err(io::Error::from_raw_os_error(code)),
        }
    }

    /// The longest a caller may sleep without missing work: `idle` when there is none, a
    /// millisecond when frames are still to be transmitted or reception runs short of frames that
    /// are coming back from transmission, of which no event tells.
    pub fn wait_at_most(&mut self, idle: Duration) -> Duration {
        let short = self.reception < self.reception_limit / 2 && self.transmission > 0;
        if short || self.rings.untransmitted() > 0 {
            idle.min(Duration::from_millis(1))
        } else {
            idle
        }
    }

    /// The kernel's counters of this socket.
    pub fn statistics(&self) -> io::Result<Statistics> {
        let statistics = sockopt::statistics(self.rings.as_fd())?;
        Ok(Statistics::of(&statistics, self.rings.frames_of_a_packet() > 1))
    }

    /// A reader of the kernel's counters for another thread. Fails when the process has no file
    /// descriptor left.
    pub fn statistics_source(&self) -> io::Result<StatisticsSource> {
        let descriptor = self.rings.as_fd().try_clone_to_owned()?;
        Ok(StatisticsSource::new(descriptor, self.rings.frames_of_a_packet() > 1))
    }

    /// The longest packet it receives and sends, in bytes from its Ethernet header: [`limits::FRAME`],
    /// or, before Linux 6.6, what one frame takes ([`Config::frame_size`]).
    pub fn longest(&self) -> usize {
        limits::FRAME.min(self.rings.frames_of_a_packet() * self.memory.room())
    }

    /// Where the frames are.
    pub fn accounting(&self) -> Accounting {
        Accounting {
            reception: self.reception,
            held: (self.held.iter().flatten().count() + self.arrived.len()) as u32,
            transmission: self.transmission,
            free: self.free.len() as u32,
            total: self.total,
        }
    }

    /// Takes back frames whose transmission is complete: at most a completion ring of them, so
    /// that a fast receiver cannot keep us here.
    fn recycle(&mut self) {
        let mut left = self.transmission.min(self.completion_entries);
        while left > 0 {
            let count = self.rings.complete(&mut self.free) as u32;
            self.transmission = self.transmission.saturating_sub(count);
            if count == 0 {
                break;
            }
            left = left.saturating_sub(count);
        }
    }

    fn refill(&mut self) {
        while self.reception < self.reception_limit {
            let Some(frame) = self.free.pop() else { break };
            if let Err(frame) = self.rings.fill(frame) {
                self.free.push(frame);
                break;
            }
            self.reception += 1;
        }
        // Only a driver with zero-copy asks; should the call fail, the next batch calls again.
        let _ = self.rings.wake_fill();
    }
}

/// Lends the frames of a packet for transmission, and counts them. When the ring is full the kernel is
/// told to work on it, once; an error shows as a ring that stays full.
fn transmit(rings: &mut Rings, packet: &mut [Option<OwnedFrame>], transmission: &mut u32) -> bool {
    let is_taken = rings.transmit(packet) || {
        let _ = rings.wake_transmit();
        rings.transmit(packet)
    };
    if is_taken {
        *transmission += packet.len() as u32;
    }
    is_taken
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.rings.as_fd()
    }
}

#[cfg(test)]
mod tests;
