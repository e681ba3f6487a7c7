//! The desired state as the packet thread reads it: built once, never changed.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use desired::{GatewayState, InstanceState, MacAddress, Revision};

/// What a gateway forwards, ready for lookups.
#[derive(Debug)]
pub struct Snapshot {
    /// Revision of the desired state.
    pub revision: Revision,
    /// Number of this snapshot in this process: the same revision may be sent again.
    pub sequence: u64,
    instances: Vec<Instance>,
    /// A map for each IP version: the short key costs less to hash, and most packets have it.
    ipv4: HashMap<Ipv4Addr, Endpoint>,
    ipv6: HashMap<Ipv6Addr, Endpoint>,
}

/// One instance of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// `.12` or `.13` of the GatewaySubnet.
    pub address: Ipv4Addr,
    /// Its MAC address on the fabric.
    pub mac: [u8; 6],
    /// Whether it forwards; else it drops what reaches it.
    pub in_service: bool,
}

/// A VM behind the gateway.
#[derive(Debug)]
pub struct Endpoint {
    /// Its MAC address.
    pub mac: [u8; 6],
    /// Packets handed to the transmit ring for the VM, over all snapshots that know it.
    delivered: Arc<AtomicU64>,
    vm: String,
}

/// A desired state that cannot be forwarded by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Two instances would take the same frames.
    #[error("two instances of gateway {gateway} have the MAC address {mac}")]
    DuplicateMac {
        /// Name of the gateway.
        gateway: String,
        /// The address.
        mac: MacAddress,
    },
    /// A frame to a group address reaches every station.
    #[error("{owner} has the MAC address {mac}, a group address: the lowest bit of the first byte")]
    GroupMac {
        /// The VM or instance.
        owner: String,
        /// The address.
        mac: MacAddress,
    },
    /// The state of another kind of dataplane.
    #[error("the state is not one for an ergw: ercontrol has another kind under this name")]
    Kind,
}

impl Snapshot {
    /// Prepares `state`. VMs that `previous` knows keep their counters.
    pub fn build(
        revision: Revision,
        state: &GatewayState,
        previous: Option<&Self>,
    ) -> Result<Self, StateError> {
        let mut instances: Vec<Instance> = Vec::with_capacity(state.instances.len());
        for instance in &state.instances {
            let mac = instance.mac.0;
            if instances.iter().any(|other| other.mac == mac) {
                let gateway = state.gateway.clone();
                return Err(StateError::DuplicateMac { gateway, mac: instance.mac });
            }
            unicast(instance.mac, || format!("instance {}", instance.address))?;
            let in_service = instance.state == InstanceState::Up;
            instances.push(Instance { address: instance.address, mac, in_service });
        }
        let mut counters: HashMap<String, Arc<AtomicU64>> = previous
            .into_iter()
            .flat_map(Self::by_vm)
            .map(|(vm, delivered)| (vm.to_owned(), Arc::clone(delivered)))
            .collect();
        let mut ipv4 = HashMap::new();
        let mut ipv6 = HashMap::new();
        for (address, endpoint) in &state.endpoints {
            unicast(endpoint.mac, || format!("VM {}", endpoint.vm))?;
            let vm = endpoint.vm.clone();
            // A VM with several addresses has one counter.
            let delivered = Arc::clone(counters.entry(vm.clone()).or_default());
            let endpoint = Endpoint { mac: endpoint.mac.0, delivered, vm };
            match *address {
                IpAddr::V4(address) => ipv4.insert(address, endpoint),
                IpAddr::V6(address) => ipv6.insert(address, endpoint),
            };
        }
        let sequence = previous.map_or(1, |previous| previous.sequence + 1);
        Ok(Self { revision, sequence, instances, ipv4, ipv6 })
    }

    /// The instance with a MAC address; there are two at most, so they are tried in turn.
    pub fn instance(&self, mac: [u8; 6]) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.mac == mac)
    }

    /// All instances, first to last.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The VM with an address.
    pub fn endpoint(&self, address: IpAddr) -> Option<&Endpoint> {
        match address {
            IpAddr::V4(address) => self.ipv4.get(&address),
            IpAddr::V6(address) => self.ipv6.get(&address),
        }
    }

    /// Number of VM addresses.
    pub fn endpoint_count(&self) -> usize {
        self.ipv4.len() + self.ipv6.len()
    }

    /// Packets delivered, by name of the VM.
    pub fn delivered(&self) -> BTreeMap<String, u64> {
        self.by_vm()
            .map(|(vm, delivered)| (vm.to_owned(), delivered.load(Ordering::Relaxed)))
            .collect()
    }

    fn by_vm(&self) -> impl Iterator<Item = (&str, &Arc<AtomicU64>)> {
        let endpoints = self.ipv4.values().chain(self.ipv6.values());
        endpoints.map(|endpoint| (endpoint.vm.as_str(), &endpoint.delivered))
    }
}

impl Endpoint {
    /// Name of the VM.
    pub fn vm(&self) -> &str {
        &self.vm
    }

    /// Counts one delivered packet. Only the packet thread writes, so no atomic addition is needed.
    pub fn count(&self) {
        let delivered = self.delivered.load(Ordering::Relaxed);
        self.delivered.store(delivered.wrapping_add(1), Ordering::Relaxed);
    }
}

fn unicast(mac: MacAddress, owner: impl FnOnce() -> String) -> Result<(), StateError> {
    let [first, ..] = mac.0;
    if first & 1 == 0 { Ok(()) } else { Err(StateError::GroupMac { owner: owner(), mac }) }
}

#[cfg(test)]
mod tests;
