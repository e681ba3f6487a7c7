//! The two maps that are not part of the banked image: slot to interface, and slot to punt socket.
//!
//! They change in place, an entry at a time and atomically (both are arrays of pointers under RCU).
//! A slot is entered before the image that uses it, and what a retired slot leads to does not
//! matter: no image in force names it.

use std::os::fd::BorrowedFd;

use afxdp::steps::{Step, Steps};
use aya::{
    maps::{DevMap, Map, MapData, MapError, XskMap, xdp::XdpMapError},
    sys::SyscallError,
};

use super::BoundPort;

/// An interface cannot be entered in the map that packets leave by.
#[derive(Debug, thiserror::Error)]
#[error("cannot enter interface `{interface}` in EGRESS")]
pub struct SlotsError {
    /// Interface name.
    interface: String,
    #[source]
    source: XdpMapError,
}

/// The maps.
pub(super) struct Slots {
    egress: DevMap<MapData>,
    punt: XskMap<MapData>,
    steps: Steps,
}

impl Slots {
    pub(super) fn new(egress: MapData, punt: MapData, steps: Steps) -> Result<Self, MapError> {
        let (egress, punt) = (Map::from_map_data(egress)?, Map::from_map_data(punt)?);
        Ok(Self { egress: egress.try_into()?, punt: punt.try_into()?, steps })
    }

    /// Enters ports, before the image that uses them.
    pub(super) fn admit(&mut self, ports: &[BoundPort]) -> Result<(), SlotsError> {
        for port in ports {
            let entered = self.take(Step::EnterEgress).map_err(XdpMapError::from);
            entered
                .and_then(|()| self.egress.set(port.slot, port.ifindex, None, 0))
                .map_err(|source| SlotsError { interface: port.interface.clone(), source })?;
        }
        Ok(())
    }

    /// Directs the punts of a slot to a socket.
    pub(super) fn bind_punt(&mut self, slot: u32, socket: BorrowedFd<'_>) -> Result<(), MapError> {
        self.take(Step::DirectPunts)?;
        self.punt.set(slot, socket, 0)
    }

    fn take(&self, step: Step) -> Result<(), MapError> {
        let taken = self.steps.take(step);
        Ok(taken.map_err(|io_error| SyscallError { call: "bpf_map_update_elem", io_error })?)
    }
}
