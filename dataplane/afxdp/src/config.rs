//! How much memory a socket has, and how long its rings are.

use std::time::Duration;

use crate::steps::Steps;

/// Sizes of one socket. Ring sizes are powers of two.
///
/// At most `fill` frames are with the kernel for reception at any time; the other
/// `frames - fill` are always there for [`crate::Socket::send_copy`] and for packets under way.
#[derive(Clone, Debug)]
pub struct Config {
    /// Frames of memory.
    pub frames: u32,
    /// Bytes of one frame, 2,048 or 4,096. 256 of them precede the packet
    /// (`XDP_PACKET_HEADROOM`; its metadata ends where they end), which leaves 1,792 or 3,840. A
    /// longer packet takes several frames, and its bytes are copied once more; before Linux 6.6 there
    /// is none.
    pub frame_size: u32,
    /// Entries of the receive ring: how many frames may wait for us.
    pub receive: u32,
    /// Entries of the transmit ring.
    pub transmit: u32,
    /// Entries of the fill ring, and the most frames lent to the kernel for reception.
    pub fill: u32,
    /// Entries of the completion ring. Transmission stops when as many frames are under way.
    pub completion: u32,
    /// Most frames one [`crate::Socket::receive`] returns.
    pub batch: u32,
    /// How long binding is retried while the kernel still holds the queue for a socket that was
    /// closed before (EBUSY).
    pub busy_deadline: Duration,
    /// Who is told of each attempt to bind.
    pub steps: Steps,
}

impl Default for Config {
    /// 4,096 frames of 2,048 bytes, half of them for reception: room for exceptions and answers.
    fn default() -> Self {
        Self {
            frames: 4_096,
            frame_size: 2_048,
            receive: 2_048,
            transmit: 2_048,
            fill: 2_048,
            completion: 2_048,
            batch: 64,
            busy_deadline: Duration::from_secs(2),
            steps: Steps::default(),
        }
    }
}

/// Sizes that cannot work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A ring size is no power of two.
    #[error("the {ring} ring cannot have {entries} entries: the size must be a power of two")]
    RingSize {
        /// Which ring.
        ring: &'static str,
        /// The size given.
        entries: u32,
    },
    /// A frame size the kernel does not take.
    #[error("frames cannot have {bytes} bytes: 2048 or 4096")]
    FrameSize {
        /// The size given.
        bytes: u32,
    },
    /// Fewer frames than are lent for reception, or none.
    #[error("{frames} frames are too few for a fill ring of {fill}")]
    Frames {
        /// The number of frames given.
        frames: u32,
        /// Entries of the fill ring.
        fill: u32,
    },
    /// A batch of nothing, or longer than the receive ring.
    #[error("a batch of {batch} frames must be between 1 and the receive ring's {receive}")]
    Batch {
        /// The batch given.
        batch: u32,
        /// Entries of the receive ring.
        receive: u32,
    },
}

impl Config {
    /// Checks the sizes against each other.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let rings = [
            ("receive", self.receive),
            ("transmit", self.transmit),
            ("fill", self.fill),
            ("completion", self.completion),
        ];
        for (ring, entries) in rings {
            if !entries.is_power_of_two() {
                return Err(ConfigError::RingSize { ring, entries });
            }
        }
        if !matches!(self.frame_size, 2_048 | 4_096) {
            return Err(ConfigError::FrameSize { bytes: self.frame_size });
        }
        if self.frames < self.fill {
            return Err(ConfigError::Frames { frames: self.frames, fill: self.fill });
        }
        if self.batch == 0 || self.batch > self.receive {
            return Err(ConfigError::Batch { batch: self.batch, receive: self.receive });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
