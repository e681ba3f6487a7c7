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
    io,
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use abi::punt::Metadata;
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
    /// What the last `receive` returned; `None` once sent.
    held: Vec<Option<OwnedFrame>>,
    free: Vec<OwnedFrame>,
    /// Buffer between the receive ring and `held`.
    arrived: Vec<OwnedFrame>,
    reception: u32,
    reception_limit: u32,
    transmission: u32,
    completion_entries: u32,
    total: u32,
}

/// A received frame, in place.
#[derive(Debug)]
pub struct Frame<'a> {
    /// The packet, from its Ethernet header.
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
    /// Received and neither sent nor released.
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
    /// Longer than a frame takes, see [`Config::frame_size`].
    #[error("the packet is longer than a frame takes")]
    TooLong,
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
            free,
            arrived: Vec::with_capacity(config.batch as usize),
            reception: 0,
            reception_limit: config.fill,
            transmission: 0,
            completion_entries: config.completion,
            total: config.frames,
        };
        socket.refill();
        Ok(socket)
    }

    /// Takes the next received frames, at most a batch; returns how many there are. Their indices
    /// are `0..count`. Frames of the batch before that were not sent are released first, and
    /// completed transmissions are recycled. Does not wait.
    pub fn receive(&mut self) -> usize {
        self.release();
        let count = self.rings.receive(&mut self.arrived);
        self.reception = self.reception.saturating_sub(count as u32);
        self.held.extend(self.arrived.drain(..).map(Some));
        count
    }

    /// The received frame `index`, or `None` when it was sent or never was.
    pub fn frame(&mut self, index: usize) -> Option<Frame<'_>> {
        let frame = self.held.get_mut(index)?.as_mut()?;
        let metadata = self.memory.metadata(frame).unwrap_or_default();
        Some(Frame { data: self.memory.packet(frame), metadata })
    }

    /// Sends the received frame `index`, as it is now, out of this socket's interface. On failure
    /// the frame stays where it was. The kernel learns of it by [`Socket::wakeup`].
    pub fn send(&mut self, index: usize) -> Result<(), SendError> {
        let frame = self.held.get_mut(index).and_then(Option::take).ok_or(SendError::NotHeld)?;
        self.transmit(frame).map_err(|frame| {
            if let Some(place) = self.held.get_mut(index) {
                *place = Some(frame);
            }
            SendError::RingFull
        })
    }

    /// Sends a copy of `packet`, from its Ethernet header. The kernel learns of it by
    /// [`Socket::wakeup`].
    pub fn send_copy(&mut self, packet: &[u8]) -> Result<(), SendError> {
        if self.free.is_empty() {
            self.recycle();
        }
        let mut frame = self.free.pop().ok_or(SendError::NoFrame)?;
        if !self.memory.write(&mut frame, packet) {
            self.free.push(frame);
            return Err(SendError::TooLong);
        }
        self.transmit(frame).map_err(|frame| {
            self.free.push(frame);
            SendError::RingFull
        })
    }

    /// Releases the received frames that were not sent, recycles completed transmissions and lends
    /// the kernel frames for reception.
    pub fn release(&mut self) {
        self.free.extend(self.held.drain(..).flatten());
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
        sockopt::statistics(self.rings.as_fd())
    }

    /// A reader of the kernel's counters for another thread. Fails when the process has no file
    /// descriptor left.
    pub fn statistics_source(&self) -> io::Result<StatisticsSource> {
        self.rings.as_fd().try_clone_to_owned().map(StatisticsSource::new)
    }

    /// Where the frames are.
    pub fn accounting(&self) -> Accounting {
        Accounting {
            reception: self.reception,
            held: self.held.iter().flatten().count() as u32,
            transmission: self.transmission,
            free: self.free.len() as u32,
            total: self.total,
        }
    }

    fn transmit(&mut self, frame: OwnedFrame) -> Result<(), OwnedFrame> {
        let frame = match self.rings.transmit(frame) {
            Ok(()) => {
                self.transmission += 1;
                return Ok(());
            }
            Err(frame) => frame,
        };
        // Full: let the kernel work on the ring, once. An error shows as a ring that stays full.
        let _ = self.rings.wake_transmit();
        self.rings.transmit(frame).map(|()| self.transmission += 1)
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

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.rings.as_fd()
    }
}

#[cfg(test)]
mod tests;
