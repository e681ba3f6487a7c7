//! The two maps that are not part of the banked image: slot to interface, and slot to punt socket.
//!
//! They change in place, an entry at a time and atomically (both are arrays of pointers under RCU).
//! A slot is entered before the image that uses it, and what a retired slot leads to does not
//! matter: no image in force names it.

use std::os::fd::BorrowedFd;

use aya::{
    Ebpf,
    maps::{DevMap, Map, MapData, MapError, XskMap, xdp::XdpMapError},
};

use super::BoundPort;

/// A slot cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum SlotsError {
    /// The object lacks a map or has another type in its place.
    #[error("the eBPF object has no usable map {map}: rebuild it with `make ebpf`")]
    Map {
        /// Name of the map.
        map: &'static str,
        #[source]
        /// What aya said.
        source: MapError,
    },
    /// The map from slot to interface.
    #[error("cannot enter interface `{interface}` in EGRESS")]
    Egress {
        /// Interface name.
        interface: String,
        #[source]
        /// What the kernel said.
        source: XdpMapError,
    },
}

/// The maps.
pub(super) struct Slots {
    egress: DevMap<MapData>,
    punt: XskMap<MapData>,
}

impl Slots {
    /// Takes the maps out of the object.
    pub(super) fn take(ebpf: &mut Ebpf) -> Result<Self, SlotsError> {
        Ok(Self { egress: take(ebpf, "EGRESS")?, punt: take(ebpf, "PUNT")? })
    }

    /// Enters ports, before the image that uses them.
    pub(super) fn admit(&mut self, ports: &[BoundPort]) -> Result<(), SlotsError> {
        for port in ports {
            self.egress.set(port.slot, port.ifindex, None, 0).map_err(|source| {
                SlotsError::Egress { interface: port.interface.clone(), source }
            })?;
        }
        Ok(())
    }

    /// Directs the punts of a slot to a socket.
    pub(super) fn bind_punt(&mut self, slot: u32, socket: BorrowedFd<'_>) -> Result<(), MapError> {
        self.punt.set(slot, socket, 0)
    }
}

fn take<T: TryFrom<Map, Error = MapError>>(
    ebpf: &mut Ebpf,
    map: &'static str,
) -> Result<T, SlotsError> {
    ebpf.take_map(map)
        .ok_or_else(|| MapError::InvalidName { name: map.to_owned() })
        .and_then(T::try_from)
        .map_err(|source| SlotsError::Map { map, source })
}
