//! The tunnel around a frame, nearly right.

use std::net::Ipv4Addr;

use desired::MacAddress;

use super::{dice::Dice, payload, wrap::Frame};
use crate::compose::{self, Ipv4, Vxlan};

/// Where a frame comes out of a tunnel.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub(super) endpoint: Ipv4Addr,
    pub(super) hosts: Vec<Ipv4Addr>,
    pub(super) vni: u32,
}

/// Puts a frame into a tunnel for the station `mac`; seldom as a host would not.
pub(super) fn around(
    dice: &mut Dice<'_>,
    network: &Network,
    mac: MacAddress,
    inner: Frame,
) -> Frame {
    let packet = packet(dice, network, inner.bytes);
    let to = match dice.below(100) {
        0..2 => MacAddress([2, 0, 0, 0xee, 0, dice.byte()]),
        2..4 => MacAddress([0xff; 6]),
        _ => mac,
    };
    let ethertype = if dice.percent(2) { dice.one_of(&[0x0806, 0x86dd, 0x8847]) } else { 0x0800 };
    let carried = compose::padded(packet, if dice.percent(10) { dice.below(20) } else { 0 });
    let bytes = compose::ethernet(to, MacAddress([0; 6]), &[], ethertype, &carried);
    Frame { bytes, behind: 14 }
}

fn packet(dice: &mut Dice<'_>, network: &Network, frame: Vec<u8>) -> Vec<u8> {
    let vni = match dice.below(100) {
        0..2 => network.vni ^ 1 << dice.below(24),
        2..4 => dice.one_of(&[0, 1, 0xff_ffff]),
        _ => network.vni,
    };
    let mut vxlan = Vxlan::new(vni, frame);
    match dice.below(100) {
        0..4 => vxlan.header[0] = dice.byte(),
        4..8 => vxlan.header[7] = dice.byte(),
        8..12 => vxlan.header[1] = dice.byte(),
        12..20 => vxlan.sum = dice.word(),
        20..22 => vxlan.port = dice.one_of(&[4_788, 8_472, 53, 0xb512]),
        _ => {}
    }
    let mut datagram = vxlan.datagram();
    match dice.below(100) {
        0..4 => {
            let length = datagram.len() + dice.below(40);
            datagram = compose::with_length(datagram, length.saturating_sub(20));
        }
        4..6 => datagram = compose::cut(datagram, dice.below(40)),
        6..10 => datagram = compose::padded(datagram, dice.below(20)),
        _ => {}
    }
    let host = dice.pick(&network.hosts).copied().unwrap_or(network.endpoint);
    let (source, destination) = match dice.below(100) {
        0..3 => (Ipv4Addr::from_bits(host.to_bits() ^ 1 << dice.below(32)), network.endpoint),
        3..5 => (host, Ipv4Addr::from_bits(network.endpoint.to_bits() ^ 1 << dice.below(32))),
        _ => (host, network.endpoint),
    };
    let fragmentation =
        if dice.percent(10) { payload::fragmentation(dice) } else { Ipv4::DONT_FRAGMENT };
    let words = if dice.percent(6) { dice.below(11) } else { 0 };
    let options = payload::options(dice, words);
    let protocol = if dice.percent(2) { dice.one_of(&[1, 6, 4, 47]) } else { 17 };
    let (service, ttl) = (dice.byte(), dice.byte());
    let outer = Ipv4 { payload: datagram, ..Ipv4::udp(source, destination) };
    Ipv4 { service, fragmentation, ttl, protocol, options, ..outer }.bytes()
}
