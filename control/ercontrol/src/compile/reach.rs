//! What is in service, and who reaches whom: the view all parts of the compiler share.
//!
//! A connection is in effect when its circuit is provisioned and has its private peering, and its
//! gateway has an instance up. FastPath changes nothing here: a gateway with both instances down
//! announces nothing, so its VNets are unreachable, direct or not.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use desired::{GatewayInstance, GatewayNextHop, InstanceState, MacAddress, Tags, Tunnel};
use ipnetwork::{IpNetwork, Ipv4Network};

use super::family::Family;
use crate::{
    resource::{
        CircuitPeering, Connection, ExpressRouteCircuit, FabricHost, GatewayHost, NetworkInterface,
        ResourceId, Router, Sku, VirtualNetwork, VirtualNetworkGateway, VirtualNetworkPeering,
        circuit_peering::PRIVATE_PEERING,
        router::{CircuitCable, FabricCable, Path},
        service_tag::tags,
        virtual_network::Subnet,
        virtual_network_gateway::INSTANCES,
    },
    resources::Resources,
};

/// Offset of the first gateway instance in the GatewaySubnet; the second follows it.
const FIRST_INSTANCE: u32 = 12;
/// Offset of the first primary MSEE in the GatewaySubnet; `.5` is the secondary, `.6` and `.7` a
/// second pair.
const FIRST_MSEE: u32 = 4;

/// The view.
#[derive(Debug)]
pub struct Reach<'a> {
    /// Circuits in service, by id.
    pub circuits: BTreeMap<&'a ResourceId, Circuit<'a>>,
    /// VNets that have a gateway, by the gateway's id; in service or not.
    pub hubs: Vec<Hub<'a>>,
    /// The MSEEs, primary first, then by name.
    pub edges: Vec<Edge<'a>>,
    /// The hosts of VXLAN fabrics, by id.
    pub hosts: Vec<(&'a ResourceId, &'a FabricHost)>,
    /// All network interfaces, also of VNets without a gateway: (VNet, network interface).
    pub machines: Vec<(&'a ResourceId, &'a ResourceId)>,
    /// Pairs of peered VNets, each in both orders.
    peered: BTreeSet<(&'a ResourceId, &'a ResourceId)>,
}

/// A circuit in service.
#[derive(Debug)]
pub struct Circuit<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its two links.
    pub peering: &'a CircuitPeering,
    /// Bits per second of each link.
    pub bandwidth: Option<u64>,
    /// The tags on both.
    pub tags: Tags,
}

/// A VNet with a gateway, and the spokes that use it.
#[derive(Debug)]
pub struct Hub<'a> {
    /// The gateway.
    pub gateway: &'a ResourceId,
    /// Its size.
    pub sku: Sku,
    /// Its GatewaySubnet.
    pub subnet: Subnet,
    /// Its instances whose host is known.
    pub instances: Vec<GatewayInstance>,
    /// Its own VNet.
    pub network: Network<'a>,
    /// The VNets that use it, by id.
    pub spokes: Vec<Network<'a>>,
    /// Its connections in effect: highest weight first, then by circuit name.
    pub links: Vec<Link<'a>>,
}

/// A VNet.
#[derive(Debug)]
pub struct Network<'a> {
    /// Its id.
    pub id: &'a ResourceId,
    /// Its address spaces, sorted.
    pub prefixes: &'a [IpNetwork],
    /// Its VMs whose MAC address is known.
    pub machines: Vec<Machine<'a>>,
}

/// A VM.
#[derive(Debug)]
pub struct Machine<'a> {
    /// The id of its network interface.
    pub id: &'a ResourceId,
    /// Its name.
    pub name: &'a str,
    /// Its addresses.
    pub nic: &'a NetworkInterface,
    /// Its MAC address.
    pub mac: MacAddress,
}

/// The addresses that a hub's VNets know an MSEE by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdgeAddresses {
    /// `.4` or `.5` of the GatewaySubnet.
    pub ipv4: Ipv4Addr,
    /// `::4` or `::5` of its IPv6 prefix, if it has one.
    pub ipv6: Option<Ipv6Addr>,
}

/// A connection in effect.
#[derive(Debug)]
pub struct Link<'a> {
    /// The connection.
    pub connection: &'a ResourceId,
    /// Its circuit.
    pub circuit: &'a ResourceId,
    /// Its routing weight.
    pub weight: u32,
    /// Whether it asks for FastPath.
    pub bypass: bool,
}

/// An MSEE and its cables that are in use.
#[derive(Debug)]
pub struct Edge<'a> {
    /// Its name.
    pub name: &'a str,
    /// Which link of its circuits it serves.
    pub path: Path,
    /// Cables of circuits in service, by interface and circuit.
    pub cables: Vec<Cable<'a>>,
    /// Its cables to fabrics.
    pub fabrics: &'a [FabricCable],
}

/// A cable to a customer edge, and what tells its frames from others of the interface.
#[derive(Clone, Debug)]
pub struct Cable<'a> {
    /// What the plumbing says.
    pub plumbing: &'a CircuitCable,
    /// Name of the link: interface and tags. No two of a router have the same.
    pub port: String,
    /// The tags.
    pub tags: Tags,
}

impl<'a> Reach<'a> {
    /// Looks at all resources.
    pub fn new(resources: &'a Resources) -> Self {
        let circuits = circuits(resources);
        let hubs = hubs(resources, &circuits);
        let edges = edges(resources, &circuits);
        let mut peered = BTreeSet::new();
        for (spoke, hub, _) in peerings(resources) {
            peered.extend([(spoke, hub), (hub, spoke)]);
        }
        let hosts = resources.all::<FabricHost>().map(|(resource, host)| (&resource.id, host));
        let machines = resources.all::<NetworkInterface>();
        let machines = machines.map(|(resource, nic)| (&nic.subnet.network, &resource.id));
        Self { circuits, hubs, edges, hosts: hosts.collect(), machines: machines.collect(), peered }
    }

    /// Whether a connection is in effect.
    pub fn in_effect(&self, connection: &ResourceId) -> bool {
        self.hubs.iter().flat_map(|hub| &hub.links).any(|link| link.connection == connection)
    }

    /// Whether two VNets are peered, or the same.
    pub fn on_link(&self, a: &ResourceId, b: &ResourceId) -> bool {
        a == b || self.peered.contains(&(a, b))
    }

    /// The VNets peered with this one.
    pub fn peers(&self, id: &'a ResourceId) -> impl Iterator<Item = &'a ResourceId> {
        self.peered.iter().filter(move |(a, _)| *a == id).map(|(_, b)| *b)
    }

    /// Whether a circuit in service carries a family.
    pub fn carries(&self, circuit: &ResourceId, family: Family) -> bool {
        let circuit = self.circuits.get(circuit);
        circuit.is_some_and(|it| family == Family::Ipv4 || it.peering.ipv6.is_some())
    }

    /// The addresses that a hub's VNets know an MSEE by, out of its GatewaySubnet.
    pub fn edge_addresses(&self, hub: &Hub<'_>, edge: &Edge<'_>) -> Option<EdgeAddresses> {
        let (hub, path) = (hub.network.id, edge.path);
        let mut pairs = self.edges.iter().filter(|e| e.path == path && e.fabric(hub).is_some());
        let pair = u32::try_from(pairs.position(|e| e.name == edge.name)?).ok()?;
        let offset = FIRST_MSEE + 2 * pair + u32::from(path == Path::Secondary);
        let Subnet { ipv4, ipv6 } = self.hubs.iter().find(|h| h.network.id == hub)?.subnet;
        (offset < FIRST_INSTANCE).then_some(EdgeAddresses {
            ipv4: ipv4.nth(offset)?,
            ipv6: ipv6.and_then(|ipv6| ipv6.nth(offset.into())),
        })
    }
}

impl EdgeAddresses {
    /// The one of a family.
    pub fn of(self, family: Family) -> Option<IpAddr> {
        match family {
            Family::Ipv4 => Some(self.ipv4.into()),
            Family::Ipv6 => self.ipv6.map(IpAddr::from),
        }
    }
}

impl Machine<'_> {
    /// Its addresses.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.nic.addresses()
    }
}

impl Hub<'_> {
    /// Whether its gateway speaks a family: without an MSEE's address in it nothing could be routed.
    pub fn speaks(&self, family: Family) -> bool {
        family == Family::Ipv4 || self.subnet.ipv6.is_some()
    }

    /// Its instances in service, all of them behind one tunnel or none.
    pub fn next_hops(&self, tunnel: Option<&Tunnel>) -> Vec<GatewayNextHop> {
        self.instances
            .iter()
            .filter(|instance| instance.state == InstanceState::Up)
            .map(|instance| GatewayNextHop {
                address: instance.address,
                mac: Some(instance.mac),
                tunnel: tunnel.cloned(),
            })
            .collect()
    }

    /// Its own VNet and its spokes.
    pub fn networks(&self) -> impl Iterator<Item = &Network<'_>> {
        std::iter::once(&self.network).chain(&self.spokes)
    }
}

impl<'a> Edge<'a> {
    /// The interface towards the fabric of a VNet.
    pub fn fabric(&self, network: &ResourceId) -> Option<&'a str> {
        self.cable(network).map(|cable| cable.interface.as_str())
    }

    /// The cable to the fabric of a VNet.
    pub fn cable(&self, network: &ResourceId) -> Option<&'a FabricCable> {
        self.fabrics.iter().find(|cable| cable.networks.contains(network))
    }

    /// Whether it serves a circuit.
    pub fn serves(&self, circuit: &ResourceId) -> bool {
        self.cables.iter().any(|cable| cable.plumbing.circuit == *circuit)
    }

    /// A hub's connections to circuits this MSEE serves, most preferred first; none when the hub is
    /// not on one of its fabrics.
    pub fn links<'h>(&self, hub: &'h Hub<'h>) -> Vec<&'h Link<'h>> {
        if self.fabric(hub.network.id).is_none() {
            return Vec::new();
        }
        hub.links.iter().filter(|link| self.serves(link.circuit)).collect()
    }
}

fn circuits(resources: &Resources) -> BTreeMap<&ResourceId, Circuit<'_>> {
    resources
        .all::<CircuitPeering>()
        .filter(|(resource, _)| resource.id.name().eq_ignore_ascii_case(PRIVATE_PEERING))
        .filter_map(|(resource, peering)| {
            let circuit = resources.get(&resource.id.parent()?)?;
            let ordered = resources.find::<ExpressRouteCircuit>(&circuit.id)?;
            let bandwidth = ordered.bandwidth;
            let tags = tags(peering, &circuit.held)?;
            let in_service = circuit.held.provisioned;
            let name = circuit.id.name();
            in_service.then(|| (&circuit.id, Circuit { name, peering, bandwidth, tags }))
        })
        .collect()
}

/// Peerings whose two sides exist: (VNet, remote VNet, whether the first uses the second's gateway).
fn peerings(resources: &Resources) -> Vec<(&ResourceId, &ResourceId, bool)> {
    let sides: Vec<_> = resources
        .all::<VirtualNetworkPeering>()
        .filter_map(|(resource, side)| {
            let local = &resources.get(&resource.id.parent()?)?.id;
            let remote = &resources.get(&side.remote)?.id;
            Some((local, remote, side))
        })
        .collect();
    sides
        .iter()
        .filter_map(|(local, remote, side)| {
            let (_, _, other) = sides.iter().find(|(a, b, _)| a == remote && b == local)?;
            let uses = side.use_remote_gateways && other.allow_gateway_transit;
            Some((*local, *remote, uses))
        })
        .collect()
}

fn network<'a>(resources: &'a Resources, id: &ResourceId) -> Option<Network<'a>> {
    let id = &resources.get(id)?.id;
    let machines = resources
        .all::<NetworkInterface>()
        .filter(|(_, nic)| nic.subnet.network == *id)
        .filter_map(|(resource, nic)| {
            Some(Machine { id: &resource.id, name: resource.id.name(), nic, mac: nic.mac? })
        })
        .collect();
    Some(Network { id, prefixes: &resources.find::<VirtualNetwork>(id)?.prefixes, machines })
}

fn hubs<'a>(
    resources: &'a Resources,
    circuits: &BTreeMap<&'a ResourceId, Circuit<'a>>,
) -> Vec<Hub<'a>> {
    let peerings = peerings(resources);
    let hub = |(resource, gateway): (&'a crate::resource::Resource, &'a VirtualNetworkGateway)| {
        let network_id = &gateway.subnet.network;
        let subnet = resources.find::<VirtualNetwork>(network_id)?.subnet(&gateway.subnet.name)?;
        let spokes = peerings
            .iter()
            .filter(|(_, remote, uses)| *uses && *remote == network_id)
            .filter_map(|(spoke, _, _)| network(resources, spoke))
            .collect();
        let instances = instances(resources, resource, subnet.ipv4);
        let any_up = instances.iter().any(|instance| instance.state == InstanceState::Up);
        Some(Hub {
            gateway: &resource.id,
            sku: gateway.sku,
            subnet,
            instances,
            network: network(resources, network_id)?,
            spokes,
            links: if any_up { links(resources, &resource.id, circuits) } else { Vec::new() },
        })
    };
    resources.all::<VirtualNetworkGateway>().filter_map(hub).collect()
}

fn instances(
    resources: &Resources,
    gateway: &crate::resource::Resource,
    subnet: Ipv4Network,
) -> Vec<GatewayInstance> {
    let host = resources.all::<GatewayHost>().find(|(_, host)| host.gateway == gateway.id);
    let macs = host.map_or(&[][..], |(_, host)| &host.instances);
    macs.iter()
        .take(INSTANCES)
        .zip(FIRST_INSTANCE..)
        .enumerate()
        .filter_map(|(index, (mac, offset))| {
            let failed = gateway.held.failed_instances.contains(&index);
            let state = if failed { InstanceState::Failed } else { InstanceState::Up };
            Some(GatewayInstance { address: subnet.nth(offset)?, mac: *mac, state })
        })
        .collect()
}

fn links<'a>(
    resources: &'a Resources,
    gateway: &ResourceId,
    circuits: &BTreeMap<&'a ResourceId, Circuit<'a>>,
) -> Vec<Link<'a>> {
    let mut links: Vec<Link<'a>> = resources
        .all::<Connection>()
        .filter(|(_, connection)| connection.gateway == *gateway)
        .filter_map(|(resource, connection)| {
            let (circuit, _) = circuits.get_key_value(&connection.circuit)?;
            Some(Link {
                connection: &resource.id,
                circuit,
                weight: connection.routing_weight,
                bypass: connection.bypass,
            })
        })
        .collect();
    links
        .sort_by_key(|link| (std::cmp::Reverse(link.weight), link.circuit.name(), link.connection));
    links
}

fn edges<'a>(
    resources: &'a Resources,
    circuits: &BTreeMap<&'a ResourceId, Circuit<'a>>,
) -> Vec<Edge<'a>> {
    let mut edges: Vec<Edge<'a>> = resources
        .all::<Router>()
        .map(|(resource, router)| Edge {
            name: resource.id.name(),
            path: router.path,
            cables: cables(router, circuits),
            fabrics: &router.fabric_ports,
        })
        .collect();
    edges.sort_by_key(|edge| (edge.path, edge.name));
    edges
}

/// The cables in use. Two links of one name would be one port for two customers: the rules refuse
/// it, and here the later one is not used.
fn cables<'a>(
    router: &'a Router,
    circuits: &BTreeMap<&'a ResourceId, Circuit<'a>>,
) -> Vec<Cable<'a>> {
    let mut cables: Vec<Cable<'a>> = Vec::new();
    for plumbing in &router.circuit_ports {
        let Some(&Circuit { tags, .. }) = circuits.get(&plumbing.circuit) else { continue };
        let port = format!("{}{tags}", plumbing.interface);
        if cables.iter().all(|cable| cable.port != port) {
            cables.push(Cable { plumbing, port, tags });
        }
    }
    cables
}
