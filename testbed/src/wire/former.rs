//! What former agents have lost: a wire dies with the process that moves its frames, and so do that
//! process's counts; while nobody serves a wire, nobody counts.
//!
//! The kernel does, at both ends: a frame that came in at one interface and never left by the other
//! is lost. For its own part of those an agent accounts itself; the rest was lost before it. What came
//! before the first agent of a lab served its wires (announcements of interfaces that come up) is no
//! loss, so the first one records it.

use std::{collections::BTreeMap, fs, io, path::Path};

use super::{Wires, error::WireError, statistics::WireStatistics};
use crate::lifecycle::write_json;

/// `/proc/thread-self/net/dev` shows the calling thread's namespace.
const INTERFACES: &str = "/proc/thread-self/net/dev";
/// Position of the received and of the sent packets among the numbers behind an interface's name.
const RECEIVED: usize = 1;
const SENT: usize = 9;

/// Frames that are lost, towards the second end of the wires there and back, by that end's interface:
/// what several wires share cannot be told apart.
pub(crate) type Lost = BTreeMap<String, [u64; 2]>;

/// What former agents of the lab, which recorded in `file`, have lost of the frames of `wires`, which
/// have just been started.
pub(crate) fn lost(wires: &Wires, file: &Path) -> Result<Lost, FormerError> {
    let missing = wires.missing()?;
    let recorded = match fs::read(file) {
        Ok(text) => Some(serde_json::from_slice::<Lost>(&text).map_err(io::Error::from)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let Some(before) = recorded else {
        write_json(file, &missing)?;
        return Ok(Lost::new());
    };
    let since = |(interface, now): (String, [u64; 2])| {
        let before = before.get(&interface).copied().unwrap_or_default();
        let [there, back] = [0, 1].map(|way| now[way].saturating_sub(before[way]));
        (interface, [there, back])
    };
    Ok(missing.into_iter().map(since).collect())
}

/// What former agents have lost is not known.
#[derive(Debug, thiserror::Error)]
pub enum FormerError {
    /// The wires say nothing.
    #[error(transparent)]
    Wires(#[from] WireError),
    /// What was recorded.
    #[error("the counts of the wires' interfaces cannot be recorded, or not be read back")]
    Record(#[from] io::Error),
}

/// Adds what is `lost` to the statistics: to the first wire of those that share an interface.
pub(crate) fn add(statistics: &mut [WireStatistics], lost: &Lost) {
    let mut left = lost.clone();
    for wire in statistics {
        let Some([there, back]) = left.remove(&wire.b.interface) else { continue };
        for (direction, lost) in [(&mut wire.a_to_b, there), (&mut wire.b_to_a, back)] {
            direction.received_frames += lost;
            direction.losses.wire_killed += lost;
        }
    }
}

/// Frames of an interface since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    received: u64,
    sent: u64,
}

pub(super) type Interfaces = BTreeMap<String, Counts>;

/// What the kernel counts now.
pub(super) fn interfaces() -> io::Result<Interfaces> {
    Ok(counts(&fs::read_to_string(INTERFACES)?))
}

fn counts(table: &str) -> Interfaces {
    let line = |line: &str| {
        let (name, numbers) = line.split_once(':')?;
        let numbers: Vec<&str> = numbers.split_ascii_whitespace().collect();
        let number = |place: usize| numbers.get(place)?.parse().ok();
        let counts = Counts { received: number(RECEIVED)?, sent: number(SENT)? };
        Some((name.trim().to_owned(), counts))
    };
    table.lines().filter_map(line).collect()
}

/// Frames that came in, did not go out, and that `wires` do not account for.
pub(super) fn unaccounted(wires: &[WireStatistics], interfaces: &Interfaces) -> Lost {
    let counts = |name: &str| interfaces.get(name).copied().unwrap_or_default();
    // Towards the second end and back: what came in and what went out before these wires.
    let mut came: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    let mut went = came.clone();
    for WireStatistics { a, b, .. } in wires {
        let (first, second) = (counts(&a.interface), counts(&b.interface));
        came.entry(&b.interface).or_insert([0, second.received])[0] += first.received;
        went.entry(&b.interface).or_insert([second.sent, 0])[1] += first.sent;
    }
    for WireStatistics { b, a_to_b, b_to_a, .. } in wires {
        for (way, direction) in [a_to_b, b_to_a].into_iter().enumerate() {
            for (frames, own) in
                [(&mut came, direction.received_frames), (&mut went, direction.delivered_frames)]
            {
                if let Some(ways) = frames.get_mut(b.interface.as_str()) {
                    ways[way] = ways[way].saturating_sub(own);
                }
            }
        }
    }
    let lost = came.into_iter().zip(went.into_values()).map(|((interface, came), went)| {
        let [there, back] = [0, 1].map(|way| came[way].saturating_sub(went[way]));
        (interface.to_owned(), [there, back])
    });
    lost.collect()
}

/// Whether no frame came to the wires that end at `interface` between two moments.
pub(super) fn is_quiet(
    interface: &str,
    before: &[WireStatistics],
    after: &[WireStatistics],
) -> bool {
    let received = |wires: &[WireStatistics]| -> Vec<[u64; 2]> {
        let ends_there = |wire: &&WireStatistics| wire.b.interface == interface;
        let frames =
            |wire: &WireStatistics| [wire.a_to_b.received_frames, wire.b_to_a.received_frames];
        wires.iter().filter(ends_there).map(frames).collect()
    };
    received(before) == received(after)
}

#[cfg(test)]
mod tests;
