//! One fixture or more for each verdict of the program.

use std::{collections::BTreeSet, net::Ipv4Addr};

use abi::{
    image::{ADJACENCY_DROP, Adjacency, LEAF, Node},
    limits,
    verdict::{self, Stage, Verdict},
};
use aya::maps::{Array, Map, MapData};
use etherparse::IpFragOffset;
use msee::fastpath::Neighbours;

use crate::{
    fixtures::{
        Fixture,
        Output::{self, Dropped, Forwarded, Punted, Unmodified},
        fixture,
    },
    frames::{Packet, TCP, arp, checksummed, ethernet},
    namespace::{Namespace, ip},
    rig::{self, CE, ETH1, ETH2, ETH3, GATEWAY, HUB_VM, Rig, mac},
};

const HERE: [u8; 4] = [172, 16, 1, 2];
const CUSTOMER: [u8; 4] = [172, 16, 1, 1];
const VM: [u8; 4] = [10, 255, 10, 4];
const MSEE_OF_VNET: [u8; 4] = [10, 255, 0, 4];
const NOWHERE: [u8; 4] = [8, 8, 8, 8];

/// From the customer to the hub VM.
fn to_vm() -> Packet {
    Packet::udp(ETH1, CUSTOMER, VM)
}

/// From the hub VM to the customer.
fn to_customer() -> Packet {
    Packet::udp(ETH2, VM, CUSTOMER)
}

const BY_FASTPATH: Output = Forwarded { to: HUB_VM, from: ETH2 };
const BY_CIRCUIT: Output = Forwarded { to: CE, from: ETH1 };

fn port() -> Vec<Fixture> {
    use Verdict::{PortGroup, PortNotIp, PortTagged, PortTruncated, PortWrongMac, SourceUnknown};
    let packet = to_vm().bytes();
    let ipv4 = &packet[14..];
    let tagged = |ethertype| ethernet(mac(ETH1), ethertype, &[&[0, 100, 8, 0], ipv4].concat());
    let foreign = Packet { destination_mac: mac(0x77), ..to_vm() }.bytes();
    let stranger = Packet::udp(ETH2, [192, 0, 2, 1], CUSTOMER).bytes();
    let group = |destination_mac, packet| Packet { destination_mac, ..packet }.bytes();
    let dhcp = group([0xff; 6], Packet::udp(ETH2, [0; 4], [255; 4]));
    let to_us = group([0xff; 6], Packet::echo(ETH1, CUSTOMER, HERE));
    let multicast = [0x01, 0x00, 0x5e, 0, 0, 5];
    vec![
        fixture("an 802.1Q tag", "eth1", tagged(0x8100), PortTagged, Dropped),
        fixture("an 802.1ad tag", "eth1", tagged(0x88a8), PortTagged, Dropped),
        fixture("a flooded frame", "eth1", foreign, PortWrongMac, Dropped),
        fixture("a broadcast frame", "eth1", group([0xff; 6], to_vm()), PortGroup, Dropped),
        fixture("a multicast frame", "eth1", group(multicast, to_vm()), PortGroup, Dropped),
        fixture("a broadcast frame to the MSEE itself", "eth1", to_us, PortGroup, Dropped),
        fixture("DHCP of a VM", "eth2", dhcp, PortGroup, Dropped),
        fixture("LLDP", "eth1", ethernet(mac(ETH1), 0x88cc, &[0; 46]), PortNotIp, Dropped),
        fixture("19 bytes of IPv4", "eth1", packet[..33].to_vec(), PortTruncated, Dropped),
        fixture("no byte of IPv4", "eth1", packet[..14].to_vec(), PortTruncated, Dropped),
        fixture("a source in no VNet", "eth2", stranger, SourceUnknown, Dropped),
    ]
}

fn check() -> Vec<Fixture> {
    use Verdict::{
        CheckChecksum, CheckHeaderLength, CheckMartianDestination, CheckMartianSource,
        CheckTotalLength, CheckVersion, ForwardedDirect,
    };
    let good = to_vm();
    let mut broken = good.bytes();
    broken[24] ^= 1;
    let total = u8::try_from(good.bytes().len() - 14).unwrap();
    let length = |total: u8| good.bytes_with(3, total);
    let padded = |frame: &[u8]| [frame, &[0; 30]].concat();
    let mut all = vec![
        fixture("version 6", "eth1", good.bytes_with(0, 0x65), CheckVersion, Dropped),
        fixture("4 words of header", "eth1", good.bytes_with(0, 0x44), CheckHeaderLength, Dropped),
        fixture(
            "header past the frame",
            "eth1",
            good.bytes_with(0, 0x4f),
            CheckHeaderLength,
            Dropped,
        ),
        fixture("a flipped checksum bit", "eth1", broken, CheckChecksum, Dropped),
        fixture("total length 19", "eth1", length(19), CheckTotalLength, Dropped),
        fixture("1 byte missing", "eth1", length(total + 1), CheckTotalLength, Dropped),
        fixture("as long as it says", "eth1", length(total), ForwardedDirect, BY_FASTPATH),
        fixture("1 byte of padding", "eth1", length(total - 1), ForwardedDirect, BY_FASTPATH),
        fixture("30 bytes of padding", "eth1", padded(&good.bytes()), ForwardedDirect, BY_FASTPATH),
        fixture(
            "total length under a longer header",
            "eth1",
            checksummed({
                let mut frame = good.clone().with(|header| options(header, 8)).bytes();
                frame[17] = 24;
                frame
            }),
            CheckTotalLength,
            Dropped,
        ),
    ];
    for first in [0, 127, 224, 239, 240, 255] {
        let source = good.clone().with(|header| header.source[0] = first).bytes();
        let destination = good.clone().with(|header| header.destination[0] = first).bytes();
        all.push(fixture("a martian source", "eth1", source, CheckMartianSource, Dropped));
        all.push(fixture(
            "a martian destination",
            "eth1",
            destination,
            CheckMartianDestination,
            Dropped,
        ));
    }
    for words in 1..=10 {
        let packet = good.clone().with(|header| options(header, words * 4));
        let mut flipped = packet.bytes();
        *flipped.get_mut(14 + 20).unwrap() ^= 0x80;
        all.push(fixture("options pass", "eth1", packet.bytes(), ForwardedDirect, BY_FASTPATH));
        all.push(fixture(
            "options are covered by the checksum",
            "eth1",
            flipped,
            CheckChecksum,
            Dropped,
        ));
    }
    all
}

/// Options without meaning, one of them of an impossible length.
fn options(header: &mut etherparse::Ipv4Header, length: usize) {
    let bytes: Vec<u8> = [0x44, 0xff, 1, 0].into_iter().cycle().take(length).collect();
    header.options = bytes.as_slice().try_into().unwrap();
}

fn local() -> Vec<Fixture> {
    use Verdict::{
        LocalArp, LocalEcho, LocalFromKernel, LocalKernel, LocalNoCpu, LocalUnreachable,
    };
    let ttl =
        |ttl| Packet::udp(ETH1, CUSTOMER, HERE).with(|header| header.time_to_live = ttl).bytes();
    let bgp = Packet::udp(ETH1, CUSTOMER, HERE).with(|header| header.protocol = TCP).bytes();
    let fragment = Packet::echo(ETH1, CUSTOMER, HERE).with(|header| header.more_fragments = true);
    let reply = Packet { payload: vec![0; 16], ..Packet::echo(ETH1, CUSTOMER, HERE) }.bytes();
    let echo = Packet::echo(ETH1, CUSTOMER, HERE);
    let no_cpu = Packet::udp(ETH3, CUSTOMER, [172, 16, 3, 2]).bytes();
    let anything = ethernet(mac(CE), 0x88cc, &[1, 2, 3]);
    let vnet = Packet::udp(ETH2, VM, MSEE_OF_VNET).bytes();
    let vnet_echo = Packet::echo(ETH2, VM, MSEE_OF_VNET).with(|header| header.time_to_live = 1);
    vec![
        fixture("BGP to the MSEE", "eth1", bgp, LocalKernel, Unmodified),
        fixture("a TTL of 1 to the MSEE itself", "eth1", ttl(1), LocalKernel, Unmodified),
        fixture("a TTL of 0 to the MSEE itself", "eth1", ttl(0), LocalKernel, Unmodified),
        fixture("a fragment of an echo request", "eth1", fragment.bytes(), LocalKernel, Unmodified),
        fixture("an echo reply", "eth1", reply, LocalKernel, Unmodified),
        fixture("ARP on a circuit port", "eth1", arp(HERE), LocalKernel, Unmodified),
        fixture("ARP, and no cpu veth", "eth3", arp([172, 16, 3, 2]), LocalNoCpu, Dropped),
        fixture("BGP, and no cpu veth", "eth3", no_cpu, LocalNoCpu, Dropped),
        fixture("an echo request", "eth1", echo.bytes(), LocalEcho, Punted),
        fixture(
            "an echo request behind options",
            "eth1",
            echo.with(|header| options(header, 12)).bytes(),
            LocalEcho,
            Punted,
        ),
        fixture("an echo request of a VM, TTL 1", "eth2", vnet_echo.bytes(), LocalEcho, Punted),
        fixture("ARP on a fabric port", "eth2", arp(MSEE_OF_VNET), LocalArp, Punted),
        fixture("UDP of a VM to the MSEE", "eth2", vnet, LocalUnreachable, Punted),
        fixture("a frame of the kernel", "xcpu1", anything, LocalFromKernel, Unmodified),
    ]
}

fn forward() -> Vec<Fixture> {
    use Verdict::{
        ForwardedCe, ForwardedDirect, ForwardedGateway, NoRoute, TooBig, TooBigFragmentable,
        TtlExpired,
    };
    let ttl = |ttl| to_vm().with(|header| header.time_to_live = ttl).bytes();
    let nowhere = Packet::udp(ETH1, CUSTOMER, NOWHERE);
    let hub = Packet::udp(ETH1, CUSTOMER, [10, 255, 99, 99]).bytes();
    let long = |length, dont_fragment| {
        let packet = to_vm().with(|header| header.dont_fragment = dont_fragment);
        packet.with_length(length).bytes()
    };
    let later = to_vm().with(|header| header.fragment_offset = IpFragOffset::try_new(1).unwrap());
    vec![
        fixture("no route", "eth1", nowhere.bytes(), NoRoute, Punted),
        fixture(
            "no route for a VM",
            "eth2",
            Packet::udp(ETH2, VM, NOWHERE).bytes(),
            NoRoute,
            Punted,
        ),
        fixture(
            "no route comes before an expired TTL",
            "eth1",
            nowhere.with(|header| header.time_to_live = 1).bytes(),
            NoRoute,
            Punted,
        ),
        fixture("TTL 0", "eth1", ttl(0), TtlExpired, Punted),
        fixture("TTL 1", "eth1", ttl(1), TtlExpired, Punted),
        fixture("TTL 2", "eth1", ttl(2), ForwardedDirect, BY_FASTPATH),
        fixture("TTL 255", "eth1", ttl(255), ForwardedDirect, BY_FASTPATH),
        fixture("a VM to the customer", "eth2", to_customer().bytes(), ForwardedCe, BY_CIRCUIT),
        fixture(
            "a hub address without a VM",
            "eth1",
            hub,
            ForwardedGateway,
            Forwarded { to: GATEWAY, from: ETH2 },
        ),
        fixture("MTU - 1", "eth1", long(1_499, true), ForwardedDirect, BY_FASTPATH),
        fixture("MTU", "eth1", long(1_500, true), ForwardedDirect, BY_FASTPATH),
        fixture("MTU + 1, DF", "eth1", long(1_501, true), TooBig, Punted),
        fixture("MTU + 1", "eth1", long(1_501, false), TooBigFragmentable, Punted),
        fixture("a later fragment", "eth1", later.bytes(), ForwardedDirect, BY_FASTPATH),
    ]
}

#[test]
fn every_verdict_has_its_packet() {
    let (mut rig, sockets) = Rig::start_with_sockets();
    let fixtures: Vec<Fixture> =
        [port(), check(), local(), forward()].into_iter().flatten().collect();
    let mut seen: BTreeSet<Verdict> = fixtures.iter().map(|fixture| fixture.verdict).collect();
    for fixture in &fixtures {
        fixture.check(&mut rig);
    }
    drop(sockets);

    // The other tests of this file, and those of IPv6 and of tags.
    seen.extend([Verdict::None, Verdict::PortUnknown, Verdict::LookupCorrupt]);
    seen.extend([Verdict::AdjacencyDrop, Verdict::EgressGone]);
    seen.extend([Verdict::CheckLinkLocal, Verdict::LocalNd, Verdict::NeighbourUnresolved]);
    seen.insert(Verdict::NoHeadroom);
    // Of tunnels.
    seen.extend(crate::vxlan::VERDICTS);
    // And of policers.
    seen.extend([Verdict::SourceNotValid, Verdict::PolicedFromCustomer]);
    seen.insert(Verdict::PolicedToCustomer);
    let ours = verdict::ALL.into_iter().filter(|verdict| verdict.stage() <= Stage::Out);
    assert_eq!(ours.collect::<Vec<_>>(), seen.into_iter().collect::<Vec<_>>());
}

#[test]
fn a_punt_without_a_socket_is_a_named_loss() {
    let mut rig = Rig::start();
    let frame = Packet::echo(ETH1, CUSTOMER, HERE).bytes();
    let refused = Verdict::PuntRefused;
    fixture("no socket", "eth1", frame, refused, Dropped).check(&mut rig);
    assert_eq!(rig.count(Verdict::LocalEcho), 0, "a packet is counted once");
}

#[test]
fn before_the_first_image_every_port_is_unknown() {
    let namespace = Namespace::enter();
    rig::interfaces();
    let fast_path = msee::fastpath::FastPath::load(&namespace.pins()).unwrap();
    assert_eq!(fast_path.compiled().generation(), 0);
    // Nothing is in its place yet: the pins are still being built.
    let program = rig::program(&namespace.bpffs().join("msee-a-new"));
    assert_eq!(rig::run(&program, None, &to_vm().bytes()).0, 1);
    let unknown = usize::from(Verdict::PortUnknown.number());
    assert_eq!(fast_path.counters().unwrap()[unknown], 1);
    fast_path.shutdown().unwrap();
}

#[test]
fn an_interface_that_is_no_port_is_unknown() {
    let mut rig = Rig::start();
    let (frame, ifindex) = (to_vm().bytes(), rig.port("eth3").ifindex);
    let mut without = rig::state();
    without.circuit_ports.remove("eth3");
    rig.fast_path.apply(&without, &Neighbours::default()).unwrap();
    // Still attached for the length of a test run: its driver ring is what the kernel asks for.
    let mut again = msee_port_on(ifindex, &rig);
    assert_eq!(again(&frame), 1);
    assert_eq!(rig.count(Verdict::PortUnknown), 1);
}

/// Attaches the pinned program to an interface that is no port, and test-runs it there.
fn msee_port_on(ifindex: u32, rig: &Rig) -> impl FnMut(&[u8]) -> u32 + use<> {
    let mut program = rig::program(&rig.namespace.pins());
    program.attach_to_if_index(ifindex, aya::programs::XdpMode::Driver).unwrap();
    move |frame| rig::run(&program, Some(ifindex), frame).0
}

#[test]
fn metadata_names_adjacency_and_vnet() {
    let (rig, _sockets) = Rig::start_with_sockets();
    let compiled = rig.fast_path.compiled();
    let expired = to_customer().with(|header| header.time_to_live = 1).bytes();
    let (_, bytes) = rig.run("eth2", &expired);
    let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
    let vnet = compiled.source_vnet(rig.port("eth2").slot, VM.into()).unwrap();
    let roots = compiled.vnet(vnet).unwrap().roots;
    let adjacency = compiled.lookup(roots, Ipv4Addr::from(CUSTOMER).into()).unwrap();
    assert_eq!((word(8), word(12)), (adjacency, vnet));
    let from_circuit = to_vm().with(|header| header.time_to_live = 1).bytes();
    let (_, bytes) = rig.run("eth1", &from_circuit);
    assert_eq!(bytes[12..16], [0; 4], "no VNet on a circuit port");
}

#[test]
fn flows_spread_over_the_instances_and_stay_there() {
    let rig = Rig::start();
    let spoke = [10, 254, 10, 4];
    let instance = |packet: &Packet| {
        let (action, bytes) = rig.run("eth1", &packet.bytes());
        assert_eq!(action, 4);
        bytes[5]
    };
    let mut hits = [0; 2];
    for port in 0..1_000_u16 {
        let mut packet = Packet::udp(ETH1, CUSTOMER, spoke);
        packet.payload[..2].copy_from_slice(&port.to_be_bytes());
        let chosen = instance(&packet);
        assert_eq!(instance(&packet), chosen, "a flow keeps its instance");
        hits[usize::from(chosen - GATEWAY)] += 1;
    }
    assert!(hits.iter().all(|hits| (400..=600).contains(hits)), "{hits:?}");
    // All fragments of a packet, the first with its ports included, take one way; so does ICMP.
    let fragments = (0..100_u16).map(|port| {
        let mut packet = Packet::udp(ETH1, CUSTOMER, spoke);
        packet.payload[..2].copy_from_slice(&port.to_be_bytes());
        packet.with(|header| {
            header.more_fragments = true;
            header.fragment_offset = IpFragOffset::try_new(port % 3).unwrap();
        })
    });
    assert_eq!(fragments.map(|packet| instance(&packet)).collect::<BTreeSet<_>>().len(), 1);
    let echoes = (0..100_u8).map(|sequence| {
        let mut packet = Packet::echo(ETH1, CUSTOMER, spoke);
        packet.payload[7] = sequence;
        packet
    });
    assert_eq!(echoes.map(|packet| instance(&packet)).collect::<BTreeSet<_>>().len(), 1);
}

#[test]
fn a_deleted_egress_is_a_named_loss() {
    let mut rig = Rig::start();
    ip("link delete eth2");
    let gone = Verdict::EgressGone;
    fixture("a deleted fabric port", "eth1", to_vm().bytes(), gone, Dropped).check(&mut rig);
    ip("link delete xcpu1");
    let bgp = Packet::udp(ETH1, CUSTOMER, HERE).bytes();
    fixture("a deleted cpu veth", "eth1", bgp, gone, Dropped).check(&mut rig);
}

#[test]
fn a_wrong_image_drops_by_name() {
    let (mut rig, _sockets) = Rig::start_with_sockets();
    let compiled = rig.fast_path.compiled();
    let bank = u32::try_from(compiled.generation()).unwrap() % limits::BANKS;
    let maps = rig.namespace.pins().join(format!("abi-{}", abi::VERSION));
    let array = |name| Map::from_map_data(MapData::from_pin(maps.join(name)).unwrap()).unwrap();
    let roots = compiled.vrf_roots("circuit").unwrap();

    // A route that says drop: nothing compiles to one yet.
    let adjacency = compiled.lookup(roots, VM.into()).unwrap();
    let mut adjacencies: Array<MapData, [u8; size_of::<Adjacency>()]> =
        array("ADJACENCIES").try_into().unwrap();
    let index = bank * limits::ADJACENCIES + adjacency;
    let mut entry = adjacencies.get(&index, 0).unwrap();
    entry[0] = ADJACENCY_DROP;
    entry[2..4].copy_from_slice(&Verdict::AdjacencyDrop.number().to_ne_bytes());
    adjacencies.set(index, entry, 0).unwrap();
    let frame = to_vm().bytes();
    fixture("a drop", "eth1", frame.clone(), Verdict::AdjacencyDrop, Dropped).check(&mut rig);

    // A kind that is none, then a port that is none, an adjacency, and a node outside the image.
    entry[0] = 9;
    adjacencies.set(index, entry, 0).unwrap();
    let corrupt = Verdict::LookupCorrupt;
    fixture("an unknown kind", "eth1", frame.clone(), corrupt, Dropped).check(&mut rig);
    entry[0] = abi::image::ADJACENCY_DIRECT;
    entry[4..6].copy_from_slice(&u16::MAX.to_ne_bytes());
    adjacencies.set(index, entry, 0).unwrap();
    fixture("no such slot", "eth1", frame.clone(), corrupt, Dropped).check(&mut rig);
    let mut nodes: Array<MapData, Node> = array("NODES").try_into().unwrap();
    let at_root = bank * limits::NODES + roots.ipv4;
    for wrong in [LEAF | limits::ADJACENCIES, limits::NODES, u32::MAX >> 1, roots.ipv4] {
        let mut node = nodes.get(&at_root, 0).unwrap();
        node[10] = wrong;
        nodes.set(at_root, node, 0).unwrap();
        // The last one is a node that leads to itself: the walk ends after four octets.
        let packet = Packet::udp(ETH1, CUSTOMER, [10, 10, 10, 10]);
        fixture("a wrong entry", "eth1", packet.bytes(), corrupt, Dropped).check(&mut rig);
    }
}
