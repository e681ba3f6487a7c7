//! Names: what they may consist of, how long they are, that each is there once.

use crate::topology::{
    located::Located,
    mistake::{Mistake, NameRule, PlanError},
};

use super::Checker;

/// Longest name of a lab or a node: two of them, the run directory and `.sock` fit the 107 bytes of
/// a Unix socket's path.
const LONGEST_NAME: usize = 32;

/// Sockets and namespaces of these names are erlab's own.
const RESERVED: [&str; 4] = ["fabric", "control", "dataplane", "agent"];

impl Checker<'_> {
    pub(super) fn names(&self) -> Result<(), PlanError> {
        let topology = self.topology;
        let vnets = &topology.expressroute.vnets;
        self.name(&topology.name, "lab")?;

        let nodes = topology.topology.nodes.iter().map(|(name, _)| (name, "node"));
        let gateways = vnets.iter().filter_map(|(_, vnet)| vnet.gateway.as_ref());
        let gateways = gateways.map(|gateway| (&gateway.name, "gateway"));
        let vms = vnets.iter().flat_map(|(_, vnet)| vnet.vms.iter().map(|(name, _)| (name, "VM")));
        self.unique(nodes.chain(gateways).chain(vms))?;

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
            self.name(name, what)?;
            if seen.iter().any(|earlier| earlier.eq_ignore_ascii_case(name)) {
                return self.fail(name.span, Mistake::DuplicateName(name.value.clone()));
            }
            seen.push(name);
        }
        Ok(())
    }

    fn name(&self, name: &Located<String>, what: &'static str) -> Result<(), PlanError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let rule = if !first || !name.bytes().all(plain) {
            // A dot in a name is refused by bpffs with EPERM, a slash ends a path.
            NameRule::Characters
        } else if name.len() > LONGEST_NAME {
            NameRule::Length(LONGEST_NAME)
        } else if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
            NameRule::Reserved
        } else {
            return Ok(());
        };
        self.fail(name.span, Mistake::Name { name: name.value.clone(), what, rule })
    }
}
