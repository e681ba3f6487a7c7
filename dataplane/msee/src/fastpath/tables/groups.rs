//! Which member of a group has which of its places.
//!
//! Rendezvous hashing (Thaler and Ravishankar, 1998): a place belongs to the member with the highest
//! score for it, and a score depends on place and member alone. So a member that leaves gives its own
//! places to the others, none of which loses one; and a member that comes back finds its places as
//! they were. No memory of the group before is needed: equal members give an equal group.

use abi::{image::Group, limits};

/// The places of a group whose members have the adjacencies from `first` on, in order of `names`.
/// A name is what makes a member the same one in the next image; two members differ in theirs.
pub(super) fn places(first: u32, names: impl Iterator<Item = u32>) -> Group {
    let members: Vec<(u16, u32)> = (first as u16..).zip(names).collect();
    let mut group = [first as u16; limits::GROUP_PLACES];
    for (place, number) in group.iter_mut().zip(0_u64..) {
        let best = members.iter().max_by_key(|(_, name)| (score(number, *name), *name));
        if let Some((adjacency, _)) = best {
            *place = *adjacency;
        }
    }
    group
}

/// SplitMix64's finaliser over the pair: every bit of both reaches every bit of the score.
fn score(place: u64, name: u32) -> u64 {
    let mut bits = (place << 32 | u64::from(name)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

const _: () = assert!(limits::ADJACENCIES <= 1 << 16, "a place holds an adjacency's index");

#[cfg(test)]
mod tests;
