//! `Erlab.Edge/routers`: an MSEE and its cables, as the lab's plumbing reports them.
//!
//! Cables may name circuits and VNets that do not exist yet, or no more: such a cable is simply
//! not used. So plumbing and resources can come and go in any order.
//!
//! Circuits may share an interface. What tells them apart are their tags, which are the circuits'
//! own and not the plumbing's: [`crate::rules`] compares them.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

use desired::MacAddress;
use ipnetwork::{IpNetwork, Ipv4Network};

use super::{Fields, InvalidField, ResourceId};

/// An MSEE; its name is the name the `msee` program reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// Which of the two links of its circuits it serves.
    pub path: Path,
    /// Cables to customer edges, sorted by interface and circuit.
    pub circuit_ports: Vec<CircuitCable>,
    /// Cables to region fabrics, sorted by interface.
    pub fabric_ports: Vec<FabricCable>,
}

/// One of a circuit's two paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// First /30; `.4` of the GatewaySubnet.
    Primary,
    /// Second /30; `.5` of the GatewaySubnet.
    Secondary,
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        })
    }
}

impl FromStr for Path {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "primary" => Ok(Self::Primary),
            "secondary" => Ok(Self::Secondary),
            _ => Err(()),
        }
    }
}

/// A cable to a customer edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircuitCable {
    /// Interface of the MSEE.
    pub interface: String,
    /// The circuit the link belongs to.
    pub circuit: ResourceId,
    /// Far end of the `cpu` veth that belongs to the link.
    pub cpu: Option<String>,
    /// MAC address of the customer edge.
    pub peer_mac: MacAddress,
    /// Prefixes behind the customer edge, sorted.
    pub static_routes: Vec<IpNetwork>,
}

/// A cable to a region fabric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FabricCable {
    /// Interface of the MSEE.
    pub interface: String,
    /// The VNets on that fabric, sorted.
    pub networks: Vec<ResourceId>,
    /// How its frames travel in VXLAN (RFC 7348); without one they travel as they are.
    pub vxlan: Option<Vxlan>,
}

/// An MSEE's end of a VXLAN fabric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vxlan {
    /// The MSEE's tunnel endpoint and the underlay's prefix.
    pub address: Ipv4Network,
    /// The network identifier of each of the cable's VNets, all different.
    pub vnis: BTreeMap<ResourceId, u32>,
}

impl Router {
    pub(super) fn parse(body: &Fields<'_>) -> Result<Self, InvalidField> {
        let properties = body.object("properties")?;
        let expected = "primary or secondary";
        let path = properties.parsed("path", expected)?;
        let mut router = Self {
            path: properties.required("path", path, "write primary or secondary")?,
            circuit_ports: Vec::new(),
            fabric_ports: Vec::new(),
        };
        for item in properties.list("circuitPorts")? {
            router.circuit_ports.push(CircuitCable::parse(&item.object()?)?);
        }
        for item in properties.list("fabricPorts")? {
            router.fabric_ports.push(FabricCable::parse(&item.object()?)?);
        }
        router
            .circuit_ports
            .sort_by(|a, b| (&a.interface, &a.circuit).cmp(&(&b.interface, &b.circuit)));
        router.fabric_ports.sort_by(|a, b| a.interface.cmp(&b.interface));
        router.check_unique(&properties)?;
        Ok(router)
    }

    fn check_unique(&self, properties: &Fields<'_>) -> Result<(), InvalidField> {
        // A fabric port is untagged and has its interface to itself; circuits may share one.
        let mut seen: BTreeSet<&String> =
            self.circuit_ports.iter().map(|port| &port.interface).collect();
        let mut fabric = self.fabric_ports.iter().map(|port| &port.interface);
        if let Some(interface) = fabric.find(|interface| !seen.insert(*interface)) {
            return Err(properties.invalid(
                "fabricPorts",
                &format!("has interface {interface}, which another port is on"),
                "give each fabric an interface of its own",
            ));
        }
        let mut seen = BTreeSet::new();
        let mut cables = self.circuit_ports.iter();
        if let Some(twice) = cables.find(|cable| !seen.insert((&cable.interface, &cable.circuit))) {
            return Err(properties.invalid(
                "circuitPorts",
                &format!("has circuit {} on {} twice", twice.circuit.name(), twice.interface),
                "list each circuit once for each interface",
            ));
        }
        let mut seen = BTreeSet::new();
        let mut veths = self.circuit_ports.iter().filter_map(|cable| cable.cpu.as_ref());
        if let Some(cpu) = veths.find(|cpu| !seen.insert(*cpu)) {
            return Err(properties.invalid(
                "circuitPorts",
                &format!("has cpuInterface {cpu} twice"),
                "give each link a cpu veth of its own: by it the kernel knows whose packet it has",
            ));
        }
        let mut seen = BTreeSet::new();
        let mut networks = self.fabric_ports.iter().flat_map(|port| &port.networks);
        if let Some(network) = networks.find(|network| !seen.insert(*network)) {
            return Err(properties.invalid(
                "fabricPorts",
                &format!("has VNet {} twice", network.name()),
                "a VNet lies on one fabric",
            ));
        }
        Ok(())
    }
}

fn interface(fields: &Fields<'_>) -> Result<String, InvalidField> {
    let name = fields.text("interface")?;
    Ok(fields.required("interface", name, "name the MSEE's interface, such as eth1")?.to_owned())
}

impl CircuitCable {
    fn parse(fields: &Fields<'_>) -> Result<Self, InvalidField> {
        let circuit = fields.reference("circuit")?;
        let mac = fields.parsed("peerMacAddress", "a MAC address such as 02:00:00:00:00:01")?;
        let mut static_routes = Vec::new();
        for item in fields.list("staticRoutes")? {
            static_routes.push(item.prefix()?);
        }
        static_routes.sort_unstable();
        static_routes.dedup();
        Ok(Self {
            interface: interface(fields)?,
            circuit: fields.required("circuit", circuit, "give the circuit's id")?,
            cpu: fields.text("cpuInterface")?.map(ToOwned::to_owned),
            peer_mac: fields.required("peerMacAddress", mac, "give the customer edge's MAC")?,
            static_routes,
        })
    }
}

impl FabricCable {
    fn parse(fields: &Fields<'_>) -> Result<Self, InvalidField> {
        let vxlan = fields.item("vxlan");
        let mut networks = Vec::new();
        let mut vnis: BTreeMap<ResourceId, u32> = BTreeMap::new();
        for item in fields.list("virtualNetworks")? {
            let network = item.reference()?;
            let item = item.object()?;
            let vni = item.number("vni", 1..=LARGEST_VNI)?;
            if vxlan.is_none() && vni.is_some() {
                return Err(item.invalid(
                    "vni",
                    "has no meaning on a plain fabric",
                    "leave it out, or give the port `vxlan`",
                ));
            }
            if vxlan.is_some() {
                const CURE: &str = "give the VNet a network identifier of its own, such as 5001";
                let vni = item.required("vni", vni, CURE)?;
                if vnis.values().any(|other| *other == vni) {
                    return Err(item.invalid("vni", "is another VNet's too", CURE));
                }
                vnis.insert(network.clone(), vni);
            }
            networks.push(network);
        }
        networks.sort_unstable();
        let vxlan = match vxlan {
            Some(item) => Some(Vxlan { address: endpoint(&item.object()?)?, vnis }),
            None => None,
        };
        Ok(Self { interface: interface(fields)?, networks, vxlan })
    }
}

/// A network identifier has 24 bits; 0 is kept for frames of no VNet.
const LARGEST_VNI: u32 = (1 << 24) - 1;

/// A tunnel endpoint with its prefix.
fn endpoint(fields: &Fields<'_>) -> Result<Ipv4Network, InvalidField> {
    const CURE: &str = "give the MSEE's address and the underlay's prefix, such as 100.64.0.1/16";
    let address = fields.parsed("address", "an address with its prefix, such as 100.64.0.1/16")?;
    let address: Ipv4Network = fields.required("address", address, CURE)?;
    let is_host = address.prefix() <= 30
        && address.ip() != address.network()
        && address.ip() != address.broadcast();
    if is_host {
        Ok(address)
    } else {
        Err(fields.invalid("address", &format!("({address}) is no host's"), CURE))
    }
}

#[cfg(test)]
mod tests;
