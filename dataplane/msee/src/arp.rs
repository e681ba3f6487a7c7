//! ARP on fabric ports (RFC 826): who asks for one of our in-VNet addresses is told the port's MAC, and
//! next hops whose MAC addresses the desired state leaves out are asked for.
//!
//! A fabric port has no kernel interface behind it that could do either: the addresses `.4` and `.5`
//! exist only in the MSEE's tables.

use std::net::Ipv4Addr;

use packet::{ETHERNET_HEADER, ETHERTYPE_ARP};

/// Length of an ARP frame for Ethernet and IPv4, without padding.
pub const FRAME: usize = ETHERNET_HEADER + 28;

/// The MAC address of all stations.
pub const BROADCAST: [u8; 6] = [0xff; 6];

/// Hardware type Ethernet, protocol type IPv4, address lengths 6 and 4.
const ETHERNET_IPV4: [u8; 6] = [0, 1, 0x08, 0x00, 6, 4];
const OPERATION_REQUEST: [u8; 2] = [0, 1];
const OPERATION_REPLY: [u8; 2] = [0, 2];

/// What an ARP frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Who has the target?
    Request,
    /// The sender is there.
    Reply,
}

/// An ARP frame about Ethernet and IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is for.
    pub operation: Operation,
    /// MAC address of the station that speaks.
    pub sender_mac: [u8; 6],
    /// Its IPv4 address; 0.0.0.0 in a probe (RFC 5227).
    pub sender: Ipv4Addr,
    /// The address that is asked for, or of the station that is answered; the sender's own in an
    /// announcement.
    pub target: Ipv4Addr,
}

impl Message {
    /// Reads the payload of an ARP frame; `None` for anything but a request or reply about Ethernet
    /// and IPv4.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (kind, rest) = payload.split_first_chunk::<6>()?;
        let (operation, rest) = rest.split_first_chunk::<2>()?;
        let (sender_mac, rest) = rest.split_first_chunk::<6>()?;
        let (sender, rest) = rest.split_first_chunk::<4>()?;
        let (_target_mac, rest) = rest.split_first_chunk::<6>()?;
        let target = rest.first_chunk::<4>()?;
        let operation = match *operation {
            OPERATION_REQUEST => Operation::Request,
            OPERATION_REPLY => Operation::Reply,
            _ => return None,
        };
        // A group address cannot be one station's; to use it would flood the fabric.
        let [first, ..] = *sender_mac;
        if *kind != ETHERNET_IPV4 || first & 1 == 1 {
            return None;
        }
        Some(Self {
            operation,
            sender_mac: *sender_mac,
            sender: Ipv4Addr::from(*sender),
            target: Ipv4Addr::from(*target),
        })
    }

    /// Appends to `out` the frame that answers "`target` is at `mac`".
    pub fn write_reply(&self, mac: [u8; 6], out: &mut Vec<u8>) {
        let to = (self.sender_mac, self.sender);
        write(OPERATION_REPLY, self.sender_mac, (mac, self.target), to, out);
    }
}

/// Appends to `out` the frame by which `sender`, at `mac`, asks who has `target`: everybody, or, to
/// confirm what is known, the station at `to` alone.
pub fn write_request(
    (sender, mac): (Ipv4Addr, [u8; 6]),
    target: Ipv4Addr,
    to: Option<[u8; 6]>,
    out: &mut Vec<u8>,
) {
    let destination = to.unwrap_or(BROADCAST);
    write(OPERATION_REQUEST, destination, (mac, sender), (to.unwrap_or_default(), target), out);
}

fn write(
    operation: [u8; 2],
    destination: [u8; 6],
    (sender_mac, sender): ([u8; 6], Ipv4Addr),
    (target_mac, target): ([u8; 6], Ipv4Addr),
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(&destination);
    out.extend_from_slice(&sender_mac);
    out.extend_from_slice(&ETHERTYPE_ARP.to_be_bytes());
    out.extend_from_slice(&ETHERNET_IPV4);
    out.extend_from_slice(&operation);
    out.extend_from_slice(&sender_mac);
    out.extend_from_slice(&sender.octets());
    out.extend_from_slice(&target_mac);
    out.extend_from_slice(&target.octets());
}

#[cfg(test)]
mod tests;
