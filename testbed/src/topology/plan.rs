//! What a lab is made of, with every name, address and number decided: the same file always gives
//! the same plan.

mod queries;

pub use queries::Wire;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use desired::{MacAddress, Tags};
use ipnetwork::{IpNetwork, Ipv4Network};
use serde::{Deserialize, Serialize};

/// Longest packet in bytes where the file has no `mtu:`.
pub const MTU: u32 = 1500;

fn default_mtu() -> u32 {
    MTU
}

/// What VXLAN adds to a packet: the inner Ethernet header, and the VXLAN, UDP and IPv4 headers
/// (RFC 7348 section 5).
pub const VXLAN_OVERHEAD: u32 = 14 + 8 + 8 + 20;

/// The whole lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the lab.
    pub lab: String,
    /// Every namespace but the fabric's: routers, gateways, hosts, VMs.
    pub nodes: Vec<Node>,
    /// Point-to-point links, in the order of the file.
    pub links: Vec<Link>,
    /// Region fabrics: one bridge for each set of peered VNets, or with VXLAN for each region.
    pub fabrics: Vec<Fabric>,
    /// Which flows must leave by which MSEE (`ecmp: lab`); empty for `ecmp: flow`.
    pub ecmp_pins: Vec<EcmpPin>,
}

/// One node: a namespace with its interfaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Name as in the file.
    pub name: String,
    /// Network namespace: `<lab>-<name>`.
    pub namespace: String,
    /// What it is.
    pub kind: NodeKind,
    /// Its interfaces, `eth1` first; the `cpu` veths of an MSEE are not listed here.
    pub interfaces: Vec<Interface>,
    /// Static routes of an on-prem node or host.
    pub routes: Vec<StaticRoute>,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum NodeKind {
    /// Customer edge router: the kernel forwards.
    Onprem,
    /// Customer host.
    Host,
    /// MSEE router.
    Msee {
        /// Which of the circuit's two paths it serves.
        path: MseePath,
    },
    /// ExpressRoute gateway.
    Gateway {
        /// Its VNet.
        vnet: String,
    },
    /// Virtual machine.
    Vm {
        /// Its VNet.
        vnet: String,
    },
    /// Host of a VXLAN fabric.
    FabricHost {
        /// The VM or gateway behind it.
        guest: String,
    },
}

/// One of the two paths of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MseePath {
    /// First /30; in-VNet address `.4`.
    Primary,
    /// Second /30; in-VNet address `.5`.
    Secondary,
}

impl MseePath {
    /// As the file and ARM write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        }
    }
}

/// One interface of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Name in the namespace.
    pub name: String,
    /// Longest packet in bytes; a port of tagged circuits has room for their tags.
    pub mtu: u32,
    /// MAC address. A gateway's port answers to two, one an instance: see `extra_macs`.
    pub mac: MacAddress,
    /// Further MAC addresses that must reach this interface (gateway instance `.13`).
    pub extra_macs: Vec<MacAddress>,
    /// Addresses the kernel holds on it. Empty on MSEE ports and gateway ports; an MSEE's circuit
    /// addresses are on `cpu` veths ([`Interface::cpus`]).
    pub addresses: Vec<IpNetwork>,
    /// Prefixes on-link without a gateway (a VM's own and peered VNets).
    pub on_link: Vec<IpNetwork>,
    /// Permanent neighbours.
    pub neighbours: Vec<Neighbour>,
    /// Circuit port of an MSEE: a `cpu` veth for each link on it.
    pub cpus: Vec<CpuVeth>,
}

/// The veth through which an MSEE's kernel takes part on a circuit's link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuVeth {
    /// The circuit.
    pub circuit: String,
    /// Kernel side: `cpu1` for the untagged link of `eth1`, `cpu1-1`, `cpu1-2`, ... for tagged ones.
    pub name: String,
    /// Far side, with XDP: `x` before it.
    pub far: String,
    /// Longest packet in bytes: the kernel's side is untagged, the router pushes and pops the tags.
    #[serde(default = "default_mtu")]
    pub mtu: u32,
    /// The MSEE's addresses on the link, IPv4 first.
    pub addresses: Vec<IpNetwork>,
    /// The customer edge, as a permanent neighbour, by each of its addresses.
    pub peers: Vec<Neighbour>,
}

/// A permanent neighbour entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    /// Its address.
    pub address: IpAddr,
    /// Its MAC address.
    pub mac: MacAddress,
}

/// A static route of an on-prem node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaticRoute {
    /// Destination.
    pub prefix: IpNetwork,
    /// Next hop, of the same family.
    pub gateway: IpAddr,
    /// Lower is preferred (primary 10, secondary 20).
    pub metric: u32,
}

/// One end of a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct End {
    /// Node name.
    pub node: String,
    /// Interface name.
    pub interface: String,
}

/// A point-to-point link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// First end (for a circuit link the customer edge's).
    pub a: End,
    /// Second end (for a circuit link the MSEE's).
    pub b: End,
    /// Circuit it belongs to.
    pub circuit: Option<String>,
    /// Tags of that circuit's frames at the second end; the wire takes them away towards the first.
    pub tags: Tags,
    /// The wire in it; `None` is a plain veth pair.
    pub wire: Option<Impairment>,
}

/// A region fabric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fabric {
    /// Bridge name in the fabric namespace: `fabric0`, `fabric1`, ...
    pub bridge: String,
    /// The VNets on it, in the order of the file: peered ones, or with VXLAN all of the region.
    pub vnets: Vec<String>,
    /// Everything plugged into it.
    pub ports: Vec<FabricPort>,
    /// What VXLAN needs to know; `None`: frames travel as they are.
    #[serde(default)]
    pub underlay: Option<Underlay>,
}

/// A fabric whose frames travel in VXLAN (RFC 7348).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Underlay {
    /// Prefix of the tunnel endpoints.
    pub prefix: Ipv4Network,
    /// The VXLAN network identifier of each VNet.
    pub vnis: BTreeMap<String, u32>,
    /// The MSEEs' tunnel endpoints, by node.
    pub msees: BTreeMap<String, Ipv4Addr>,
    /// Its hosts.
    pub hosts: Vec<FabricHost>,
}

/// A host of a VXLAN fabric: a bridge with a VM or a gateway on it, and a VXLAN device for each VNet
/// that this one reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FabricHost {
    /// Its node.
    pub node: String,
    /// Its tunnel endpoint, on `eth1`.
    pub address: Ipv4Addr,
    /// The interface of the VM or gateway behind it.
    pub guest: End,
    /// Its VXLAN devices.
    pub devices: Vec<VxlanDevice>,
}

/// A kernel's VXLAN device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VxlanDevice {
    /// VXLAN network identifier.
    pub vni: u32,
    /// The stations behind it, all of them: nothing is learned and nothing flooded.
    pub remotes: Vec<Remote>,
}

/// A station behind a VXLAN device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// Its MAC address.
    pub mac: MacAddress,
    /// The tunnel endpoint it is behind.
    pub endpoint: Ipv4Addr,
}

impl VxlanDevice {
    /// Name of the device: `vxlan5001`.
    pub fn name(&self) -> String {
        format!("vxlan{}", self.vni)
    }
}

/// One port of a fabric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FabricPort {
    /// The node's end.
    pub end: End,
    /// The wire between MSEE and region; `None` is a plain veth pair.
    pub wire: Option<Impairment>,
}

/// What a wire does to each frame, the same in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impairment {
    /// One-way delay.
    pub delay: Duration,
}

/// A flow whose equal-cost choice the lab fixes: probes from `vm` to `destination` leave by the
/// MSEE of `path`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcmpPin {
    /// The sending VM's node name.
    pub vm: String,
    /// The address it sends to.
    pub destination: Ipv4Addr,
    /// Which MSEE is the first hop.
    pub path: MseePath,
}
