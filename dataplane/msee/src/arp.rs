//! ARP on fabric ports (RFC 826): who asks for one of our in-VNet addresses is told the port's MAC.
//!
//! A fabric port has no kernel interface behind it that could answer: the addresses `.4` and `.5`
//! exist only in the MSEE's tables. We never ask ourselves; every neighbour's MAC address comes
//! with the desired state.

use std::net::Ipv4Addr;

use packet::{ETHERNET_HEADER, ETHERTYPE_ARP};

/// Length of an ARP frame for Ethernet and IPv4, without padding.
pub const FRAME: usize = ETHERNET_HEADER + 28;

/// Hardware type Ethernet, protocol type IPv4, address lengths 6 and 4.
const ETHERNET_IPV4: [u8; 6] = [0, 1, 0x08, 0x00, 6, 4];
const OPERATION_REQUEST: [u8; 2] = [0, 1];
const OPERATION_REPLY: [u8; 2] = [0, 2];

/// A question for the owner of one IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// MAC address of the station that asks.
    pub sender_mac: [u8; 6],
    /// Its IPv4 address; 0.0.0.0 in a probe (RFC 5227).
    pub sender: Ipv4Addr,
    /// The address it asks for.
    pub target: Ipv4Addr,
}

impl Request {
    /// Reads the payload of an ARP frame; `None` for anything but a request about Ethernet and
    /// IPv4 (replies and announcements to others are none of our business).
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (kind, rest) = payload.split_first_chunk::<6>()?;
        let (operation, rest) = rest.split_first_chunk::<2>()?;
        let (sender_mac, rest) = rest.split_first_chunk::<6>()?;
        let (sender, rest) = rest.split_first_chunk::<4>()?;
        let (_target_mac, rest) = rest.split_first_chunk::<6>()?;
        let target = rest.first_chunk::<4>()?;
        // A group address cannot be one station's; answering it would flood the fabric.
        let [first, ..] = *sender_mac;
        if *kind != ETHERNET_IPV4 || *operation != OPERATION_REQUEST || first & 1 == 1 {
            return None;
        }
        Some(Self {
            sender_mac: *sender_mac,
            sender: Ipv4Addr::from(*sender),
            target: Ipv4Addr::from(*target),
        })
    }

    /// Writes into `out` the frame that answers "`target` is at `mac`", replacing what was there.
    pub fn write_reply(&self, mac: [u8; 6], out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.sender_mac);
        out.extend_from_slice(&mac);
        out.extend_from_slice(&ETHERTYPE_ARP.to_be_bytes());
        out.extend_from_slice(&ETHERNET_IPV4);
        out.extend_from_slice(&OPERATION_REPLY);
        out.extend_from_slice(&mac);
        out.extend_from_slice(&self.target.octets());
        out.extend_from_slice(&self.sender_mac);
        out.extend_from_slice(&self.sender.octets());
    }
}

#[cfg(test)]
mod tests;
