//! On real interfaces: two hosts in namespaces of their own, a wire between them in a third.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use super::{test_namespaces::TestNamespaces, *};

mod streams;
mod tags;

const A: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 1);
const B: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 2);

/// Hosts `a` and `b` with `eth1`; `wire0a` and `wire0b` in `fabric`.
fn hosts() -> TestNamespaces {
    let namespaces = quiet(&["a", "b", "fabric"]);
    for (host, address) in [("a", A), ("b", B)] {
        namespaces.veth((host, "eth1"), ("fabric", &format!("wire0{host}")));
        namespaces.ip(host, &format!("address add {address}/24 dev eth1"));
    }
    namespaces
}

/// Namespaces whose kernels send nothing by themselves: no neighbour or listener discovery.
fn quiet(labels: &[&'static str]) -> TestNamespaces {
    let namespaces = TestNamespaces::new(labels);
    for label in labels {
        namespaces.sysctl(label, "net.ipv6.conf.all.disable_ipv6=1");
    }
    namespaces
}

fn start(namespaces: &TestNamespaces, delay: Duration) -> Wires {
    start_with_mtu(namespaces, delay, 1_500)
}

fn start_with_mtu(namespaces: &TestNamespaces, delay: Duration, mtu: u32) -> Wires {
    let spec = WireSpec {
        name: "a-b".to_owned(),
        a: "wire0a".to_owned(),
        b: "wire0b".to_owned(),
        tags: desired::Tags::Untagged,
        mtu,
        impairment: Impairment { delay },
    };
    namespaces.inside("fabric", || Wires::start(vec![spec]).unwrap())
}

fn udp(namespaces: &TestNamespaces, host: &str, address: Ipv4Addr) -> UdpSocket {
    let socket = namespaces.inside(host, || UdpSocket::bind((address, 0)).unwrap());
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    socket
}

/// Shortest round trip of `count` packets that `b` returns: the machine may be busy.
fn round_trip(a: &UdpSocket, b: &UdpSocket, count: usize) -> Duration {
    let to = b.local_addr().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut buffer = [0; 100];
            for _ in 0..count {
                let (length, from) = b.recv_from(&mut buffer).unwrap();
                b.send_to(&buffer[..length], from).unwrap();
            }
        });
        let times = (0..count).map(|_| {
            let sent = Instant::now();
            a.send_to(b"there and back", to).unwrap();
            a.recv_from(&mut [0; 100]).unwrap();
            sent.elapsed()
        });
        times.min().unwrap()
    })
}

#[test]
fn frames_pass_both_ways_with_the_delay_in_force() {
    let namespaces = hosts();
    let wires = start(&namespaces, Duration::from_millis(5));
    let (a, b) = (udp(&namespaces, "a", A), udp(&namespaces, "b", B));
    round_trip(&a, &b, 1);
    for delay in [5_000, 500, 20_000].map(Duration::from_micros) {
        wires.set("a-b", Impairment { delay }).unwrap();
        let measured = round_trip(&a, &b, 9);
        assert!(measured >= 2 * delay, "{measured:?} for two times {delay:?}");
        assert!(measured < 2 * delay + Duration::from_millis(2), "{measured:?} for two {delay:?}");
    }
    let [wire] = wires.stop().unwrap().try_into().unwrap();
    for direction in [wire.a_to_b, wire.b_to_a] {
        // 28 packets and at least one ARP frame.
        assert!(direction.delivered_frames >= 29, "{direction:?}");
        assert_eq!(direction.delivered_frames, direction.received_frames);
        assert_eq!(direction.impairment.delay, Duration::from_millis(20));
        assert_eq!(direction.losses.total(), 0);
    }
    assert!(wire.a.up && wire.b.up);
}

#[test]
fn a_far_end_that_is_down_is_a_named_loss_and_may_return() {
    let namespaces = hosts();
    let wires = start(&namespaces, Duration::from_millis(1));
    let (a, b) = (udp(&namespaces, "a", A), udp(&namespaces, "b", B));
    round_trip(&a, &b, 1);
    let to = b.local_addr().unwrap();
    let a_to_b = || {
        let [wire] = wires.statistics().unwrap().try_into().unwrap();
        wire.a_to_b
    };
    let assert_loses = |how| {
        std::thread::sleep(Duration::from_millis(20));
        let before = a_to_b().losses.wire_link_down;
        a.send_to(b"lost", to).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        assert!(a_to_b().losses.wire_link_down > before, "{how}");
    };

    namespaces.ip("b", "link set eth1 down");
    assert_loses("without carrier");
    namespaces.ip("b", "link set eth1 up");
    namespaces.ip("fabric", "link set wire0b down");
    assert_loses("down");
    namespaces.ip("fabric", "link set wire0b up");
    assert_passes(&a, &b, to);

    namespaces.ip("fabric", "link delete wire0b");
    assert_loses("deleted");
    let [wire] = wires.statistics().unwrap().try_into().unwrap();
    assert!(wire.a.up && !wire.b.up);

    namespaces.veth(("b", "eth1"), ("fabric", "wire0b"));
    namespaces.ip("b", &format!("address add {B}/24 dev eth1"));
    // The new interface has another MAC address.
    namespaces.ip("a", "neighbour flush dev eth1");
    assert_passes(&a, &b, to);
    let DirectionStatistics { received_frames, delivered_frames, held_frames, losses, .. } =
        a_to_b();
    assert_eq!(losses.total(), losses.wire_link_down);
    assert_eq!(received_frames, delivered_frames + held_frames + losses.total());
}

/// A packet passes soon. Interface and wire need a moment, and an ARP request that comes before the
/// wire has looked again is repeated only after a second.
fn assert_passes(a: &UdpSocket, b: &UdpSocket, to: SocketAddr) {
    b.set_nonblocking(true).unwrap();
    let passed = (0..500).any(|_| {
        a.send_to(b"again", to).unwrap();
        std::thread::sleep(Duration::from_millis(10));
        b.recv_from(&mut [0; 100]).is_ok()
    });
    b.set_nonblocking(false).unwrap();
    assert!(passed, "nothing passes the wire that has come back");
}

#[test]
fn a_vlan_tag_survives_the_wire() {
    let namespaces = hosts();
    let wires = start(&namespaces, Duration::from_millis(1));
    let raw = |host| namespaces.inside(host, || packet_socket_on("eth1"));
    let (from, to) = (raw("a"), raw("b"));
    let mut tagged = vec![0xff; 6];
    tagged.extend([2, 0, 0, 0, 0, 1, 0x81, 0x00, 0x00, 0x64, 0x88, 0xb5]);
    tagged.extend([0x5a; 50]);
    from.send([tagged.as_slice()].into_iter()).unwrap();

    let mut buffer = [0; 200];
    let received = (0..2_500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(2));
        let mut batch = batch::ReceiveBatch::new();
        let messages = batch
            .receive(std::os::fd::AsFd::as_fd(&to), std::iter::once(buffer.as_mut_slice()))
            .unwrap();
        messages.first().map(|message| message.ancillary)
    });
    let tag = ancillary::VlanTag { protocol: 0x8100, control: 100 };
    assert_eq!(received.unwrap().tag, Some(tag));
    assert_eq!(buffer[12..14], [0x88, 0xb5]);
    drop(wires);
}

fn packet_socket_on(interface: &str) -> packet_socket::PacketSocket {
    let index = nix::net::if_::if_nametoindex(interface).unwrap();
    packet_socket::PacketSocket::open(interface, index).unwrap()
}

#[test]
fn a_frame_too_long_is_counted() {
    let namespaces = hosts();
    for (namespace, interface) in
        [("a", "eth1"), ("fabric", "wire0a"), ("fabric", "wire0b"), ("b", "eth1")]
    {
        namespaces.ip(namespace, &format!("link set {interface} mtu 3000"));
    }
    let wires = start(&namespaces, Duration::ZERO);
    let from = namespaces.inside("a", || packet_socket_on("eth1"));
    for length in [1_522, 1_523, 3_014] {
        from.send([vec![0xff; length].as_slice()].into_iter()).unwrap();
    }
    std::thread::sleep(Duration::from_millis(20));
    let [wire] = wires.stop().unwrap().try_into().unwrap();
    assert_eq!(wire.a_to_b.delivered_frames, 1);
    assert_eq!(wire.a_to_b.delivered_bytes, 1_522);
    assert_eq!(wire.a_to_b.oversized_frames, 2);
    assert_eq!(wire.a_to_b.losses.wire_send_failed, 2);
}

#[test]
fn jumbo_frames_pass_and_each_has_one_end() {
    let namespaces = hosts();
    let set_mtu = |namespace, interface, mtu| {
        namespaces.ip(namespace, &format!("link set {interface} mtu {mtu}"));
    };
    for (namespace, interface) in
        [("a", "eth1"), ("fabric", "wire0a"), ("fabric", "wire0b"), ("b", "eth1")]
    {
        set_mtu(namespace, interface, 9_216);
    }
    let wires = start_with_mtu(&namespaces, Duration::from_millis(1), 9_216);
    let (from, to) = (udp(&namespaces, "a", A), udp(&namespaces, "b", B));
    round_trip(&from, &to, 1);
    let mut buffer = [0; 9_216];
    // With 28 bytes of headers: the longest packet, a page's end, and small ones between them.
    for length in [9_188, 9, 4_096 - 28, 100, 9_000 - 28] {
        let sent: Vec<u8> = (0..length).map(|place: u32| (place % 251) as u8).collect();
        for (from, to) in [(&from, &to), (&to, &from)] {
            from.send_to(&sent, to.local_addr().unwrap()).unwrap();
            let (received, _) = to.recv_from(&mut buffer).unwrap();
            assert!(buffer[..received] == sent, "{length} bytes came as {received}");
        }
    }
    // A far end that takes less is a loss by name.
    set_mtu("fabric", "wire0b", 1_500);
    set_mtu("b", "eth1", 1_500);
    from.send_to(&[0; 5_000], to.local_addr().unwrap()).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let [wire] = wires.stop().unwrap().try_into().unwrap();
    assert_eq!((wire.a_to_b.losses.wire_send_failed, wire.a_to_b.oversized_frames), (1, 0));
    for direction in [wire.a_to_b, wire.b_to_a] {
        let DirectionStatistics { received_frames, delivered_frames, losses, .. } = direction;
        assert_eq!(received_frames, delivered_frames + losses.total());
    }
    assert_eq!(wire.b_to_a.losses.total(), 0);
}

#[test]
fn what_a_full_socket_drops_is_counted_once() {
    let namespaces = hosts();
    let full = namespaces.inside("fabric", || packet_socket_on("wire0a"));
    let least = 0;
    nix::sys::socket::setsockopt(&full, nix::sys::socket::sockopt::RcvBuf, &least).unwrap();
    let from = namespaces.inside("a", || packet_socket_on("eth1"));
    let sent = 200;
    for _ in 0..sent {
        from.send([[0xff; 1_000].as_slice()].into_iter()).unwrap();
    }
    std::thread::sleep(Duration::from_millis(50));
    let lost = full.take_overflows();
    assert!((150..=sent).contains(&lost), "{lost}");
    assert_eq!(full.take_overflows(), 0);
}

#[test]
fn names_are_unique_and_known() {
    let spec = WireSpec {
        name: "twice".to_owned(),
        a: "wire0a".to_owned(),
        b: "wire0b".to_owned(),
        tags: desired::Tags::Untagged,
        mtu: 1_500,
        impairment: Impairment::default(),
    };
    let error = Wires::start(vec![spec.clone(), spec]).unwrap_err();
    assert!(matches!(error, WireError::DuplicateName(name) if name == "twice"));
    let wires = Wires::start(Vec::new()).unwrap();
    let error = wires.set("none", Impairment::default()).unwrap_err();
    assert!(matches!(error, WireError::Unknown(name) if name == "none"));
    assert_eq!(wires.stop().unwrap(), []);
}

#[tokio::test]
async fn the_end_of_the_thread_is_noticed() {
    let wires = Wires::start(vec![]).unwrap();
    let early = tokio::time::timeout(Duration::from_millis(50), wires.ended()).await;
    assert!(early.is_err(), "the thread has ended by itself");
    wires.ask(Command::Stop).unwrap();
    tokio::time::timeout(Duration::from_secs(5), wires.ended()).await.unwrap();
    assert!(matches!(wires.statistics(), Err(WireError::Stopped)));
}
