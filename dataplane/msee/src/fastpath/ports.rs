//! Ports: which interface is which slot of the image.
//!
//! A slot is a small number that stays with its interface for as long as the desired state has it,
//! so that punt sockets and counters keep their meaning over a new image. A slot that falls free is
//! given out again only by a later image: packets of the last one may still use it.

pub(super) mod interface;

use std::{collections::BTreeMap, io};

use abi::limits;
use desired::{MacAddress, MseeState};

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
    /// Interface name.
    pub interface: String,
    /// Interface index.
    pub ifindex: u32,
    /// MAC address of the interface.
    pub mac: MacAddress,
    /// MTU of the interface in bytes.
    pub mtu: u32,
    /// What it is.
    pub kind: PortKind,
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
    /// More ports than slots.
    #[error("the desired state needs more than {} ports, cpu ports included", limits::PORTS - 1)]
    TooMany,
}

/// The far end of the `cpu` veth that belongs to a circuit port: `xcpu1` for `eth1`.
pub(super) fn cpu_of(circuit_port: &str) -> Option<String> {
    let name = circuit_port.trim_end_matches(|character: char| character.is_ascii_digit());
    let number = circuit_port.strip_prefix(name)?;
    if number.is_empty() { None } else { Some(format!("xcpu{number}")) }
}

/// Binds the ports of `state`, in slots that agree with `previous`.
pub(super) fn bind(
    state: &MseeState,
    previous: &[BoundPort],
    find: impl Fn(&str) -> io::Result<Option<Interface>>,
) -> Result<Vec<BoundPort>, BindPortsError> {
    let mut wanted = BTreeMap::new();
    for circuit in state.circuit_ports.keys() {
        wanted.insert(circuit.clone(), PortKind::Circuit);
        if let Some(cpu) = cpu_of(circuit) {
            wanted.insert(cpu, PortKind::Cpu);
        }
    }
    let fabrics = state.fabric_ports.keys().cloned();
    wanted.extend(fabrics.map(|fabric| (fabric, PortKind::Fabric)));

    let mut ports: Vec<BoundPort> = Vec::with_capacity(wanted.len());
    for (name, kind) in wanted {
        let found = match find(&name) {
            Ok(found) => found,
            Err(source) => return Err(BindPortsError::Lookup { interface: name, source }),
        };
        let Some(Interface { ifindex, mac, mtu }) = found else {
            // A circuit port without a cpu veth forwards; only what is for the MSEE is lost.
            if kind == PortKind::Cpu {
                continue;
            }
            return Err(BindPortsError::Missing { interface: name });
        };
        let kept = previous.iter().find(|port| port.interface == name).map(|port| port.slot);
        let taken = |slot: u32| previous.iter().chain(&ports).any(|port| port.slot == slot);
        let slot = kept.or_else(|| (1..limits::PORTS).find(|slot| !taken(*slot)));
        let slot = slot.ok_or(BindPortsError::TooMany)?;
        ports.push(BoundPort { slot, interface: name, ifindex, mac, mtu, kind });
    }
    ports.sort_by_key(|port| port.slot);
    Ok(ports)
}

#[cfg(test)]
mod tests;
