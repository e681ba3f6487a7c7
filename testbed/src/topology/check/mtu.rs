//! MTUs of links and regions.

use crate::topology::{
    file::FabricKind,
    located::Located,
    mistake::{Mistake, MtuRule, PlanError},
};

use super::{Checker, CircuitLink, ResolvedLink};

impl Checker<'_> {
    /// That an MTU is one that hosts take and MSEEs forward.
    pub(super) fn mtu(&self, mtu: Option<&Located<u32>>, rule: MtuRule) -> Result<(), PlanError> {
        match mtu {
            Some(mtu) if !rule.range().contains(&mtu.value) => {
                self.fail(mtu.span, Mistake::Mtu { mtu: mtu.value, rule })
            }
            _ => Ok(()),
        }
    }

    /// The MTUs of the regions.
    pub(super) fn region_mtus(&self) -> Result<(), PlanError> {
        let rule = match self.topology.expressroute.fabric {
            FabricKind::Plain => MtuRule::Region,
            FabricKind::Vxlan => MtuRule::VxlanRegion,
        };
        let mut regions = self.topology.expressroute.regions.iter();
        regions.try_for_each(|(_, region)| self.mtu(region.mtu.as_ref(), rule))
    }

    /// That circuits on one port of an MSEE have one MTU: it is the port's.
    pub(super) fn port_mtus(&self, links: &[ResolvedLink<'_>]) -> Result<(), PlanError> {
        let mut earlier: Vec<&CircuitLink<'_>> = Vec::new();
        for link in links {
            let ResolvedLink::Circuit(link) = link else { continue };
            let other = earlier.iter().find(|other| other.msee == link.msee);
            if let Some(other) = other.filter(|other| other.mtu != link.mtu) {
                let mistake = Mistake::SharedMtu {
                    port: format!("{}:{}", link.msee.node, link.msee.interface),
                    mtu: link.mtu,
                    circuit: other.circuit.value.clone(),
                    other: other.mtu,
                };
                return self.fail(link.circuit.span, mistake);
            }
            earlier.push(link);
        }
        Ok(())
    }
}
