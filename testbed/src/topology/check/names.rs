//! Names: that each can be one, and is there once.

use crate::topology::{
    file::FabricKind,
    located::Located,
    mistake::{Mistake, NameRule, PlanError},
    name,
    planner::host_name,
};

use super::Checker;

impl Checker<'_> {
    pub(super) fn names(&self) -> Result<(), PlanError> {
        let topology = self.topology;
        let vnets = &topology.expressroute.vnets;
        self.name(&topology.name, "lab", name::lab)?;

        let nodes = topology.topology.nodes.iter().map(|(name, _)| (name, "node"));
        let gateways = vnets.iter().filter_map(|(_, vnet)| vnet.gateway.as_ref());
        let gateways = gateways.map(|gateway| (&gateway.name, "gateway"));
        let vms = vnets.iter().flat_map(|(_, vnet)| vnet.vms.iter().map(|(name, _)| (name, "VM")));
        let guests = gateways.chain(vms);
        let all = nodes.chain(guests.clone());
        self.unique(all.clone())?;
        if topology.expressroute.fabric == FabricKind::Vxlan {
            self.not_a_hosts(all, &guests)?;
        }

        let expressroute = &topology.expressroute;
        self.unique(expressroute.regions.iter().map(|(name, _)| (name, "region")))?;
        self.unique(expressroute.circuits.iter().map(|(name, _)| (name, "circuit")))?;
        self.unique(vnets.iter().map(|(name, _)| (name, "VNet")))?;
        self.unique(expressroute.connections.iter().map(|(name, _)| (name, "connection")))
    }

    /// That each can be a name and none is there twice; ARM does not tell upper from lower case.
    fn unique<'a>(
        &self,
        names: impl Iterator<Item = (&'a Located<String>, &'static str)>,
    ) -> Result<(), PlanError> {
        let mut seen: Vec<&str> = Vec::new();
        for (name, what) in names {
            self.name(name, what, name::any)?;
            if seen.iter().any(|earlier| earlier.eq_ignore_ascii_case(name)) {
                return self.fail(name.span, Mistake::DuplicateName(name.value.clone()));
            }
            seen.push(name);
        }
        Ok(())
    }

    /// That no name is the one of a host, which each guest has.
    fn not_a_hosts<'a>(
        &self,
        names: impl Iterator<Item = (&'a Located<String>, &'static str)>,
        guests: &(impl Iterator<Item = (&'a Located<String>, &'static str)> + Clone),
    ) -> Result<(), PlanError> {
        for (name, _) in names {
            let host = |guest: &str| host_name(guest).eq_ignore_ascii_case(name);
            if let Some((guest, _)) = guests.clone().find(|(guest, _)| host(guest)) {
                let (name, guest) = (name.clone(), guest.value.clone());
                return self.fail(name.span, Mistake::HostName { name: name.value, guest });
            }
        }
        Ok(())
    }

    /// That a name keeps `rule`.
    fn name(
        &self,
        name: &Located<String>,
        what: &'static str,
        rule: fn(&str) -> Result<(), NameRule>,
    ) -> Result<(), PlanError> {
        rule(name).or_else(|rule| {
            self.fail(name.span, Mistake::Name { name: name.value.clone(), what, rule })
        })
    }
}
