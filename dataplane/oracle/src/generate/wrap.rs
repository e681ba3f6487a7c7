//! The link header around a packet, and padding behind it.

use desired::MacAddress;

use super::{atlas::Place, dice::Dice, packet::Plain};
use crate::compose::{self, Tag};

/// A frame whose parts are still known.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) bytes: Vec<u8>,
    /// Where its packet begins.
    pub(super) behind: usize,
}

pub(super) fn around(dice: &mut Dice<'_>, place: &Place, plain: Plain) -> Frame {
    let tags = tags(dice, &place.tags);
    let destination = destination(dice, place, plain.to_group);
    let carried = compose::padded(plain.carried, padding(dice));
    let source = MacAddress([0; 6]);
    let bytes = compose::ethernet(destination, source, &tags, plain.ethertype, &carried);
    Frame { bytes, behind: 14 + 4 * tags.len() }
}

fn destination(dice: &mut Dice<'_>, place: &Place, to_group: bool) -> MacAddress {
    if to_group {
        return MacAddress(match dice.below(3) {
            0 => [0xff; 6],
            1 => [0x01, 0x00, 0x5e, 0, 0, 1],
            _ => [0x33, 0x33, 0xff, 0, 0, dice.byte()],
        });
    }
    if dice.percent(2) { MacAddress([2, 0, 0, 0xee, 0, dice.byte()]) } else { place.mac }
}

/// The link's own, sometimes with priority bits or the other type of outer tag, and sometimes others.
fn tags(dice: &mut Dice<'_>, own: &[Tag]) -> Vec<Tag> {
    let mut tags = own.to_vec();
    if dice.percent(20) {
        for (_, tci) in &mut tags {
            *tci |= dice.word() & 0xf000;
        }
    }
    if dice.percent(10)
        && let Some((tpid, _)) = tags.first_mut()
    {
        *tpid = if *tpid == 0x8100 { 0x88a8 } else { 0x8100 };
    }
    if dice.percent(4) {
        let tag =
            (dice.one_of(&[0x8100, 0x8100, 0x88a8]), dice.one_of(&[0, 1, 20, 100, 200, 4_095]));
        match dice.below(4) {
            0 => drop(tags.pop()),
            1 => tags.push(tag),
            2 => tags.insert(0, tag),
            _ => tags = vec![tag],
        }
    }
    tags
}

fn padding(dice: &mut Dice<'_>) -> usize {
    match dice.below(100) {
        0..80 => 0,
        80..90 => 1 + dice.below(6),
        _ => dice.below(60),
    }
}
