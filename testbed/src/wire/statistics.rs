//! What a wire did with the frames given to it.

use abi::verdict::Verdict;
use desired::Tags;
use serde::{Deserialize, Serialize};

use crate::topology::plan::Impairment;

/// One wire at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireStatistics {
    /// Name of the wire.
    pub name: String,
    /// Its first end.
    pub a: EndState,
    /// Its second end.
    pub b: EndState,
    /// Tags of its frames at the second end.
    #[serde(default)]
    pub tags: Tags,
    /// Frames in at the first end.
    pub a_to_b: DirectionStatistics,
    /// Frames in at the second end.
    pub b_to_a: DirectionStatistics,
}

/// One end of a wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndState {
    /// Name of the interface.
    pub interface: String,
    /// Whether it exists, is up and has a carrier.
    pub up: bool,
}

/// One direction of a wire. Always `received_frames` = `delivered_frames` + `held_frames` + the sum
/// of `losses`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectionStatistics {
    /// What is done to its frames now.
    pub impairment: Impairment,
    /// Frames that reached the wire, those its socket had no room for and those that former agents
    /// have lost included.
    pub received_frames: u64,
    /// Frames the far interface took.
    pub delivered_frames: u64,
    /// Bytes of these, Ethernet header and tags included, without checksum.
    pub delivered_bytes: u64,
    /// Frames under way.
    pub held_frames: u64,
    /// Frames lost.
    pub losses: WireLosses,
    /// Of the losses in `wire_send_failed`, frames longer than the wire carries.
    pub oversized_frames: u64,
}

/// Frames lost, by the verdict of that name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireLosses {
    /// The socket or the wire had no room.
    pub wire_overflow: u64,
    /// The far interface refused the frame, or it is longer than the wire carries.
    pub wire_send_failed: u64,
    /// The far interface is down, has no carrier, or does not exist.
    pub wire_link_down: u64,
    /// The frame's tags are not those of the circuit, or of none on this interface. What no wire
    /// claims is counted by the interface's first.
    #[serde(default)]
    pub wire_tag: u64,
    /// Lost by agents before this one and between them; several wires that share an interface count
    /// it at the first.
    #[serde(default)]
    pub wire_killed: u64,
}

impl WireLosses {
    /// The counts with their verdicts.
    pub fn by_verdict(&self) -> [(Verdict, u64); 5] {
        let Self { wire_overflow, wire_send_failed, wire_link_down, wire_tag, wire_killed } = *self;
        [
            (Verdict::WireOverflow, wire_overflow),
            (Verdict::WireSendFailed, wire_send_failed),
            (Verdict::WireLinkDown, wire_link_down),
            (Verdict::WireTag, wire_tag),
            (Verdict::WireKilled, wire_killed),
        ]
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.by_verdict().iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_called_as_their_verdicts() {
        let losses = WireLosses {
            wire_overflow: 1,
            wire_send_failed: 2,
            wire_link_down: 3,
            wire_tag: 4,
            wire_killed: 5,
        };
        let json = serde_json::to_value(losses).unwrap();
        for (verdict, count) in losses.by_verdict() {
            assert_eq!(json.get(verdict.name()), Some(&count.into()));
        }
        assert_eq!(losses.total(), 15);
    }
}
