//! A checked IP packet, of either version.

use std::net::IpAddr;

/// What the stages behind the checks need of a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'f> {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// TTL or hop limit.
    pub(crate) hop_limit: u8,
    /// The packet, as long as it says: Ethernet padding is not part of it.
    pub(crate) bytes: &'f [u8],
    /// Whether a router may cut it: IPv4 without Don't Fragment.
    pub(crate) may_fragment: bool,
    /// Type of the ICMP or ICMPv6 message it begins with; none in a fragment.
    pub(crate) message: Option<u8>,
}

impl Packet<'_> {
    /// RFC 792 type 8; RFC 4443 4.1 type 128.
    pub(crate) fn is_echo_request(&self) -> bool {
        let request = if self.destination.is_ipv4() { 8 } else { 128 };
        self.message == Some(request)
    }

    /// A Neighbour Solicitation or Advertisement that no router has forwarded (RFC 4861 7.1).
    pub(crate) fn is_neighbour_discovery(&self) -> bool {
        self.destination.is_ipv6()
            && self.hop_limit == 255
            && matches!(self.message, Some(135 | 136))
    }
}
