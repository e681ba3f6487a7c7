//! The link header: two MAC addresses, up to two VLAN tags, an EtherType.
//!
//! A third tag is not read: it stays in front of what is behind, as an EtherType no port takes.

use desired::{MacAddress, ServiceEthertype, Tags};

use crate::field::{number, octets};

pub(crate) const IPV4: u16 = 0x0800;
pub(crate) const ARP: u16 = 0x0806;
pub(crate) const IPV6: u16 = 0x86dd;
/// TPID of a C-tag (IEEE 802.1Q, table 9-1), and of many providers' outer tags.
pub(crate) const CUSTOMER_TAG: u16 = 0x8100;
/// TPID of an S-tag (the same, once 802.1ad).
pub(crate) const SERVICE_TAG: u16 = 0x88a8;

/// Bytes of the two MAC addresses.
const ADDRESSES: usize = 12;
/// Bytes of one tag: TPID and TCI.
const TAG: usize = 4;

/// A frame, cut behind its link header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link<'f> {
    /// The whole frame.
    pub(crate) frame: &'f [u8],
    /// Destination MAC address.
    pub(crate) destination: MacAddress,
    /// Which link of its interface the frame is on.
    pub(crate) key: Key,
    /// Number of tags.
    tags: usize,
    /// The EtherType behind the tags.
    pub(crate) ethertype: u16,
    /// What is behind the EtherType.
    pub(crate) carried: &'f [u8],
}

/// The VLAN ids by which a frame belongs to a link; priorities do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Untagged,
    Customer(u16),
    /// An S-tag with no C-tag in it. No link has this key.
    ServiceOnly(u16),
    Both {
        service: u16,
        customer: u16,
    },
}

impl From<Tags> for Key {
    fn from(tags: Tags) -> Self {
        match tags {
            Tags::Untagged => Self::Untagged,
            Tags::Dot1q { vlan } => Self::Customer(vlan),
            // The type of the outer tag is for sending: either is taken.
            Tags::Qinq { service, customer, ethertype: _ } => Self::Both { service, customer },
        }
    }
}

impl<'f> Link<'f> {
    /// Reads the link header; none if the frame ends in it.
    pub(crate) fn parse(frame: &'f [u8]) -> Option<Self> {
        let destination = MacAddress(octets(frame, 0)?);
        let (key, tags) = read_tags(frame)?;
        let end = ADDRESSES + tags * TAG;
        let ethertype = number(frame, end)?;
        let carried = frame.get(end + 2..)?;
        Some(Self { frame, destination, key, tags, ethertype, carried })
    }

    /// The frame without the tags that were read.
    pub(crate) fn untagged(&self) -> Vec<u8> {
        let behind = self.frame.get(ADDRESSES + self.tags * TAG..).unwrap_or_default();
        [self.frame.get(..ADDRESSES).unwrap_or_default(), behind].concat()
    }
}

fn read_tags(frame: &[u8]) -> Option<(Key, usize)> {
    let outer_type = number(frame, ADDRESSES)?;
    if !is_tag(outer_type) {
        return Some((Key::Untagged, 0));
    }
    let outer = vlan(number(frame, ADDRESSES + 2)?);
    if number(frame, ADDRESSES + TAG)? == CUSTOMER_TAG {
        let inner = vlan(number(frame, ADDRESSES + TAG + 2)?);
        return Some((Key::Both { service: outer, customer: inner }, 2));
    }
    let alone = if outer_type == CUSTOMER_TAG { Key::Customer } else { Key::ServiceOnly };
    Some((alone(outer), 1))
}

/// A VLAN id: the low 12 bits of a TCI, behind three of priority and one of drop eligibility.
const fn vlan(tci: u16) -> u16 {
    tci & 0x0fff
}

pub(crate) const fn is_tag(ethertype: u16) -> bool {
    matches!(ethertype, CUSTOMER_TAG | SERVICE_TAG)
}

/// An untagged frame with a link's tags put in, their priority zero.
pub(crate) fn tagged(frame: &[u8], tags: Tags) -> Vec<u8> {
    let (addresses, behind) = frame.split_at(ADDRESSES.min(frame.len()));
    let mut bytes = addresses.to_vec();
    let mut push = |tpid: u16, vlan: u16| {
        bytes.extend(tpid.to_be_bytes());
        bytes.extend(vlan.to_be_bytes());
    };
    match tags {
        Tags::Untagged => {}
        Tags::Dot1q { vlan } => push(CUSTOMER_TAG, vlan),
        Tags::Qinq { service, customer, ethertype } => {
            let tpid = match ethertype {
                ServiceEthertype::Dot1q => CUSTOMER_TAG,
                ServiceEthertype::Dot1ad => SERVICE_TAG,
            };
            push(tpid, service);
            push(CUSTOMER_TAG, customer);
        }
    }
    bytes.extend(behind);
    bytes
}

#[cfg(test)]
mod tests;
