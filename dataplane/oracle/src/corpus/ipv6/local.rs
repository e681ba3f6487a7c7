//! To the MSEE itself.

use std::net::Ipv6Addr;

use abi::verdict::Verdict::{
    ForwardedCe as Ce, LocalEcho, LocalKernel, LocalNoCpu, LocalUnreachable, NoRoute,
};

use super::{Case, Side, circuit, fabric, kernelless, table};
use crate::{
    compose::{Ipv6, echo6, icmp6, padded, tcp, with},
    scene::{CE6, FAR_VM6, HUB6, OURS6, VM6},
};

pub(super) fn cases() -> Vec<Case> {
    [on_a_circuit(), without_kernel(), on_a_fabric()].concat()
}

fn on_a_circuit() -> Vec<Case> {
    circuit(
        "ipv6 to the MSEE",
        &[
            ("echo request", || to_us(58, echo6(CE6, OURS6)), LocalEcho),
            ("echo request with a code", || to_us(58, vec![128, 7, 0, 0]), LocalEcho),
            ("echo request of one byte", || to_us(58, vec![128]), LocalKernel),
            ("echo request with a hop limit of 0", echo_of_zero, LocalEcho),
            ("echo reply", || to_us(58, icmp6(CE6, OURS6, 129, 0, &[0; 4])), LocalKernel),
            ("packet too big", || to_us(58, icmp6(CE6, OURS6, 2, 0, &[0; 48])), LocalKernel),
            ("ICMPv6 without a message", || to_us(58, Vec::new()), LocalKernel),
            ("ICMPv6 whose message would be padding", padding_like_an_echo, LocalKernel),
            ("ICMP in IPv6", || to_us(1, vec![8, 0, 0, 0]), LocalKernel),
            ("UDP", || Ipv6::udp(CE6, OURS6).bytes(), LocalKernel),
            ("BGP", || to_us(6, tcp(179)), LocalKernel),
            ("a next header nobody knows", || to_us(253, vec![128; 8]), LocalKernel),
            ("of its own", || Ipv6::udp(OURS6, OURS6).bytes(), LocalKernel),
            ("the address of the hub's side", || Ipv6::udp(CE6, HUB6).bytes(), NoRoute),
            ("the customer edge, by way of the MSEE", || Ipv6::udp(CE6, CE6).bytes(), Ce),
            ("the /126's anycast address", || link_address(0), Ce),
            ("the last of the /126", || link_address(3), Ce),
            ("one behind the /126", || link_address(4), NoRoute),
        ],
    )
}

fn without_kernel() -> Vec<Case> {
    kernelless(
        "ipv6 to the MSEE without kernel",
        &[
            ("echo request", || to_us(58, echo6(CE6, OURS6)), LocalEcho),
            ("UDP", || Ipv6::udp(CE6, OURS6).bytes(), LocalNoCpu),
            ("BGP", || to_us(6, tcp(179)), LocalNoCpu),
        ],
    )
}

fn on_a_fabric() -> Vec<Case> {
    let near = fabric(
        "ipv6 to the MSEE on a fabric",
        &[
            ("echo request", || of_vm(HUB6, 58, echo6(VM6, HUB6)), LocalEcho),
            ("echo reply", || of_vm(HUB6, 58, vec![129, 0, 0, 0]), LocalUnreachable),
            ("UDP", || Ipv6::udp(VM6, HUB6).bytes(), LocalUnreachable),
            ("BGP", || of_vm(HUB6, 6, tcp(179)), LocalUnreachable),
            ("ICMPv6 without a message", || of_vm(HUB6, 58, Vec::new()), LocalUnreachable),
            ("its address on the circuit", || Ipv6::udp(VM6, OURS6).bytes(), Ce),
        ],
    );
    // Its VNet knows the MSEE by no IPv6 address.
    let far = table(
        "ipv6 to the MSEE on the far fabric",
        Side::FarFabric,
        0x86dd,
        &[("the near VNet's address of it", || Ipv6::udp(FAR_VM6, HUB6).bytes(), NoRoute)],
    );
    [near, far].concat()
}

fn to_us(next_header: u8, payload: Vec<u8>) -> Vec<u8> {
    Ipv6 { next_header, payload, ..Ipv6::udp(CE6, OURS6) }.bytes()
}

fn of_vm(destination: Ipv6Addr, next_header: u8, payload: Vec<u8>) -> Vec<u8> {
    Ipv6 { next_header, payload, ..Ipv6::udp(VM6, destination) }.bytes()
}

fn echo_of_zero() -> Vec<u8> {
    with(to_us(58, echo6(CE6, OURS6)), 7, 0)
}

/// A packet that ends with its header, and in the padding behind it an echo request.
fn padding_like_an_echo() -> Vec<u8> {
    let header = to_us(58, Vec::new());
    let at = header.len();
    with(padded(header, 6), at, 128)
}

fn link_address(last: u16) -> Vec<u8> {
    Ipv6::udp(CE6, Ipv6Addr::new(0x2001, 0xdb8, 0x172, 0, 0, 0, 0, last)).bytes()
}
