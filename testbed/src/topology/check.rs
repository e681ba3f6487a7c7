//! What a file means: references, names and addresses. The first mistake found is reported.

mod joined;
mod links;
mod mtu;
mod names;
mod tags;
mod vnets;

pub(super) use links::{CircuitLink, HostLink, ResolvedLink};

use std::fmt::Display;

use super::{
    file::{Kind, Topology},
    located::{Located, Span},
    mistake::{Mistake, PlanError},
};

/// Checks the whole file and resolves its links.
pub(super) fn check(topology: &Topology) -> Result<Vec<ResolvedLink<'_>>, PlanError> {
    let checker = Checker { topology };
    checker.names()?;
    checker.node_keys()?;
    let links = checker.links()?;
    checker.circuits(&links)?;
    checker.tags(&links)?;
    checker.region_mtus()?;
    checker.port_mtus(&links)?;
    checker.vnets()?;
    checker.peerings()?;
    checker.connections()?;
    checker.tests()?;
    Ok(links)
}

struct Checker<'t> {
    topology: &'t Topology,
}

impl<'t> Checker<'t> {
    fn fail<T>(&self, span: Span, mistake: Mistake) -> Result<T, PlanError> {
        Err(PlanError::new(mistake, span, self.topology.source.clone()))
    }

    /// That `name` is one of `known`.
    fn known(
        &self,
        what: &'static str,
        name: &Located<String>,
        known: impl Iterator<Item = &'t str> + Clone,
    ) -> Result<(), PlanError> {
        if known.clone().any(|candidate| candidate == name.value) {
            return Ok(());
        }
        let known = known.map(str::to_owned).collect();
        self.fail(name.span, Mistake::Unknown { what, name: name.value.clone(), known })
    }

    /// That each node has the keys its kind needs and no others; one MSEE a path.
    fn node_keys(&self) -> Result<(), PlanError> {
        let mut paths = Vec::new();
        for (name, node) in self.topology.topology.nodes.iter() {
            let (kind, needed) = match node.kind.value {
                Kind::Onprem => ("onprem", ""),
                Kind::Host => ("host", "ipv4"),
                Kind::Msee => ("msee", "path"),
            };
            let onprem = node.kind.value == Kind::Onprem;
            let keys = [
                ("daemon", node.daemon.as_ref().map(|value| value.span), onprem),
                ("asn", node.asn.as_ref().map(|value| value.span), onprem),
                ("announce", node.announce.first().map(|value| value.span), onprem),
                ("ipv4", node.ipv4.as_ref().map(|value| value.span), needed == "ipv4"),
                ("ipv6", node.ipv6.as_ref().map(|value| value.span), needed == "ipv4"),
                ("path", node.path.as_ref().map(|value| value.span), needed == "path"),
            ];
            for (key, span, allowed) in keys {
                match span {
                    Some(span) if !allowed => {
                        return self.fail(span, Mistake::KindKey { kind, verb: "has no", key });
                    }
                    None if key == needed => {
                        return self.fail(name.span, Mistake::KindKey { kind, verb: "needs", key });
                    }
                    _ => {}
                }
            }
            if let Some(path) = &node.path {
                if paths.contains(&path.value) {
                    return self.fail(path.span, Mistake::MseeTwice(path.value.as_str()));
                }
                paths.push(path.value);
            }
            for prefix in &node.announce {
                self.no_host_bits(prefix, prefix.value.masked())?;
            }
        }
        Ok(())
    }

    /// That a prefix is written without host bits, as `masked` is.
    fn no_host_bits<P: Copy + Display, M: Display>(
        &self,
        prefix: &Located<P>,
        masked: M,
    ) -> Result<(), PlanError> {
        let (prefix_text, network) = (prefix.to_string(), masked.to_string());
        if prefix_text == network {
            return Ok(());
        }
        self.fail(prefix.span, Mistake::HostBits { prefix: prefix_text, network })
    }

    /// That a key stands beside another, of which `what` is the value.
    fn needs<T>(
        &self,
        what: Option<&Located<impl Display>>,
        key: &'static str,
        value: Option<&T>,
    ) -> Result<(), PlanError> {
        match (what, value) {
            (Some(what), None) => {
                self.fail(what.span, Mistake::Lonely { what: what.to_string(), key })
            }
            _ => Ok(()),
        }
    }

    fn connections(&self) -> Result<(), PlanError> {
        let expressroute = &self.topology.expressroute;
        let gateways = expressroute
            .vnets
            .iter()
            .filter_map(|(_, vnet)| vnet.gateway.as_ref().map(|gateway| gateway.name.as_str()));
        for (_, connection) in expressroute.connections.iter() {
            self.known("gateway", &connection.gateway, gateways.clone())?;
            self.known("circuit", &connection.circuit, expressroute.circuits.names())?;
        }
        Ok(())
    }

    fn tests(&self) -> Result<(), PlanError> {
        let nodes = self.topology.topology.nodes.names();
        let vms = self.topology.expressroute.vnets.iter().flat_map(|(_, vnet)| vnet.vms.names());
        for (_, test) in self.topology.tests.iter() {
            self.known("node", &test.from, nodes.clone().chain(vms.clone()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
