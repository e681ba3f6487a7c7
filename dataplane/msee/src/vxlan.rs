//! Frames that msee itself sends in tunnels (RFC 7348).

use std::net::Ipv4Addr;

use abi::{
    image::Tunnel,
    tunnel::{
        FIRST_SOURCE_PORT, FLAG_VNI, HEADERS, IPV4, IPV4_CHECKSUM, IPV4_LENGTH, UDP, UDP_LENGTH,
        UDP_PORT, UDP_SOURCE,
    },
};
use desired::MacAddress;
use packet::{ETHERTYPE_IPV4, PROTOCOL_UDP, checksum};

/// Place of the outer IPv4 destination address.
const IPV4_DESTINATION: usize = IPV4 + 16;

/// TTL of outer packets.
const TTL: u8 = 64;

/// Both ends of a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The MSEE's MAC address.
    pub mac: MacAddress,
    /// The MSEE's tunnel endpoint.
    pub endpoint: Ipv4Addr,
    /// The MAC address on the way to the host; all zeroes while it is not known.
    pub host_mac: MacAddress,
    /// The host's tunnel endpoint.
    pub host: Ipv4Addr,
}

impl Ends {
    /// What is in front of a frame from the MSEE to the host.
    pub fn tunnel(&self, vni: u32) -> Tunnel {
        // Version and header length, no service, no length yet; no identification, Don't Fragment
        // (RFC 7348 4.3, RFC 6864 4.1).
        let mut ipv4 = [0x45, 0, 0, 0, 0, 0, 0x40, 0, TTL, PROTOCOL_UDP, 0, 0].to_vec();
        ipv4.extend(self.endpoint.octets());
        ipv4.extend(self.host.octets());
        let sum = checksum::internet(&ipv4).to_be_bytes();
        ipv4.splice(10..12, sum);
        let udp = [[0, 0], UDP_PORT.to_be_bytes(), [0, 0], [0, 0]].concat();
        let vxlan = [u32::from(FLAG_VNI) << 16, vni << 8].map(u32::to_be_bytes).concat();
        let ethernet = [&self.host_mac.0[..], &self.mac.0, &ETHERTYPE_IPV4.to_be_bytes()].concat();
        let bytes = [ethernet, ipv4, udp, vxlan].concat();
        let mut tunnel = Tunnel::default();
        for (word, pair) in tunnel.header.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *word = u16::from_ne_bytes(*pair);
        }
        tunnel
    }
}

/// Appends the headers of a tunnel, to be completed by [`close`] when the frame is behind them.
pub fn open(tunnel: &Tunnel, out: &mut Vec<u8>) {
    out.extend(tunnel.header.iter().flat_map(|word| word.to_ne_bytes()));
}

/// Completes the headers of a frame in a tunnel: its lengths, and the source port. What msee sends is
/// little, and need not be spread.
pub fn close(bytes: &mut [u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut put = |at: usize, value: u16| {
        if let Some(place) = bytes.get_mut(at..at + 2) {
            place.copy_from_slice(&value.to_be_bytes());
        }
    };
    put(IPV4_LENGTH, length.saturating_sub(IPV4 as u16));
    put(UDP_SOURCE, FIRST_SOURCE_PORT);
    put(UDP_LENGTH, length.saturating_sub(UDP as u16));
    put(IPV4_CHECKSUM, 0);
    let sum = bytes.get(IPV4..UDP).map_or(0, checksum::internet);
    if let Some(place) = bytes.get_mut(IPV4_CHECKSUM..IPV4_CHECKSUM + 2) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
}

/// Whether the MAC address on the way to the host is known.
pub fn is_resolved(tunnel: &Tunnel) -> bool {
    host_mac(tunnel) != MacAddress([0; 6])
}

/// The host's tunnel endpoint.
pub fn host(tunnel: &Tunnel) -> Ipv4Addr {
    let place = tunnel.header.get(IPV4_DESTINATION / 2..).and_then(|rest| rest.first_chunk());
    let [high, low] = place.map_or([0; 2], |words: &[u16; 2]| *words);
    let [[a, b], [c, d]] = [high.to_ne_bytes(), low.to_ne_bytes()];
    Ipv4Addr::from([a, b, c, d])
}

/// The MAC address on the way to the host.
pub fn host_mac(tunnel: &Tunnel) -> MacAddress {
    let mut mac = MacAddress([0; 6]);
    for (pair, word) in mac.0.as_chunks_mut::<2>().0.iter_mut().zip(tunnel.header) {
        *pair = word.to_ne_bytes();
    }
    mac
}

/// The VNI of what travels in the tunnel.
pub fn vni(tunnel: &Tunnel) -> u32 {
    let [.., high, low] = tunnel.header;
    let [[a, b], [c, _]] = [high.to_ne_bytes(), low.to_ne_bytes()];
    u32::from_be_bytes([0, a, b, c])
}

/// The tunnel with the MAC address on the way to its host.
pub fn resolved(tunnel: &Tunnel, mac: MacAddress) -> Tunnel {
    let mut tunnel = *tunnel;
    for (word, pair) in tunnel.header.iter_mut().zip(mac.0.as_chunks::<2>().0) {
        *word = u16::from_ne_bytes(*pair);
    }
    tunnel
}

const _: () = assert!(HEADERS == 50, "Ethernet, IPv4, UDP and VXLAN");

#[cfg(test)]
mod tests;
