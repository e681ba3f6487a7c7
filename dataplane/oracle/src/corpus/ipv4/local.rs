//! To the MSEE itself.

use std::net::Ipv4Addr;

use abi::verdict::Verdict::{
    CheckChecksum, ForwardedCe as Ce, LocalEcho, LocalKernel, LocalNoCpu, LocalUnreachable, NoRoute,
};

use super::{Case, Side, circuit, fabric, table};
use crate::{
    compose::{Ipv4, echo, icmp, padded, tcp, with},
    scene::{CE, FAR, FAR_VM, HUB, OURS, VM},
};

pub(super) fn cases() -> Vec<Case> {
    [on_a_circuit(), without_kernel(), on_a_fabric()].concat()
}

fn on_a_circuit() -> Vec<Case> {
    circuit(
        "ipv4 to the MSEE",
        &[
            ("echo request", || message(echo()), LocalEcho),
            ("echo request with a code", || message(icmp(8, 7, &[0; 4])), LocalEcho),
            ("echo request with a wrong checksum", || message(with(echo(), 2, 0)), LocalEcho),
            ("echo request of one byte", || message(vec![8]), LocalKernel),
            ("echo reply", || message(icmp(0, 0, &[0; 4])), LocalKernel),
            ("time exceeded", || message(icmp(11, 0, &[0; 32])), LocalKernel),
            ("timestamp request", || message(icmp(13, 0, &[0; 16])), LocalKernel),
            ("ICMP without a message", || message(Vec::new()), LocalKernel),
            ("ICMP whose message would be padding", padding_like_an_echo, LocalKernel),
            ("UDP", || Ipv4::udp(CE, OURS).bytes(), LocalKernel),
            ("UDP that begins with 8", || to_us(17, echo()), LocalKernel),
            ("BGP", || to_us(6, tcp(179)), LocalKernel),
            ("BFD", || Ipv4 { ttl: 255, ..Ipv4::udp(CE, OURS) }.bytes(), LocalKernel),
            ("ICMPv6 in IPv4", || to_us(58, vec![128, 0, 0, 0]), LocalKernel),
            ("a protocol nobody knows", || to_us(253, vec![0; 8]), LocalKernel),
            ("of its own", || Ipv4::udp(OURS, OURS).bytes(), LocalKernel),
            ("a wrong header checksum", || with(message(echo()), 10, 0), CheckChecksum),
            ("the address of the hub's side", || Ipv4::udp(CE, HUB).bytes(), NoRoute),
            ("the customer edge, by way of the MSEE", || Ipv4::udp(CE, CE).bytes(), Ce),
            ("the /30's network address", || link_address(0), Ce),
            ("the /30's broadcast address", || link_address(3), Ce),
            ("one behind the /30", || link_address(4), NoRoute),
        ],
    )
}

fn without_kernel() -> Vec<Case> {
    table(
        "ipv4 to the MSEE without kernel",
        Side::Kernelless,
        0x0800,
        &[
            ("echo request", || message(echo()), LocalEcho),
            ("echo reply", || message(icmp(0, 0, &[0; 4])), LocalNoCpu),
            ("UDP", || Ipv4::udp(CE, OURS).bytes(), LocalNoCpu),
            ("BGP", || to_us(6, tcp(179)), LocalNoCpu),
            ("a fragment", || Ipv4 { fragmentation: 8, ..Ipv4::udp(CE, OURS) }.bytes(), LocalNoCpu),
        ],
    )
}

fn on_a_fabric() -> Vec<Case> {
    let near = fabric(
        "ipv4 to the MSEE on a fabric",
        &[
            ("echo request", || of_vm(HUB, 1, echo()), LocalEcho),
            ("echo reply", || of_vm(HUB, 1, icmp(0, 0, &[0; 4])), LocalUnreachable),
            ("UDP", || Ipv4::udp(VM, HUB).bytes(), LocalUnreachable),
            ("BGP", || of_vm(HUB, 6, tcp(179)), LocalUnreachable),
            ("ICMP without a message", || of_vm(HUB, 1, Vec::new()), LocalUnreachable),
            ("the far VNet's address of it", || Ipv4::udp(VM, FAR).bytes(), super::route::GATEWAY),
            ("its address on the circuit", || Ipv4::udp(VM, OURS).bytes(), Ce),
        ],
    );
    let far = table(
        "ipv4 to the MSEE on the far fabric",
        Side::FarFabric,
        0x0800,
        &[
            ("echo request", || echo_between(FAR_VM, FAR), LocalEcho),
            ("the near VNet's address of it", || echo_between(FAR_VM, HUB), NoRoute),
        ],
    );
    [near, far].concat()
}

fn to_us(protocol: u8, payload: Vec<u8>) -> Vec<u8> {
    Ipv4 { protocol, payload, ..Ipv4::udp(CE, OURS) }.bytes()
}

fn message(payload: Vec<u8>) -> Vec<u8> {
    to_us(1, payload)
}

fn of_vm(destination: Ipv4Addr, protocol: u8, payload: Vec<u8>) -> Vec<u8> {
    Ipv4 { protocol, payload, ..Ipv4::udp(VM, destination) }.bytes()
}

fn echo_between(source: Ipv4Addr, destination: Ipv4Addr) -> Vec<u8> {
    Ipv4 { protocol: 1, payload: echo(), ..Ipv4::udp(source, destination) }.bytes()
}

/// A packet that ends with its header, and in the padding behind it an echo request.
fn padding_like_an_echo() -> Vec<u8> {
    let header = message(Vec::new());
    let at = header.len();
    with(padded(header, 26), at, 8)
}

fn link_address(last: u8) -> Vec<u8> {
    Ipv4::udp(CE, Ipv4Addr::new(172, 16, 1, last)).bytes()
}
