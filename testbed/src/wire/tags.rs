//! VLAN tags as a frame carries them.

use desired::Tags;

use super::{ancillary::VlanTag, frame::Frame};

/// EtherType of a customer's tag, whatever is around it.
const CUSTOMER_TAG: u16 = 0x8100;

/// No tag to two, outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TagStack {
    tags: [VlanTag; 2],
    count: usize,
}

impl From<Tags> for TagStack {
    fn from(tags: Tags) -> Self {
        let customer = |number| VlanTag::new(CUSTOMER_TAG, number);
        match tags {
            Tags::Untagged => Self { tags: [customer(0); 2], count: 0 },
            Tags::Dot1q { vlan } => Self { tags: [customer(vlan); 2], count: 1 },
            Tags::Qinq { service, customer: inner, ethertype } => Self {
                tags: [VlanTag::new(ethertype.number(), service), customer(inner)],
                count: 2,
            },
        }
    }
}

impl TagStack {
    /// The tags.
    pub(super) fn as_slice(&self) -> &[VlanTag] {
        &self.tags[..self.count]
    }

    /// Whether the frame carries these tags and no more. They are compared whole: an MSEE that sends
    /// the right numbers with the wrong EtherType is not talking to this provider.
    pub(super) fn is_on(&self, frame: &Frame) -> bool {
        let mut carried = frame.tags();
        let all = self.as_slice().iter();
        all.map(|tag| (tag, carried.next()))
            .all(|(tag, carried)| carried.is_some_and(|carried| carried.names_as(*tag)))
            && carried.next().is_none()
    }

    /// Whether both have the same numbers. EtherTypes do not make two circuits: an MSEE takes either.
    pub(super) fn has_numbers_of(&self, other: &Self) -> bool {
        let (a, b) = (self.as_slice(), other.as_slice());
        a.iter().map(|tag| tag.number()).eq(b.iter().map(|tag| tag.number()))
    }
}
