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
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
};

use abi::{
    image::{PortKey, UNTAGGED},
    limits,
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
    /// Far end of a `cpu` veth, whose near end holds the MSEE's address in its kernel.
    Cpu,
}

/// A port, bound to an interface of this namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundPort {
    /// Slot in the image, 1 or higher.
    pub slot: u32,
    /// Name of the port: its key in the desired state; a `cpu` port's interface.
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
        let (outer, inner) = match self.tags {
            Tags::Untagged => (UNTAGGED, UNTAGGED),
            Tags::Dot1q { vlan } => (UNTAGGED, vlan),
            Tags::Qinq { service, customer, .. } => (service, customer),
        };
        PortKey { ifindex: self.ifindex, outer, inner }
    }

    /// Bytes of the longest IP packet that it carries, for the image.
    pub fn ip_mtu(&self) -> u16 {
        u16::try_from(self.mtu.saturating_sub(self.tags.length())).unwrap_or(u16::MAX)
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
fn wanted(state: &MseeState) -> Result<BTreeMap<&str, Wanted<'_>>, BindPortsError> {
    let mut wanted = BTreeMap::new();
    for (name, circuit) in &state.circuit_ports {
        let (interface, tags) = (circuit.interface.as_str(), circuit.tags);
        check_vlans(name, tags)?;
        wanted.insert(name.as_str(), Wanted { interface, tags, kind: PortKind::Circuit });
        if let Some(cpu) = &circuit.cpu {
            let (tags, kind) = (Tags::Untagged, PortKind::Cpu);
            wanted.insert(cpu.as_str(), Wanted { interface: cpu.as_str(), tags, kind });
        }
    }
    for name in state.fabric_ports.keys() {
        let (tags, kind) = (Tags::Untagged, PortKind::Fabric);
        wanted.insert(name.as_str(), Wanted { interface: name.as_str(), tags, kind });
    }
    Ok(wanted)
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
    let mut keys: HashMap<PortKey, &str> = HashMap::new();
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
        let (slot, name_owned, interface) = (0, name.to_owned(), interface.to_owned());
        let port = BoundPort { slot, name: name_owned, interface, ifindex, tags, mac, mtu, kind };
        if let Some(first) = keys.insert(port.key(), name) {
            let (first, second) = (first.to_owned(), name.to_owned());
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
