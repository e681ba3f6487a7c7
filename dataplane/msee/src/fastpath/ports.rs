//! Ports: which link, on which interface and with which tags, is which slot of the image.
//!
//! A slot is a small number that stays with its port for as long as the desired state has it, so that
//! what a packet was punted with keeps its meaning over a new image. A slot that falls free is given
//! out again only by a later image: packets of the last one may still use it.
//!
//! What makes a port the same one is what arrives for it, an interface's index and tags. That is in
//! the image, so slots stay over a restart too. Only when its interface was made anew, which then has
//! another index, is a port known by its name. Not else: a name that moves to another interface would
//! move the slot, and with it what packets of the last image are sent to.

pub(super) mod interface;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
};

use abi::{
    image::{PortKey, UNTAGGED},
    limits,
    tunnel::{LAST_VNI, OVERHEAD},
};
use desired::{MacAddress, MseeState, Tags};

use interface::Interface;

/// What a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortKind {
    /// Towards a customer edge.
    Circuit,
    /// On a region fabric.
    Fabric,
    /// On the underlay of a region fabric whose frames travel in VXLAN.
    Underlay,
    /// What travels there with this VNI: a fabric port of its own.
    Vxlan {
        /// VXLAN network identifier.
        vni: u32,
    },
    /// Far end of a `cpu` veth, whose near end holds the MSEE's address in its kernel.
    Cpu,
}

/// A port, bound to an interface of this namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundPort {
    /// Slot in the image, 1 or higher.
    pub slot: u32,
    /// Name of the port: its key in the desired state; a `cpu` port's interface; what travels in VXLAN
    /// has the underlay's with the VNI behind it (`eth2.vni5001`).
    pub name: String,
    /// Interface name.
    pub interface: String,
    /// Interface index.
    pub ifindex: u32,
    /// The tags its frames carry.
    pub tags: Tags,
    /// MAC address of the interface.
    pub mac: MacAddress,
    /// MTU of the interface in bytes, tags included.
    pub mtu: u32,
    /// What it is.
    pub kind: PortKind,
}

impl BoundPort {
    /// What arrives for it.
    pub fn key(&self) -> PortKey {
        if let PortKind::Vxlan { vni } = self.kind {
            return PortKey::in_tunnel(self.ifindex, vni);
        }
        let (outer, inner) = match self.tags {
            Tags::Untagged => (UNTAGGED, UNTAGGED),
            Tags::Dot1q { vlan } => (UNTAGGED, vlan),
            Tags::Qinq { service, customer, .. } => (service, customer),
        };
        PortKey { ifindex: self.ifindex, outer, inner }
    }

    /// Bytes of the longest IP packet that it carries, for the image.
    pub fn ip_mtu(&self) -> u16 {
        let tunnel = match self.kind {
            PortKind::Vxlan { .. } => OVERHEAD,
            _ => 0,
        };
        let less = self.tags.length() + u32::from(tunnel);
        u16::try_from(self.mtu.saturating_sub(less)).unwrap_or(u16::MAX)
    }

    /// Whether VNets are behind it.
    pub fn is_fabric(&self) -> bool {
        matches!(self.kind, PortKind::Fabric | PortKind::Vxlan { .. })
    }
}

/// The ports of a desired state cannot be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindPortsError {
    /// The namespace has no such interface.
    #[error("the desired state has a port `{interface}`, but this namespace has no such interface")]
    Missing {
        /// Interface name.
        interface: String,
    },
    /// The kernel does not answer.
    #[error("cannot look up interface `{interface}` (ioctl)")]
    Lookup {
        /// Interface name.
        interface: String,
        #[source]
        /// What the kernel said.
        source: io::Error,
    },
    /// Frames longer than a port forwards.
    #[error(
        "`{interface}` has an MTU of {mtu}, and no longer frames are forwarded than one of {max} \
         lets through: ip link set {interface} mtu {max}",
        max = limits::MTU
    )]
    Mtu {
        /// Interface name.
        interface: String,
        /// Its MTU.
        mtu: u32,
    },
    /// A VLAN id that no VLAN has.
    #[error("port `{port}` has the VLAN id {vlan}: 1 to 4094 are VLANs")]
    Vlan {
        /// Name of the port.
        port: String,
        /// The id.
        vlan: u16,
    },
    /// A VNI that no network has.
    #[error("VNet `{vnet}` on `{port}` has the VNI {vni}: 1 to {LAST_VNI} are networks")]
    Vni {
        /// Name of the fabric port.
        port: String,
        /// Name of the VNet.
        vnet: String,
        /// The VNI.
        vni: u32,
    },
    /// Two links that no frame could tell apart.
    #[error("`{first}` and `{second}` are on one interface with the same tags")]
    SameTags {
        /// One port.
        first: String,
        /// The other port.
        second: String,
    },
    /// More ports than slots.
    #[error("the desired state needs more than {} ports, cpu ports included", limits::PORTS - 1)]
    TooMany,
}

/// A port that the desired state asks for.
struct Wanted<'a> {
    interface: &'a str,
    tags: Tags,
    kind: PortKind,
}

/// The ports of `state`, by name.
fn wanted(state: &MseeState) -> Result<BTreeMap<Cow<'_, str>, Wanted<'_>>, BindPortsError> {
    let mut wanted = BTreeMap::new();
    for (name, circuit) in &state.circuit_ports {
        let (interface, tags) = (circuit.interface.as_str(), circuit.tags);
        check_vlans(name, tags)?;
        wanted.insert(Cow::from(name), Wanted { interface, tags, kind: PortKind::Circuit });
        if let Some(cpu) = &circuit.cpu {
            let (tags, kind) = (Tags::Untagged, PortKind::Cpu);
            wanted.insert(Cow::from(cpu), Wanted { interface: cpu, tags, kind });
        }
    }
    for (name, fabric) in &state.fabric_ports {
        let port = |kind| Wanted { interface: name, tags: Tags::Untagged, kind };
        if fabric.vxlan.is_none() {
            wanted.insert(Cow::from(name), port(PortKind::Fabric));
            continue;
        }
        wanted.insert(Cow::from(name), port(PortKind::Underlay));
        for (vnet, vni) in fabric.vnets.iter().filter_map(|(name, vnet)| Some((name, vnet.vni?))) {
            if !(1..=LAST_VNI).contains(&vni) {
                let (port, vnet) = (name.clone(), vnet.clone());
                return Err(BindPortsError::Vni { port, vnet, vni });
            }
            wanted.insert(Cow::from(vxlan_name(name, vni)), port(PortKind::Vxlan { vni }));
        }
    }
    Ok(wanted)
}

/// Name of the port for what travels with a VNI on an underlay.
pub(super) fn vxlan_name(underlay: &str, vni: u32) -> String {
    format!("{underlay}.vni{vni}")
}

fn check_vlans(port: &str, tags: Tags) -> Result<(), BindPortsError> {
    let vlans = match tags {
        Tags::Untagged => return Ok(()),
        Tags::Dot1q { vlan } => [vlan, vlan],
        Tags::Qinq { service, customer, .. } => [service, customer],
    };
    match vlans.into_iter().find(|vlan| !(1..=4_094).contains(vlan)) {
        Some(vlan) => Err(BindPortsError::Vlan { port: port.to_owned(), vlan }),
        None => Ok(()),
    }
}

/// Binds the ports of `state`, in slots that agree with `previous`.
pub(super) fn bind(
    state: &MseeState,
    previous: &[BoundPort],
    find: impl Fn(&str) -> io::Result<Option<Interface>>,
) -> Result<Vec<BoundPort>, BindPortsError> {
    let mut interfaces: BTreeMap<&str, Option<Interface>> = BTreeMap::new();
    let mut keys: HashMap<PortKey, String> = HashMap::new();
    let mut ports: Vec<BoundPort> = Vec::new();
    for (name, Wanted { interface, tags, kind }) in wanted(state)? {
        let found = if let Some(found) = interfaces.get(interface) {
            *found
        } else {
            let found = find(interface).map_err(|source| BindPortsError::Lookup {
                interface: interface.to_owned(),
                source,
            })?;
            interfaces.insert(interface, found);
            found
        };
        let Some(Interface { ifindex, mac, mtu }) = found else {
            // A circuit port without a cpu veth forwards; only what is for the MSEE is lost.
            if kind == PortKind::Cpu {
                continue;
            }
            return Err(BindPortsError::Missing { interface: interface.to_owned() });
        };
        if mtu as usize > limits::MTU {
            return Err(BindPortsError::Mtu { interface: interface.to_owned(), mtu });
        }
        let (slot, name, interface) = (0, name.into_owned(), interface.to_owned());
        let port = BoundPort { slot, name, interface, ifindex, tags, mac, mtu, kind };
        if let Some(first) = keys.insert(port.key(), port.name.clone()) {
            let second = port.name;
            return Err(BindPortsError::SameTags { first, second });
        }
        ports.push(port);
    }
    give_slots(&mut ports, previous)?;
    ports.sort_by_key(|port| port.slot);
    Ok(ports)
}

/// Gives each port the slot it had, else one that no port had.
fn give_slots(ports: &mut [BoundPort], previous: &[BoundPort]) -> Result<(), BindPortsError> {
    let by_key: HashMap<PortKey, u32> =
        previous.iter().map(|port| (port.key(), port.slot)).collect();
    for port in ports.iter_mut() {
        port.slot = by_key.get(&port.key()).copied().unwrap_or_default();
    }
    let kept: BTreeSet<u32> = ports.iter().map(|port| port.slot).collect();
    let by_name: HashMap<(&str, &str), u32> = previous
        .iter()
        .filter(|port| !kept.contains(&port.slot))
        .map(|port| ((port.name.as_str(), port.interface.as_str()), port.slot))
        .collect();
    let had: BTreeSet<u32> = previous.iter().map(|port| port.slot).collect();
    let mut free = (1..limits::PORTS).filter(|slot| !had.contains(slot));
    for port in ports.iter_mut().filter(|port| port.slot == 0) {
        let known = by_name.get(&(port.name.as_str(), port.interface.as_str())).copied();
        port.slot = known.or_else(|| free.next()).ok_or(BindPortsError::TooMany)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
