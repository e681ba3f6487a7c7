//! What the state holds that is worth a packet: who may send, what they know, where it goes.

use std::{collections::BTreeMap, net::IpAddr};

use desired::{
    Adjacency, CircuitPort, FabricPort, FabricVnet, MacAddress, MseeState, ServiceEthertype, Tags,
    VrfName,
};
use ipnetwork::IpNetwork;

use super::{dice::Dice, tunnel::Network};
use crate::{Port, PortKind, compose::Tag};

#[derive(Clone, Debug)]
pub(super) struct Atlas {
    places: BTreeMap<Kind, Vec<Place>>,
    /// By VRF and class.
    targets: BTreeMap<VrfName, BTreeMap<Class, Vec<Target>>>,
    /// Of every link, what one packet may have.
    pub(super) rooms: Vec<usize>,
    /// Every address the MSEE has for somebody.
    pub(super) own: Vec<IpAddr>,
}

/// A link or interface where frames arrive.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) ifindex: u32,
    pub(super) mac: MacAddress,
    pub(super) tags: Vec<Tag>,
    /// Its frames come in tunnels.
    pub(super) tunnel: Option<Network>,
    pub(super) senders: Vec<Sender>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Circuit,
    Fabric,
    Cpu,
    /// Of a port that the state does not name, or untagged where all links have tags.
    Unused,
}

/// Who sends, and how they see the MSEE.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    pub(super) prefixes: Vec<IpNetwork>,
    vrf: VrfName,
    pub(super) own: Vec<IpAddr>,
}

/// Routes that are alike: of one kind of next hop, of one family, and all of it known or not.
type Class = (u8, bool, bool);

#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) prefix: IpNetwork,
    /// The longest packet its next hop takes.
    pub(super) room: usize,
}

impl Atlas {
    pub(super) fn new(state: &MseeState, ports: &[Port]) -> Self {
        let survey = Survey { state, ports };
        let mut places: BTreeMap<Kind, Vec<Place>> = BTreeMap::new();
        for port in ports {
            let (kind, place) = survey.place(port);
            places.entry(kind).or_default().extend(survey.networks(port, &place));
            places.entry(kind).or_default().push(place);
            // The same interface without tags: for some a link, for others none.
            if kind == Kind::Circuit {
                let bare = Place { tags: Vec::new(), ..survey.place(port).1 };
                places.entry(Kind::Unused).or_default().push(bare);
            }
        }
        let senders = || places.values().flatten().flat_map(|place| &place.senders);
        let own = senders().flat_map(|sender| sender.own.clone()).collect();
        let targets: BTreeMap<_, _> =
            state.vrfs.keys().map(|name| (name.clone(), survey.targets(name))).collect();
        let classes = || targets.values().flat_map(BTreeMap::values);
        let rooms = classes().flatten().map(|target| target.room).collect();
        Self { places, targets, rooms, own }
    }

    pub(super) fn place(&self, dice: &mut Dice<'_>) -> Option<&Place> {
        let kind = match dice.below(100) {
            0..50 => Kind::Circuit,
            50..87 => Kind::Fabric,
            87..95 => Kind::Cpu,
            _ => Kind::Unused,
        };
        let of_kind = self.places.get(&kind).or_else(|| self.places.values().next())?;
        dice.pick(of_kind)
    }

    /// A route of the sender's own table, of any class alike.
    pub(super) fn target(
        &self,
        dice: &mut Dice<'_>,
        sender: &Sender,
        ipv6: bool,
    ) -> Option<&Target> {
        of_any_class(dice, self.targets.get(&sender.vrf)?, ipv6)
    }

    /// A route of any table.
    pub(super) fn foreign(&self, dice: &mut Dice<'_>, ipv6: bool) -> Option<&Target> {
        let tables: Vec<_> = self.targets.values().collect();
        let table = *dice.pick(&tables)?;
        of_any_class(dice, table, ipv6)
    }
}

fn of_any_class<'t>(
    dice: &mut Dice<'_>,
    table: &'t BTreeMap<Class, Vec<Target>>,
    ipv6: bool,
) -> Option<&'t Target> {
    let classes: Vec<_> =
        table.iter().filter(|(class, _)| class.1 == ipv6).map(|(_, targets)| targets).collect();
    let targets = *dice.pick(&classes)?;
    dice.pick(targets)
}

struct Survey<'s> {
    state: &'s MseeState,
    ports: &'s [Port],
}

impl Survey<'_> {
    fn place(&self, port: &Port) -> (Kind, Place) {
        let (kind, tags, senders) =
            self.users(port).unwrap_or((Kind::Unused, Tags::Untagged, Vec::new()));
        let (ifindex, mac, tags) = (port.ifindex, port.mac, on_wire(tags));
        (kind, Place { ifindex, mac, tags, tunnel: None, senders })
    }

    /// The place of each network on an underlay, twice: there is more to them.
    fn networks(&self, port: &Port, place: &Place) -> Vec<Place> {
        let fabric = self.state.fabric_ports.get(&port.name);
        let Some((fabric, underlay)) = fabric.and_then(|it| Some((it, it.vxlan.as_ref()?))) else {
            return Vec::new();
        };
        let FabricPort { vnets, vxlan: _ } = fabric;
        let vnis: std::collections::BTreeSet<u32> =
            vnets.values().filter_map(|vnet| vnet.vni).collect();
        let places = vnis.into_iter().map(|vni| Place {
            tunnel: Some(Network {
                endpoint: underlay.address.ip(),
                hosts: underlay.hosts.values().map(|host| host.address).collect(),
                vni,
            }),
            senders: vnets.values().filter(|vnet| vnet.vni == Some(vni)).map(sender).collect(),
            ..place.clone()
        });
        places.flat_map(|place| [place.clone(), place]).collect()
    }

    fn users(&self, port: &Port) -> Option<(Kind, Tags, Vec<Sender>)> {
        let MseeState { circuit_ports, fabric_ports, vrfs: _ } = self.state;
        Some(match port.kind {
            PortKind::Circuit => {
                let circuit = circuit_ports.get(&port.name)?;
                (Kind::Circuit, circuit.tags, vec![self.customer(&port.name, circuit)])
            }
            PortKind::Fabric => {
                let vnets = fabric_ports.get(&port.name)?.vnets.values();
                (Kind::Fabric, Tags::Untagged, vnets.map(sender).collect())
            }
            PortKind::Cpu => {
                let mut circuits = circuit_ports.iter();
                let (name, circuit) =
                    circuits.find(|(_, circuit)| circuit.cpu.as_ref() == Some(&port.name))?;
                (Kind::Cpu, Tags::Untagged, vec![self.customer(name, circuit)])
            }
        })
    }

    /// The customer edge, and what is routed to it.
    fn customer(&self, name: &str, circuit: &CircuitPort) -> Sender {
        let routes = self.state.vrfs.get(&circuit.vrf).map(|vrf| &vrf.routes);
        let mut prefixes: Vec<_> = routes
            .into_iter()
            .flatten()
            .filter(|(_, route)| matches!(&route.adjacency, Adjacency::Ce { port } if port == name))
            .map(|(prefix, _)| *prefix)
            .collect();
        prefixes.push(IpAddr::from(circuit.peer).into());
        prefixes.extend(circuit.ipv6.map(|link| IpNetwork::from(IpAddr::from(link.peer))));
        let own = family(circuit.address.ip(), circuit.ipv6.map(|link| link.address.ip()));
        Sender { prefixes, vrf: circuit.vrf.clone(), own }
    }

    fn targets(&self, vrf: &VrfName) -> BTreeMap<Class, Vec<Target>> {
        let mut classes: BTreeMap<Class, Vec<Target>> = BTreeMap::new();
        for (prefix, route) in self.state.vrfs.get(vrf).into_iter().flat_map(|vrf| &vrf.routes) {
            let (number, port, macs) = match &route.adjacency {
                Adjacency::Ce { port } => {
                    let circuit = self.state.circuit_ports.get(port);
                    (0, port, vec![circuit.and_then(|circuit| circuit.peer_mac)])
                }
                Adjacency::Direct { port, mac, .. } => (1, port, vec![*mac]),
                Adjacency::Gateway { port, instances, .. } => {
                    (2, port, instances.iter().map(|instance| instance.mac).collect())
                }
            };
            let class = (number, prefix.is_ipv6(), macs.iter().all(Option::is_some));
            let target = Target { prefix: *prefix, room: self.room(port) };
            classes.entry(class).or_default().push(target);
        }
        classes
    }

    fn room(&self, name: &str) -> usize {
        let mtu = self
            .ports
            .iter()
            .find(|port| port.kind != PortKind::Cpu && port.name == name)
            .map_or(1_500, |port| port.mtu);
        let tags = self.state.circuit_ports.get(name).map_or(0, |circuit| circuit.tags.length());
        let fabric = self.state.fabric_ports.get(name);
        let tunnel = fabric.and_then(|fabric| fabric.vxlan.as_ref()).map_or(0, |_| 50);
        mtu.saturating_sub(tags + tunnel) as usize
    }
}

fn sender(vnet: &FabricVnet) -> Sender {
    Sender {
        prefixes: vnet.prefixes.clone(),
        vrf: vnet.vrf.clone(),
        own: family(vnet.address, vnet.address_ipv6),
    }
}

fn family(ipv4: impl Into<IpAddr>, ipv6: Option<impl Into<IpAddr>>) -> Vec<IpAddr> {
    [Some(ipv4.into()), ipv6.map(Into::into)].into_iter().flatten().collect()
}

fn on_wire(tags: Tags) -> Vec<Tag> {
    match tags {
        Tags::Untagged => Vec::new(),
        Tags::Dot1q { vlan } => vec![(0x8100, vlan)],
        Tags::Qinq { service, customer, ethertype } => {
            let tpid = match ethertype {
                ServiceEthertype::Dot1q => 0x8100,
                ServiceEthertype::Dot1ad => 0x88a8,
            };
            vec![(tpid, service), (0x8100, customer)]
        }
    }
}
