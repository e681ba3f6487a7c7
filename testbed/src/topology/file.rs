//! The topology file's types, key by key as the user writes them.

use std::{net::Ipv4Addr, sync::Arc};

use desired::{ServiceEthertype, Tags};
use miette::NamedSource;
use serde::{Deserialize, Serialize};

use super::{
    located::{Entries, Located},
    plan::MseePath,
    prefix::{AnyPrefix, Prefix, Prefix6},
    quantity::{Bandwidth, Delay},
    vm_addresses::VmAddresses,
};

/// The text a topology was read from, for messages that show a line of it.
pub type Source = Arc<NamedSource<String>>;

/// A whole file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// Name of the lab: prefix of its namespaces.
    pub name: Located<String>,
    /// Nodes and links.
    pub topology: Graph,
    /// What Azure knows.
    pub expressroute: ExpressRoute,
    /// Expectations that `erlab test` checks.
    #[serde(default)]
    pub tests: Entries<Test>,
    /// The file's text. `None` when the value did not come from a file (messages then have no line).
    #[serde(skip)]
    pub source: Option<Source>,
}

/// The part of the file that is containerlab's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// Routers and hosts. VMs and gateways belong to their VNets.
    pub nodes: Entries<NodeSpec>,
    /// Point-to-point links.
    #[serde(default)]
    pub links: Vec<LinkSpec>,
}

/// A node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSpec {
    /// What it is; decides which of the other keys it needs.
    pub kind: Located<Kind>,
    /// BGP speaker of an `onprem` node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daemon: Option<Located<Daemon>>,
    /// AS number of an `onprem` node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<Located<u32>>,
    /// Prefixes an `onprem` node makes known to Azure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub announce: Vec<Located<AnyPrefix>>,
    /// Address of a `host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv4: Option<Located<Prefix>>,
    /// IPv6 address of a `host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<Located<Prefix6>>,
    /// Which path of the circuit an `msee` serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Located<MseePath>>,
}

/// Kind of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Customer edge router.
    Onprem,
    /// Customer host.
    Host,
    /// Microsoft enterprise edge router.
    Msee,
}

/// BGP speaker of a customer edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Daemon {
    /// Ours.
    #[default]
    Builtin,
    /// FRRouting.
    Frr,
    /// BIRD.
    Bird,
    /// GoBGP.
    Gobgp,
}

/// A link.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSpec {
    /// `node:interface` twice.
    pub endpoints: Located<Vec<Located<String>>>,
    /// The circuit it is one of the two links of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circuit: Option<Located<String>>,
    /// Longest packet in bytes, tags not counted; 1,500 without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<Located<u32>>,
    /// What it does to packets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impair: Option<Impair>,
}

/// Impairment of a link, the same both ways.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Impair {
    /// One-way delay.
    pub delay: Delay,
}

/// The Azure side.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpressRoute {
    /// Which documented behaviour of FastPath.
    #[serde(default)]
    pub profile: Profile,
    /// How VMs choose between the two MSEEs.
    #[serde(default)]
    pub ecmp: Ecmp,
    /// How frames cross the regions' fabrics.
    #[serde(default)]
    pub fabric: FabricKind,
    /// Whether links have their delay (`on`) or are plain veth pairs (`off`).
    #[serde(default = "on")]
    pub wires: bool,
    /// Subscription of VNets, gateways and connections.
    pub subscription: String,
    /// Resource group of VNets, gateways and connections.
    pub resource_group: String,
    /// Azure regions.
    pub regions: Entries<Region>,
    /// Circuits.
    #[serde(default)]
    pub circuits: Entries<Circuit>,
    /// VNets.
    pub vnets: Entries<Vnet>,
    /// VNet peerings.
    #[serde(default)]
    pub peerings: Vec<Peering>,
    /// Connections made at deploy.
    #[serde(default)]
    pub connections: Entries<Connection>,
}

/// Era of FastPath's rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profile {
    /// Hub addresses only.
    #[default]
    #[serde(rename = "2020")]
    Y2020,
    /// With the later additions.
    #[serde(rename = "2025")]
    Y2025,
}

/// How VMs spread flows over the MSEEs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecmp {
    /// By the 5-tuple.
    #[default]
    Flow,
    /// Repeatable: the hash's seed is searched so that the documented MSEE is the first hop.
    Lab,
}

/// How frames cross a region's fabric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FabricKind {
    /// As they are: MSEEs, gateways and VMs are stations of one bridge.
    #[default]
    Plain,
    /// In VXLAN (RFC 7348), between the MSEEs and a host before each VM and each gateway.
    Vxlan,
}

/// A region.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// One way between an MSEE and the region.
    #[serde(default)]
    pub delay: Delay,
    /// Longest packet in bytes between its MSEEs, gateways and VMs, VXLAN's headers not counted; 1,500
    /// without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<Located<u32>>,
}

/// A circuit and its private peering.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circuit {
    /// /30 of the primary link.
    pub primary: Located<Prefix>,
    /// /30 of the secondary link.
    pub secondary: Located<Prefix>,
    /// /126 of the primary link, for IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary6: Option<Located<Prefix6>>,
    /// /126 of the secondary link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secondary6: Option<Located<Prefix6>>,
    /// The customer's AS number.
    pub peer_asn: u32,
    /// Bandwidth of each link, policed in each direction.
    pub bandwidth: Located<Bandwidth>,
    /// Whether the MSEEs drop what comes from the customer with a source that he has not announced.
    #[serde(default)]
    pub source_validation: bool,
    /// The customer's VLAN (C-tag), the same on both links; without one they are untagged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan: Option<Located<u16>>,
    /// The provider's VLAN (S-tag) around it, the same on both links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stag: Option<Located<u16>>,
    /// EtherType of the S-tag: `0x8100` as Azure's MSEEs send, or `0x88a8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stag_ethertype: Option<Located<ServiceEthertype>>,
    /// Subscription, when not the gateways'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// Resource group, when not the gateways'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
}

impl Circuit {
    /// The tags of its links, as far as they make sense.
    pub fn tags(&self) -> Tags {
        let ethertype = self.stag_ethertype.as_ref().map(|ethertype| ethertype.value);
        match (&self.stag, &self.vlan) {
            (_, None) => Tags::Untagged,
            (None, Some(vlan)) => Tags::Dot1q { vlan: vlan.value },
            (Some(stag), Some(vlan)) => Tags::Qinq {
                service: stag.value,
                customer: vlan.value,
                ethertype: ethertype.unwrap_or_default(),
            },
        }
    }
}

/// A VNet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vnet {
    /// Region it is in.
    pub region: Located<String>,
    /// Address space.
    pub cidr: Located<Prefix>,
    /// IPv6 address space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cidr6: Option<Located<Prefix6>>,
    /// GatewaySubnet, /28 or larger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_subnet: Option<Located<Prefix>>,
    /// IPv6 prefix of the GatewaySubnet, a /64: without it no IPv6 of the VNet is routed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_subnet6: Option<Located<Prefix6>>,
    /// Its ExpressRoute gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Gateway>,
    /// VMs and their addresses.
    #[serde(default)]
    pub vms: Entries<Located<VmAddresses>>,
}

/// An ExpressRoute gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Its name.
    pub name: Located<String>,
    /// SKU as ARM spells it.
    pub sku: Located<String>,
}

/// A peering of two VNets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peering {
    /// The VNet with the gateway.
    pub hub: Located<String>,
    /// The VNet that uses it.
    pub spoke: Located<String>,
    /// Whether the spoke uses the hub's gateway.
    #[serde(default)]
    pub gateway_transit: bool,
}

/// A connection between a gateway and a circuit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// Name of the gateway.
    pub gateway: Located<String>,
    /// Name of the circuit.
    pub circuit: Located<String>,
    /// `expressRouteGatewayBypass`.
    #[serde(default)]
    pub fastpath: bool,
}

/// An expectation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// Node that probes.
    pub from: Located<String>,
    /// Connection without which the test does not apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<String>,
    /// The probe.
    pub traceroute: TracerouteTest,
}

/// An expected traceroute.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TracerouteTest {
    /// Destination.
    pub to: Ipv4Addr,
    /// Each hop's address; `*` for one that does not answer.
    pub hops: Vec<String>,
}

fn on() -> bool {
    true
}
