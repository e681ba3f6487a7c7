//! Wires of tagged circuits: two customers with equal addresses on one interface of an MSEE.

use std::os::fd::AsFd;

use desired::{ServiceEthertype, Tags};

use super::*;

const CONTOSO: Tags =
    Tags::Qinq { service: 20, customer: 100, ethertype: ServiceEthertype::Dot1ad };
const FABRIKAM: Tags =
    Tags::Qinq { service: 20, customer: 200, ethertype: ServiceEthertype::Dot1q };
const CONTOSO_TAGS: &[u8] = &[0x88, 0xa8, 0, 20, 0x81, 0, 0, 100];
const FABRIKAM_TAGS: &[u8] = &[0x81, 0, 0, 20, 0x81, 0, 0, 200];
/// Both customers have it.
const ADDRESSES: [u8; 12] = [2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1];
/// An EtherType for experiments (IEEE 802), and a payload whose first byte names the sender.
const PAYLOAD: &[u8] = &[0x88, 0xb5];

/// Customers `a` and `b`, the MSEE `m`, the wires between them in `fabric`.
fn edge() -> (TestNamespaces, Wires) {
    let namespaces = quiet(&["a", "b", "m", "fabric"]);
    for host in ["a", "b", "m"] {
        namespaces.veth((host, "eth1"), ("fabric", &format!("wire{host}")));
    }
    for (namespace, interface) in [("m", "eth1"), ("fabric", "wirem")] {
        namespaces.ip(namespace, &format!("link set {interface} mtu 1508"));
    }
    let wire = |customer: &str, tags| WireSpec {
        name: format!("{customer}-m"),
        a: format!("wire{customer}"),
        b: "wirem".to_owned(),
        tags,
        mtu: 1_500,
        impairment: Impairment { delay: Duration::from_millis(1) },
    };
    let specs = vec![wire("a", CONTOSO), wire("b", FABRIKAM)];
    let wires = namespaces.inside("fabric", || Wires::start(specs).unwrap());
    (namespaces, wires)
}

fn frame(tags: &[u8], length: usize) -> Vec<u8> {
    let mut frame = [&ADDRESSES, tags, PAYLOAD].concat();
    frame.resize(ADDRESSES.len() + tags.len() + length, 0x5a);
    frame
}

/// The next frame that arrives, whole as on the wire; `None` when none does for a while.
fn next(socket: &packet_socket::PacketSocket) -> Option<Vec<u8>> {
    let mut buffer = [0; 2_000];
    let mut batch = batch::ReceiveBatch::new();
    (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(2));
        let buffers = std::iter::once(buffer.as_mut_slice());
        let message = batch.receive(socket.as_fd(), buffers).unwrap().first().copied()?;
        let mut whole = buffer[..message.length].to_vec();
        if let Some(tag) = message.ancillary.tag {
            let bytes = [tag.protocol.to_be_bytes(), tag.control.to_be_bytes()].concat();
            whole.splice(12..12, bytes);
        }
        Some(whole)
    })
}

#[test]
fn each_customers_frames_come_and_go_by_its_own_tags() {
    let (namespaces, wires) = edge();
    let socket = |host| namespaces.inside(host, || packet_socket_on("eth1"));
    let (a, b, m) = (socket("a"), socket("b"), socket("m"));
    // The longest frame an untagged customer can send: with both tags it is 1,522 bytes.
    for length in [60, 1_502] {
        for (customer, tags) in [(&a, CONTOSO_TAGS), (&b, FABRIKAM_TAGS)] {
            customer.send([frame(&[], length).as_slice()].into_iter()).unwrap();
            assert_eq!(next(&m).unwrap(), frame(tags, length), "from a customer");
            m.send([frame(tags, length).as_slice()].into_iter()).unwrap();
            assert_eq!(next(customer).unwrap(), frame(&[], length), "to a customer");
        }
    }
    assert_eq!((next(&a), next(&b), next(&m)), (None, None, None), "nothing reached anybody else");
    let [first, second] = wires.stop().unwrap().try_into().unwrap();
    for wire in [first, second] {
        assert_eq!((wire.a_to_b.delivered_frames, wire.b_to_a.delivered_frames), (2, 2));
        assert_eq!(wire.a_to_b.losses.total() + wire.b_to_a.losses.total(), 0);
        assert_eq!(wire.a_to_b.delivered_bytes, 72 + 1_514 + 2 * 8);
    }
}

#[test]
fn tags_of_no_circuit_are_a_named_loss_and_reach_nobody() {
    let (namespaces, wires) = edge();
    let socket = |host| namespaces.inside(host, || packet_socket_on("eth1"));
    let (a, b, m) = (socket("a"), socket("b"), socket("m"));
    for tags in
        [&[][..], &CONTOSO_TAGS[..4], &CONTOSO_TAGS[4..], &[0x81, 0, 0, 20, 0x81, 0, 0, 100]]
    {
        m.send([frame(tags, 60).as_slice()].into_iter()).unwrap();
    }
    // A customer's port is untagged: its own tags have no place either.
    b.send([frame(&[0x81, 0, 0, 7], 60).as_slice()].into_iter()).unwrap();
    assert_eq!((next(&a), next(&b), next(&m)), (None, None, None));
    let [first, second] = wires.stop().unwrap().try_into().unwrap();
    assert_eq!(first.b_to_a.losses.wire_tag, 4, "what no wire claims is the first one's");
    assert_eq!((second.b_to_a.received_frames, second.a_to_b.losses.wire_tag), (0, 1));
    for direction in [first.a_to_b, first.b_to_a, second.a_to_b, second.b_to_a] {
        assert_eq!(direction.received_frames, direction.losses.total());
        assert_eq!(direction.losses.total(), direction.losses.wire_tag);
    }
}

#[test]
fn equal_tags_on_one_interface_are_refused() {
    let wire = |name: &str, tags| WireSpec {
        name: name.to_owned(),
        a: format!("wire-{name}"),
        b: "shared".to_owned(),
        tags,
        mtu: 1_500,
        impairment: Impairment::default(),
    };
    for specs in [
        vec![wire("a", CONTOSO), wire("b", CONTOSO)],
        vec![wire("a", CONTOSO), wire("b", Tags::Untagged)],
        vec![wire("a", Tags::Untagged), wire("b", CONTOSO)],
    ] {
        let error = Wires::start(specs).unwrap_err();
        assert!(matches!(error, WireError::SharedInterface(name) if name == "shared"));
    }
}
