//! Echo requests and probes from a node, without a program.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::network::namespace::in_namespace;

/// Whether `address` answers one of three echo requests of a node.
pub(in crate::network) fn answers(namespace: &str, address: &str) -> bool {
    let address: IpAddr = address.parse().unwrap();
    // Echo request and reply (RFC 792, RFC 4443).
    let (domain, protocol, request, reply) = match address {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4, 8, 0),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6, 128, 129),
    };
    in_namespace(namespace, || {
        let mut socket = Socket::new(domain, Type::DGRAM, Some(protocol)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        if socket.connect(&SocketAddr::from((address, 0)).into()).is_err() {
            return false;
        }
        (1..=3).any(|sequence| {
            // Code 0; the kernel fills in identifier and checksum.
            let sent = socket.write(&[request, 0, 0, 0, 0, 0, 0, sequence]);
            let mut answer = [0; 64];
            sent.is_ok() && matches!(socket.read(&mut answer), Ok(8..)) && answer[0] == reply
        })
    })
    .unwrap()
}

/// Sends one datagram from a node, by a socket that is bound to `source` or to nothing.
pub(in crate::network) fn send_udp(
    namespace: &str,
    source: Option<Ipv4Addr>,
    destination: (Ipv4Addr, u16),
) {
    in_namespace(namespace, || {
        let source = source.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let socket = UdpSocket::bind((source, 0)).unwrap();
        socket.send_to(b"SUPERMAN", destination).unwrap();
    })
    .unwrap();
}
