//! S1: a hundred customers with the same addresses, told apart by their tags alone.

use std::env;

use abi::verdict::Verdict;
use desired::{CircuitPort, MacAddress, MseeState, ServiceEthertype, Tags, Vrf};
use msee::fastpath::{FastPath, Neighbours};

use crate::{
    frames::{Packet, tagged},
    namespace::{Namespace, veth},
    rig::{self, Rig},
};

const CUSTOMERS: u16 = 100;
const CUSTOMER: [u8; 4] = [172, 16, 9, 1];
const VM: [u8; 4] = [10, 255, 10, 4];
const ETH4: u8 = 0x04;

/// Rounds over all customers and all tags that are nobody's; `ERLAB_SOAK` asks for the full promise.
fn rounds() -> u32 {
    if env::var_os("ERLAB_SOAK").is_some() { 50_000 } else { 100 }
}

/// C-tags 1000 to 1099; every fourth customer has one tag, the others two.
fn tags(customer: u16) -> Tags {
    let vlan = 1_000 + customer;
    if customer.is_multiple_of(4) {
        Tags::Dot1q { vlan }
    } else {
        Tags::Qinq { service: customer % 4, customer: vlan, ethertype: ServiceEthertype::Dot1q }
    }
}

fn bytes(tags: Tags) -> Vec<u8> {
    let tag = |vlan: u16| [&[0x81, 0][..], &vlan.to_be_bytes()].concat();
    match tags {
        Tags::Untagged => Vec::new(),
        Tags::Dot1q { vlan } => tag(vlan),
        Tags::Qinq { service, customer, .. } => [tag(service), tag(customer)].concat(),
    }
}

fn state() -> MseeState {
    let mut state = rig::state();
    for customer in 0..CUSTOMERS {
        let (name, vrf) = (format!("eth4{}", tags(customer)), format!("customer{customer}"));
        let link = CircuitPort {
            circuit: vrf.clone(),
            vrf: vrf.clone(),
            interface: "eth4".to_owned(),
            tags: tags(customer),
            cpu: None,
            address: "172.16.9.2/30".parse().unwrap(),
            peer: CUSTOMER.into(),
            peer_mac: Some(MacAddress(rig::mac(0x34))),
            ipv6: None,
            bandwidth: None,
            validate_source: false,
        };
        state.circuit_ports.insert(name, link);
        // The last byte of its VM's MAC address is its number.
        let vm = rig::direct(u8::try_from(customer).unwrap());
        let table: Vrf = rig::vrf(&[("10.255.10.4/32", vm)]);
        state.vrfs.insert(vrf, table);
    }
    state
}

#[test]
fn no_packet_reaches_another_customer() {
    let namespace = Namespace::enter();
    rig::interfaces();
    veth("eth4", ETH4, "eth4p", 0x34);
    let mut fast_path = FastPath::load(&namespace.pins()).unwrap();
    fast_path.apply(&state(), &Neighbours::default()).unwrap();
    let rig = Rig { fast_path, namespace };
    let program = rig::program(&rig.namespace.pins());
    let ifindex = rig.port("eth4.1000").ifindex;
    let packet = Packet::udp(ETH4, CUSTOMER, VM).bytes();
    let run = |tags: &[u8]| rig::run(&program, Some(ifindex), &tagged(&packet, tags));
    let (mut right, mut wrong) = (0_u64, 0_u64);
    for _ in 0..rounds() {
        for customer in 0..CUSTOMERS {
            let own = bytes(tags(customer));
            let (action, out) = run(&own);
            assert_eq!((action, &out[..6]), (4, &rig::mac(customer as u8)[..]), "{customer}");
            right += 1;
            let beyond = [0x81, 0, 0x0f, 0x00];
            let missing = if own.len() == 8 { own[4..].to_vec() } else { Vec::new() };
            let other_service = [&[0x81, 0, 0, 9][..], &own[own.len() - 4..]].concat();
            for nobody in [[&own[..], &beyond].concat(), missing, other_service, beyond.to_vec()] {
                assert_eq!(run(&nobody).0, 1, "{customer}: {nobody:x?}");
                wrong += 1;
            }
        }
    }
    println!("{right} packets to their own VM, {wrong} with tags of nobody to none");
    assert_eq!(rig.count(Verdict::ForwardedDirect), right);
    let lost = rig.count(Verdict::PortTagged) + rig.count(Verdict::PortUnknown);
    assert_eq!(lost, wrong);
}
