//! Links: their ends, and the two paths of each circuit.

use std::{collections::BTreeSet, fmt::Display, net::Ipv4Addr, time::Duration};

use desired::Tags;
use ipnetwork::{Ipv4Network, Ipv6Network};

use crate::topology::{
    addressing::{Slash30, Slash126, nth, nth6},
    file::{Circuit, Kind, LinkSpec, NodeSpec},
    located::{Located, Span},
    mistake::{Mistake, MtuRule, NameRule, PlanError},
    plan::{End, MTU, MseePath},
};

use super::Checker;

/// Longest name of an interface: IFNAMSIZ less the terminating zero.
const LONGEST_INTERFACE: usize = 15;

/// Longest IPv6 prefix with room for a host and its customer edge.
const LONGEST_HOST_IPV6: u8 = 126;

/// A link whose ends and addresses are known.
pub(in crate::topology) enum ResolvedLink<'t> {
    /// From a customer edge to a host.
    Host(HostLink),
    /// From a customer edge to an MSEE.
    Circuit(CircuitLink<'t>),
}

/// A link between a customer edge and a host.
pub(in crate::topology) struct HostLink {
    /// The ends as the file orders them.
    pub(in crate::topology) ends: [End; 2],
    /// The customer edge's end.
    pub(in crate::topology) customer: End,
    /// First address of the host's subnet.
    pub(in crate::topology) customer_address: Ipv4Network,
    /// The host's end.
    pub(in crate::topology) host: End,
    /// The host's address.
    pub(in crate::topology) host_address: Ipv4Network,
    /// IPv6 addresses of customer edge and host.
    pub(in crate::topology) ipv6: Option<[Ipv6Network; 2]>,
    /// Longest packet in bytes, tags not counted.
    pub(in crate::topology) mtu: u32,
    /// Declared delay.
    pub(in crate::topology) delay: Option<Duration>,
}

/// One of the two links of a circuit.
pub(in crate::topology) struct CircuitLink<'t> {
    /// Name of the circuit.
    pub(in crate::topology) circuit: &'t Located<String>,
    /// Its place among the file's circuits.
    pub(in crate::topology) circuit_index: usize,
    /// Which of the two.
    pub(in crate::topology) path: MseePath,
    /// Addresses of the link.
    pub(in crate::topology) addresses: Slash30,
    /// Its IPv6 addresses.
    pub(in crate::topology) ipv6: Option<Slash126>,
    /// Tags of its frames at the MSEE.
    pub(in crate::topology) tags: Tags,
    /// The customer edge's end.
    pub(in crate::topology) customer: End,
    /// The MSEE's end.
    pub(in crate::topology) msee: End,
    /// Longest packet in bytes, tags not counted.
    pub(in crate::topology) mtu: u32,
    /// Declared delay.
    pub(in crate::topology) delay: Option<Duration>,
}

impl<'t> Checker<'t> {
    pub(super) fn links(&self) -> Result<Vec<ResolvedLink<'t>>, PlanError> {
        let mut interfaces = BTreeSet::new();
        let mut links = Vec::new();
        for link in &self.topology.topology.links {
            let [a, b] = link.endpoints.value.as_slice() else {
                return self.fail(link.endpoints.span, Mistake::Endpoint);
            };
            let ends = [self.end(a)?, self.end(b)?];
            for (text, (_, node)) in [a, b].into_iter().zip(&ends) {
                // Circuits may share a port of an MSEE; how is looked at when all are known.
                let shareable = node.kind.value == Kind::Msee && link.circuit.is_some();
                if !interfaces.insert(text.as_str()) && !shareable {
                    return self.fail(text.span, Mistake::InterfaceTwice(text.value.clone()));
                }
            }
            let [a, b] = ends;
            links.push(self.link(link, a, b)?);
        }
        Ok(links)
    }

    fn link(
        &self,
        link: &'t LinkSpec,
        (a, a_node): (End, &NodeSpec),
        (b, b_node): (End, &NodeSpec),
    ) -> Result<ResolvedLink<'t>, PlanError> {
        self.mtu(link.mtu.as_ref(), MtuRule::Link)?;
        let mtu = link.mtu.as_ref().map_or(MTU, |mtu| mtu.value);
        let carried = (mtu, link.impair.map(|impair| impair.delay.0));
        let kinds = (a_node.kind.value, b_node.kind.value, &link.circuit);
        match kinds {
            (Kind::Onprem, Kind::Msee, Some(circuit)) => {
                self.circuit_link(circuit, a, b, b_node, carried)
            }
            (Kind::Msee, Kind::Onprem, Some(circuit)) => {
                self.circuit_link(circuit, b, a, a_node, carried)
            }
            (Kind::Onprem, Kind::Host, None) => {
                self.host_link([a.clone(), b.clone()], a, (b, b_node), carried)
            }
            (Kind::Host, Kind::Onprem, None) => {
                self.host_link([a.clone(), b.clone()], b, (a, a_node), carried)
            }
            (Kind::Onprem, Kind::Msee, None) | (Kind::Msee, Kind::Onprem, None) => {
                self.fail(link.endpoints.span, Mistake::Link("a link to an MSEE needs `circuit:`"))
            }
            (_, _, circuit) => self.fail(
                circuit.as_ref().map_or(link.endpoints.span, |circuit| circuit.span),
                Mistake::Link("these two nodes cannot be linked so"),
            ),
        }
    }

    fn circuit_link(
        &self,
        name: &'t Located<String>,
        customer: End,
        msee: End,
        msee_node: &NodeSpec,
        (mtu, delay): (u32, Option<Duration>),
    ) -> Result<ResolvedLink<'t>, PlanError> {
        let circuits = &self.topology.expressroute.circuits;
        self.known("circuit", name, circuits.names())?;
        let found = circuits.iter().enumerate().find(|(_, (key, _))| *key == name);
        let (Some((circuit_index, (_, circuit))), Some(path)) = (found, &msee_node.path) else {
            // Both were checked before; a caller that skips the check gets the same answer.
            return self.fail(name.span, Mistake::MissingKey("path"));
        };
        let (prefix, prefix6) = match path.value {
            MseePath::Primary => (&circuit.primary, &circuit.primary6),
            MseePath::Secondary => (&circuit.secondary, &circuit.secondary6),
        };
        let ipv6 = prefix6.as_ref().map(|prefix| Slash126(prefix.value.0));
        let addresses = Slash30(prefix.value.0);
        let (path, tags) = (path.value, circuit.tags());
        Ok(ResolvedLink::Circuit(CircuitLink {
            circuit: name,
            circuit_index,
            path,
            addresses,
            ipv6,
            tags,
            customer,
            msee,
            mtu,
            delay,
        }))
    }

    fn host_link(
        &self,
        ends: [End; 2],
        customer: End,
        (host, host_node): (End, &NodeSpec),
        (mtu, delay): (u32, Option<Duration>),
    ) -> Result<ResolvedLink<'t>, PlanError> {
        let Some(address) = &host_node.ipv4 else {
            return self.fail(host_node.kind.span, Mistake::MissingKey("ipv4"));
        };
        let host_address = address.value.0;
        let first = nth(host_address, 1);
        if host_address.prefix() > 30 {
            let mistake = Mistake::PrefixLength {
                prefix: host_address.to_string(),
                expected: "prefix of at most 30 bits, with room for the customer edge",
            };
            return self.fail(address.span, mistake);
        }
        let edges: [Ipv4Addr; 2] = [host_address.network(), host_address.broadcast()];
        if first == host_address.ip() || edges.contains(&host_address.ip()) {
            let owner = if first == host_address.ip() {
                format!("{} (the first of the subnet)", customer.node)
            } else {
                "the subnet itself".to_owned()
            };
            let address_text = host_address.ip().to_string();
            return self.fail(address.span, Mistake::AddressTwice { address: address_text, owner });
        }
        // The length is the host's own, so this cannot fail.
        let customer_address =
            Ipv4Network::new(first, host_address.prefix()).unwrap_or(host_address);
        Ok(ResolvedLink::Host(HostLink {
            ends,
            customer,
            customer_address,
            host,
            host_address,
            ipv6: self.host_ipv6(host_node)?,
            mtu,
            delay,
        }))
    }

    /// The IPv6 addresses of a host and of its customer edge, the first of the subnet.
    fn host_ipv6(&self, host: &NodeSpec) -> Result<Option<[Ipv6Network; 2]>, PlanError> {
        let Some(prefix) = &host.ipv6 else { return Ok(None) };
        let address = prefix.value.0;
        let customer = nth6(address, 1);
        if address.prefix() > LONGEST_HOST_IPV6 {
            let expected = "prefix of at most 126 bits, with room for the customer edge";
            let mistake = Mistake::PrefixLength { prefix: address.to_string(), expected };
            return self.fail(prefix.span, mistake);
        }
        let owner = match address.ip() {
            ip if ip == customer => "the customer edge (the first of the subnet)",
            ip if ip == address.network() => "the subnet itself",
            // The length is the host's own, so this cannot fail.
            _ => {
                return Ok(Ipv6Network::new(customer, address.prefix()).ok().map(|c| [c, address]));
            }
        };
        let mistake =
            Mistake::AddressTwice { address: address.ip().to_string(), owner: owner.to_owned() };
        self.fail(prefix.span, mistake)
    }

    /// Reads `node:interface`.
    fn end(&self, text: &Located<String>) -> Result<(End, &'t NodeSpec), PlanError> {
        let Some((node, interface)) = text.split_once(':').filter(|(_, name)| !name.is_empty())
        else {
            return self.fail(text.span, Mistake::Endpoint);
        };
        let nodes = &self.topology.topology.nodes;
        let Some(spec) = nodes.find(node) else {
            let name = Located { value: node.to_owned(), span: text.span };
            self.known("node", &name, nodes.names())?;
            return self.fail(text.span, Mistake::Endpoint);
        };
        self.interface_name(interface, text.span, spec.kind.value)?;
        Ok((End { node: node.to_owned(), interface: interface.to_owned() }, spec))
    }

    fn interface_name(&self, name: &str, span: Span, kind: Kind) -> Result<(), PlanError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        // `cpuN` and the fabric ports are named after an MSEE's ethN.
        let ethernet = name.strip_prefix("eth").and_then(|number| number.parse::<u16>().ok());
        let ethernet =
            ethernet.is_some_and(|number| (1..1000).contains(&number)) && !name.starts_with("eth0");
        let rule = if !name.bytes().all(plain) || name == "lo" {
            NameRule::Characters
        } else if name.len() > LONGEST_INTERFACE {
            NameRule::Length(LONGEST_INTERFACE)
        } else if kind == Kind::Msee && !ethernet {
            NameRule::Ethernet
        } else {
            return Ok(());
        };
        self.fail(span, Mistake::Name { name: name.to_owned(), what: "interface", rule })
    }

    /// That each circuit has two /30s and one link on each path.
    pub(super) fn circuits(&self, links: &[ResolvedLink<'_>]) -> Result<(), PlanError> {
        for (name, circuit) in self.topology.expressroute.circuits.iter() {
            let Circuit { primary, secondary, primary6, secondary6, bandwidth, .. } = circuit;
            if bandwidth.megabits().is_none() {
                return self.fail(bandwidth.span, Mistake::Bandwidth(bandwidth.to_string()));
            }
            for prefix in [primary, secondary] {
                self.no_host_bits(prefix, prefix.masked())?;
                self.link_length(prefix, prefix.prefix() == 30, "/30")?;
            }
            self.two_links(primary, secondary)?;
            for prefix in [primary6, secondary6].into_iter().flatten() {
                self.no_host_bits(prefix, prefix.masked())?;
                self.link_length(prefix, prefix.prefix() == 126, "/126")?;
            }
            self.needs(primary6.as_ref(), "secondary6", secondary6.as_ref())?;
            self.needs(secondary6.as_ref(), "primary6", primary6.as_ref())?;
            if let (Some(primary), Some(secondary)) = (primary6, secondary6) {
                self.two_links(primary, secondary)?;
            }
            self.circuit_paths(name, links)?;
        }
        Ok(())
    }

    fn link_length(
        &self,
        prefix: &Located<impl Display>,
        right: bool,
        expected: &'static str,
    ) -> Result<(), PlanError> {
        if right {
            return Ok(());
        }
        self.fail(prefix.span, Mistake::PrefixLength { prefix: prefix.to_string(), expected })
    }

    fn two_links<P: PartialEq + Display>(
        &self,
        primary: &Located<P>,
        secondary: &Located<P>,
    ) -> Result<(), PlanError> {
        if primary != secondary {
            return Ok(());
        }
        let mistake = Mistake::Overlap {
            prefix: secondary.to_string(),
            other: primary.to_string(),
            owner: "the primary link".to_owned(),
        };
        self.fail(secondary.span, mistake)
    }

    fn circuit_paths(
        &self,
        name: &Located<String>,
        links: &[ResolvedLink<'_>],
    ) -> Result<(), PlanError> {
        let of_circuit = links.iter().filter_map(|link| match link {
            ResolvedLink::Circuit(link) if link.circuit == name => Some(link),
            _ => None,
        });
        let links: Vec<&CircuitLink<'_>> = of_circuit.collect();
        let count = |path| links.iter().filter(|link| link.path == path).count();
        let (span, problem) = if links.len() > 2 {
            (links.last().map(|link| link.circuit.span), "has more than two links")
        } else if count(MseePath::Primary) == 0 {
            (None, "has no link to a primary MSEE")
        } else if count(MseePath::Secondary) == 0 {
            (None, "has no link to a secondary MSEE")
        } else {
            return Ok(());
        };
        let mistake = Mistake::CircuitPaths { circuit: name.value.clone(), problem };
        self.fail(span.unwrap_or(name.span), mistake)
    }
}
