//! One direction of a wire: frames in at one end, held, out at the other.

use std::{io, time::Instant};

use super::{
    batch::{BATCH, ReceiveBatch},
    delay_line::DelayLine,
    frame::{Frame, FramePool},
    port::Port,
    statistics::DirectionStatistics,
};
use crate::topology::plan::Impairment;

/// Most frames under way in one direction: 35 ms of 900,000 frames/s. Their memory (50 MB, and 300 MB
/// of jumbo frames) is used only when there are that many.
const MOST_HELD: usize = 32_768;

/// Memory that all wires of a thread share, since they take turns.
pub(super) struct Workbench {
    pub(super) receive: ReceiveBatch,
    pub(super) pool: FramePool,
    /// Frames the kernel may write to next; always a whole batch.
    pub(super) landing: Vec<Frame>,
    departing: Vec<Frame>,
}

impl Workbench {
    /// Memory for one batch each way, of packets of up to `mtu` bytes.
    pub(super) fn new(mtu: u32) -> Self {
        let mut pool = FramePool::new(mtu);
        let landing = (0..BATCH).map(|_| pool.take()).collect();
        Self { receive: ReceiveBatch::new(), pool, landing, departing: Vec::with_capacity(BATCH) }
    }
}

/// Why a frame does not get on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Too long, or too short to be a frame.
    Length,
    /// Its tags are not those of any circuit here.
    Tags,
}

/// The direction.
pub(super) struct Direction {
    impairment: Impairment,
    line: DelayLine<Frame>,
    statistics: DirectionStatistics,
    /// The clocks are compared anew for each batch. A frame never arrives before those read before
    /// it, or a difference of a microsecond would let it overtake them.
    last_arrival: Option<Instant>,
}

impl Direction {
    /// An empty direction.
    pub(super) fn new(impairment: Impairment) -> Self {
        Self {
            impairment,
            line: DelayLine::new(MOST_HELD),
            statistics: DirectionStatistics::default(),
            last_arrival: None,
        }
    }

    /// Changes what happens to frames that come from now on; those under way keep their time.
    pub(super) fn set(&mut self, impairment: Impairment) {
        self.impairment = impairment;
    }

    /// Puts the frame in `place`, which arrived at `stamped`, on the line and a free one in its
    /// place; on a loss it stays there.
    pub(super) fn accept(&mut self, stamped: Instant, place: &mut Frame, pool: &mut FramePool) {
        self.statistics.received_frames += 1;
        if !self.line.has_room() {
            self.statistics.losses.wire_overflow += 1;
            return;
        }
        let arrival = self.last_arrival.map_or(stamped, |last| last.max(stamped));
        self.last_arrival = Some(arrival);
        let due = arrival + self.impairment.delay;
        let frame = std::mem::replace(place, pool.take());
        if let Err(frame) = self.line.put(due, frame) {
            self.statistics.losses.wire_overflow += 1;
            pool.give_back(frame);
        }
    }

    /// Counts a frame that did not get on the line.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.statistics.received_frames += 1;
        match refusal {
            Refusal::Length => {
                self.statistics.losses.wire_send_failed += 1;
                self.statistics.oversized_frames += 1;
            }
            Refusal::Tags => self.statistics.losses.wire_tag += 1,
        }
    }

    /// Sends what is due at `now` to the far end, one batch. `true`: there may be more.
    pub(super) fn release(&mut self, now: Instant, to: &Port, bench: &mut Workbench) -> bool {
        let Workbench { pool, departing, .. } = bench;
        while departing.len() < BATCH {
            let Some(frame) = self.line.take_due(now) else {
                break;
            };
            departing.push(frame);
        }
        let mut rest = departing.as_slice();
        while !rest.is_empty() {
            let sent = match to.socket() {
                Some(socket) => socket.send(rest.iter().map(Frame::data)),
                None => Err(io::Error::from_raw_os_error(libc::ENODEV)),
            };
            rest = match sent {
                Ok(count) => self.delivered(rest, count),
                Err(error) => self.refused(rest, to.explains_as_down(&error)),
            };
        }
        let full = departing.len() == BATCH;
        departing.drain(..).for_each(|frame| pool.give_back(frame));
        full
    }

    fn delivered<'frames>(&mut self, frames: &'frames [Frame], count: usize) -> &'frames [Frame] {
        let (sent, rest) = frames.split_at(count.min(frames.len()));
        for frame in sent {
            self.statistics.delivered_frames += 1;
            self.statistics.delivered_bytes += frame.data().len() as u64;
        }
        rest
    }

    /// An error is about the first frame; those behind it may still pass.
    fn refused<'frames>(&mut self, frames: &'frames [Frame], down: bool) -> &'frames [Frame] {
        if down {
            self.statistics.losses.wire_link_down += 1;
        } else {
            self.statistics.losses.wire_send_failed += 1;
        }
        frames.get(1..).unwrap_or_default()
    }

    /// Counts frames the kernel had to drop before we could read them.
    pub(super) fn overflowed(&mut self, frames: u64) {
        self.statistics.received_frames += frames;
        self.statistics.losses.wire_overflow += frames;
    }

    /// When the next frame is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.line.next_due()
    }

    /// What it did so far.
    pub(super) fn statistics(&self) -> DirectionStatistics {
        DirectionStatistics {
            impairment: self.impairment,
            held_frames: self.line.held() as u64,
            ..self.statistics
        }
    }
}
