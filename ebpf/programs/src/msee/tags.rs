//! VLAN tags: read from a frame, and put on one.
//!
//! A frame has none, a C-tag (802.1Q), or an S-tag around a C-tag (QinQ). The outer one of two may be
//! of type 0x8100, which Azure's MSEEs use, or 0x88a8 (802.1ad); a C-tag is always of type 0x8100.

use abi::image::{MACS, PortKey, TAGS, UNTAGGED};
use programs::{
    frame::Frame,
    header::{ETHERNET, ETHERTYPE_CTAG, ETHERTYPE_STAG, Ethernet, TAG, Tag},
};

use crate::packet::Packet;

/// What the tags of a frame say.
pub struct Tagging {
    /// Outer VLAN id of two, or [`UNTAGGED`].
    pub outer: u16,
    /// VLAN id of the C-tag, or [`UNTAGGED`].
    pub inner: u16,
    /// EtherType of what the frame carries, host byte order.
    pub ethertype: u16,
    /// Where that begins.
    pub network: usize,
}

/// The frame ends before its tags do.
pub struct Truncated;

/// No VLAN has this id; it stands for a C-tag that is missing, so that no port is found.
const NO_VLAN: u16 = 0xfffe;

impl Tagging {
    /// Reads the tags.
    #[inline(always)]
    pub fn read(frame: &Frame<'_>) -> Result<Self, Truncated> {
        let ethernet: &Ethernet = frame.at(0).ok_or(Truncated)?;
        let ethertype = u16::from_be(ethernet.ethertype);
        if !is_tag(ethertype) {
            return Ok(Self { outer: UNTAGGED, inner: UNTAGGED, ethertype, network: ETHERNET });
        }
        let first: &Tag = frame.at(ETHERNET).ok_or(Truncated)?;
        let behind = u16::from_be(first.ethertype);
        if behind != ETHERTYPE_CTAG {
            let inner = if ethertype == ETHERTYPE_CTAG { first.vlan() } else { NO_VLAN };
            let network = ETHERNET + TAG;
            return Ok(Self { outer: UNTAGGED, inner, ethertype: behind, network });
        }
        let second: &Tag = frame.at(ETHERNET + TAG).ok_or(Truncated)?;
        Ok(Self {
            outer: first.vlan(),
            inner: second.vlan(),
            ethertype: u16::from_be(second.ethertype),
            network: ETHERNET + 2 * TAG,
        })
    }

    /// What to look the port up by.
    #[inline(always)]
    pub fn key(&self, ifindex: u32) -> PortKey {
        PortKey { ifindex, outer: self.outer, inner: self.inner }
    }

    /// Whether the frame has a tag.
    #[inline(always)]
    pub fn is_tagged(&self) -> bool {
        self.inner != UNTAGGED
    }

    /// Whether it has one more than this type knows of.
    #[inline(always)]
    pub fn has_more(&self) -> bool {
        is_tag(self.ethertype)
    }
}

#[inline(always)]
fn is_tag(ethertype: u16) -> bool {
    ethertype == ETHERTYPE_CTAG || ethertype == ETHERTYPE_STAG
}

/// The driver left no room in front of the frame.
pub struct NoHeadroom;

impl<const TRACED: bool> Packet<'_, TRACED> {
    /// Gives the frame these tags instead of those it has; its MAC addresses and what it carries stay.
    #[inline(always)]
    pub fn retag(&mut self, tags: [u8; TAGS], length: u8) -> Result<(), NoHeadroom> {
        let macs: [u16; 6] = *self.frame.at(0).ok_or(NoHeadroom)?;
        self.set_link_header(macs, tags, length)
    }

    /// Replaces everything in front of what the frame carries: MAC addresses, tags (`length` bytes of
    /// `tags`: 0, 4 or 8), and its EtherType where it moves.
    #[inline(always)]
    pub fn set_link_header(
        &mut self,
        macs: [u16; 6],
        tags: [u8; TAGS],
        length: u8,
    ) -> Result<(), NoHeadroom> {
        let length = usize::from(length);
        let network = ETHERNET.wrapping_add(length);
        let surplus = self.network.wrapping_sub(network) as i32;
        if surplus != 0 {
            self.frame.move_start(surplus).map_err(|_| NoHeadroom)?;
            self.network = network;
        }
        *self.frame.at_mut(0).ok_or(NoHeadroom)? = macs;
        if length != 0 {
            let [a, b, c, d, e, f, g, h] = tags;
            let pair = |high, low| u16::from_ne_bytes([high, low]);
            *self.frame.at_mut(MACS).ok_or(NoHeadroom)? = [pair(a, b), pair(c, d)];
            if length > TAG {
                *self.frame.at_mut(MACS + TAG).ok_or(NoHeadroom)? = [pair(e, f), pair(g, h)];
            }
        }
        if surplus != 0 {
            *self.frame.at_mut(MACS.wrapping_add(length)).ok_or(NoHeadroom)? =
                [self.ethertype.to_be()];
        }
        Ok(())
    }
}
