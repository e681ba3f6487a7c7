//! A state with one of everything, to judge the [`corpus`](crate::corpus) and other frames by.
//!
//! ```text
//!   eth1 1500  circuits of contoso, each with a kernel: eth1, eth1.100, eth1.20.100, eth1.21.100
//!   eth4 1500  circuits of contoso without: eth4, eth4.100, eth4.20.100
//!   eth5 1500  a circuit of fabrikam: eth5.200, and nothing untagged
//!   eth2 1400  a fabric: hub and spoke of contoso, a VNet of fabrikam inside the spoke's prefix
//!   eth3 1500  a fabric: a VNet of contoso, behind a gateway of two instances
//!   eth7 1450  a fabric in VXLAN: hub, spoke and fabrikam as on eth2 in one network, and in another a VNet
//!              of fabrikam with the addresses of contoso's
//!   eth6       an interface the state does not name
//! ```

mod circuits;
mod fabrics;
mod routes;

use std::net::{Ipv4Addr, Ipv6Addr};

use desired::{MacAddress, MseeState};
use ipnetwork::IpNetwork;

use crate::{Port, PortKind};

/// The MSEE on every circuit, and the customer edge.
pub(crate) const OURS: Ipv4Addr = Ipv4Addr::new(172, 16, 1, 2);
pub(crate) const OURS6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x172, 0, 0, 0, 0, 2);
pub(crate) const CE: Ipv4Addr = Ipv4Addr::new(172, 16, 1, 1);
pub(crate) const CE6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x172, 0, 0, 0, 0, 1);
/// What the hub and the spoke know the MSEE by.
pub(crate) const HUB: Ipv4Addr = Ipv4Addr::new(10, 255, 0, 4);
pub(crate) const HUB6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xff, 0, 0, 0, 0, 4);
/// What the far VNet knows it by; it has no IPv6 address for it.
pub(crate) const FAR: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 4);
/// A VM that FastPath reaches, and one whose MAC address is not known.
pub(crate) const VM: Ipv4Addr = Ipv4Addr::new(10, 255, 10, 4);
pub(crate) const VM6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xff, 0xa, 0, 0, 0, 4);
pub(crate) const SILENT_VM: Ipv4Addr = Ipv4Addr::new(10, 255, 10, 5);
pub(crate) const SILENT_VM6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xff, 0xa, 0, 0, 0, 5);
/// Of the spoke, behind a gateway of one instance.
pub(crate) const SPOKE: Ipv4Addr = Ipv4Addr::new(10, 254, 3, 4);
pub(crate) const SPOKE6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xfe, 3, 0, 0, 0, 4);
/// Of the far VNet, behind a gateway of two.
pub(crate) const FAR_VM: Ipv4Addr = Ipv4Addr::new(10, 1, 3, 4);
pub(crate) const FAR_VM6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 3, 0, 0, 0, 4);
/// Behind the customer's four links with a kernel, in the order of the scene.
pub(crate) const ON_PREM: [Ipv4Addr; 4] = [
    Ipv4Addr::new(10, 10, 0, 9),
    Ipv4Addr::new(10, 11, 0, 9),
    Ipv4Addr::new(10, 12, 0, 9),
    Ipv4Addr::new(10, 13, 0, 9),
];
pub(crate) const ON_PREM6: [Ipv6Addr; 4] = [
    Ipv6Addr::new(0x2001, 0xdb8, 0x10, 0, 0, 0, 0, 9),
    Ipv6Addr::new(0x2001, 0xdb8, 0x11, 0, 0, 0, 0, 9),
    Ipv6Addr::new(0x2001, 0xdb8, 0x12, 0, 0, 0, 0, 9),
    Ipv6Addr::new(0x2001, 0xdb8, 0x13, 0, 0, 0, 0, 9),
];
/// Behind a tunnel, of both customers: a VM, one whose host's MAC address is not known, and one whose
/// own is not.
pub(crate) const TUNNEL_VM: Ipv4Addr = Ipv4Addr::new(10, 240, 10, 4);
pub(crate) const TUNNEL_VM6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xf0, 0xa, 0, 0, 0, 4);
pub(crate) const HOSTLESS_VM: Ipv4Addr = Ipv4Addr::new(10, 240, 10, 5);
pub(crate) const SILENT_TUNNEL_VM: Ipv4Addr = Ipv4Addr::new(10, 240, 10, 6);
/// Behind a gateway of two instances, in tunnels to two hosts.
pub(crate) const TUNNEL_SPOKE: Ipv4Addr = Ipv4Addr::new(10, 240, 3, 4);
/// The tunnel endpoints: the MSEE's, and those of two hosts that are known and of one whose MAC address
/// is not.
pub(crate) const ENDPOINT: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 1);
pub(crate) const HOSTS: [Ipv4Addr; 3] = [
    Ipv4Addr::new(192, 168, 7, 11),
    Ipv4Addr::new(192, 168, 7, 12),
    Ipv4Addr::new(192, 168, 7, 13),
];
/// The networks of the tunnels: contoso's, and fabrikam's.
pub(crate) const CONTOSO_VNI: u32 = 0x01_0203;
pub(crate) const FABRIKAM_VNI: u32 = 0xff_ffff;
/// In no table of contoso.
pub(crate) const NOWHERE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
pub(crate) const NOWHERE6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xdead, 0, 0, 0, 0, 1);

const CONTOSO: &str = "contoso";
const FABRIKAM: &str = "fabrikam";

/// The state.
pub fn state() -> MseeState {
    MseeState {
        circuit_ports: circuits::ports().collect(),
        fabric_ports: fabrics::ports(),
        vrfs: [(CONTOSO.to_owned(), routes::contoso()), (FABRIKAM.to_owned(), routes::fabrikam())]
            .into(),
    }
}

/// The same state, where some links have a bandwidth, and some validate sources.
pub fn policed() -> MseeState {
    let mut state = state();
    for (name, port) in &mut state.circuit_ports {
        // Enough for the frames of a test, one after the other.
        let is_policed = matches!(&**name, "eth1.100" | "eth1.21.100" | "eth4" | "eth5.200");
        port.bandwidth = is_policed.then_some(100_000_000_000);
        port.validate_source = matches!(&**name, "eth1" | "eth1.100" | "eth4.100" | "eth5.200");
    }
    state
}

/// The ports it is bound to, with indices and MAC addresses of this module's choice. Whoever has real
/// interfaces replaces both; a frame of the corpus is made for the ports it is given.
pub fn ports() -> Vec<Port> {
    let mut ports = circuits::bound();
    ports.extend([
        port("eth2", 2, 1_400, PortKind::Fabric),
        port("eth3", 3, 1_500, PortKind::Fabric),
        port("eth6", 6, 1_500, PortKind::Fabric),
        port("eth7", 7, 1_450, PortKind::Fabric),
    ]);
    ports
}

fn port(name: &str, ifindex: u32, mtu: u32, kind: PortKind) -> Port {
    let mac = MacAddress([2, 0, 0, 0, ifindex as u8, 0xfe]);
    Port { name: name.to_owned(), ifindex, mac, mtu, kind }
}

/// The MAC address of a station behind an interface.
const fn station(ifindex: u8, number: u8) -> MacAddress {
    MacAddress([2, 0, 0, 0, ifindex, number])
}

#[expect(clippy::expect_used, reason = "every caller passes a literal, and every test reads them")]
fn prefix(text: &str) -> IpNetwork {
    text.parse().expect("a prefix")
}

#[cfg(test)]
mod tests;
