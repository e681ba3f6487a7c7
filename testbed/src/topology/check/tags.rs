//! VLAN tags of circuits, and the ports of MSEEs that circuits share by them.

use desired::Tags;

use crate::topology::{
    file::Circuit,
    located::Located,
    mistake::{Mistake, PlanError, TagRule},
    plan::End,
};

use super::{Checker, CircuitLink, ResolvedLink};

/// Highest VLAN number; 4095 is reserved (IEEE 802.1Q).
const HIGHEST_VLAN: u16 = 4094;

impl Checker<'_> {
    /// That each circuit's tags can be, and that circuits on one port have different ones.
    pub(super) fn tags(&self, links: &[ResolvedLink<'_>]) -> Result<(), PlanError> {
        for (name, circuit) in self.topology.expressroute.circuits.iter() {
            self.circuit_tags(name, circuit)?;
        }
        let mut earlier: Vec<&CircuitLink<'_>> = Vec::new();
        for link in links {
            let ResolvedLink::Circuit(link) = link else { continue };
            for other in earlier.iter().filter(|other| other.msee == link.msee) {
                self.apart(link, other)?;
            }
            earlier.push(link);
        }
        Ok(())
    }

    fn circuit_tags(&self, name: &Located<String>, circuit: &Circuit) -> Result<(), PlanError> {
        for vlan in [&circuit.vlan, &circuit.stag].into_iter().flatten() {
            if !(1..=HIGHEST_VLAN).contains(&vlan.value) {
                return self.fail(vlan.span, Mistake::Vlan(vlan.value));
            }
        }
        let (span, rule) = if let (Some(stag), None) = (&circuit.stag, &circuit.vlan) {
            (stag.span, TagRule::ServiceTagAlone)
        } else if let (Some(ethertype), None) = (&circuit.stag_ethertype, &circuit.stag) {
            (ethertype.span, TagRule::EthertypeAlone)
        } else if let (Some(vlan), false) = (&circuit.vlan, self.topology.expressroute.wires) {
            (vlan.span, TagRule::NoWires)
        } else {
            return Ok(());
        };
        self.fail(span, Mistake::Tags { circuit: name.value.clone(), rule })
    }

    /// That two circuits on one port can be told apart.
    fn apart(&self, link: &CircuitLink<'_>, other: &CircuitLink<'_>) -> Result<(), PlanError> {
        let End { node, interface } = &link.msee;
        let port = format!("{node}:{interface}");
        // A circuit with two links on one port has too many of them, which is found elsewhere.
        if link.circuit == other.circuit {
            return Ok(());
        }
        let other_circuit = other.circuit.value.clone();
        let mistake = match (link.tags, other.tags) {
            (Tags::Untagged, _) => Mistake::SharedUntagged {
                port,
                circuit: link.circuit.value.clone(),
                other: other_circuit,
            },
            (_, Tags::Untagged) => Mistake::SharedUntagged {
                port,
                circuit: other_circuit,
                other: link.circuit.value.clone(),
            },
            (own, others) if own.to_string() == others.to_string() => {
                Mistake::SharedTags { port: format!("{port}{own}"), other: other_circuit }
            }
            _ => return Ok(()),
        };
        self.fail(link.circuit.span, mistake)
    }
}
