//! Echo requests and probes from a node, without a program.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::network::namespace::in_namespace;

/// Whether `address` answers one of three echo requests of a node.
pub(in crate::network) fn answers(namespace: &str, address: &str) -> bool {
    let address: Ipv4Addr = address.parse().unwrap();
    in_namespace(namespace, || {
        let mut socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::ICMPV4)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        socket.connect(&SocketAddr::from((address, 0)).into()).unwrap();
        (1..=3).any(|sequence| {
            // Type 8, code 0; the kernel fills in identifier and checksum.
            let sent = socket.write(&[8, 0, 0, 0, 0, 0, 0, sequence]);
            let mut answer = [0; 64];
            sent.is_ok() && matches!(socket.read(&mut answer), Ok(8..)) && answer[0] == 0
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
