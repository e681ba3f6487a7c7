//! An echo or UDP probe from the calling thread's network namespace, and what comes back.

use std::{
    io::Read as _,
    net::{Ipv4Addr, SocketAddrV4, UdpSocket},
    time::{Duration, Instant},
};

use etherparse::{Icmpv4Slice, Icmpv4Type, Ipv4Slice, icmpv4::DestUnreachableHeader};
use socket2::{Domain, Protocol, Socket, Type};

/// Long enough for a first packet that waits for ARP on a busy machine.
const PATIENCE: Duration = Duration::from_secs(2);

/// One echo request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ping {
    pub(crate) ttl: u32,
    /// Bytes of data.
    pub(crate) size: usize,
    pub(crate) sequence: u16,
}

impl Default for Ping {
    fn default() -> Self {
        Self { ttl: 64, size: 56, sequence: 1 }
    }
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Reply { from: Ipv4Addr, ttl: u8 },
    Error { from: Ipv4Addr, kind: u8, code: u8, mtu: u16 },
    Silence,
}

impl Ping {
    /// Sends to `to` and waits for the answer. Don't Fragment is set, the default of raw sockets.
    pub(crate) fn send(self, to: Ipv4Addr) -> Answer {
        let socket = raw_socket();
        socket.set_ttl_v4(self.ttl).unwrap();
        let id = std::process::id() as u16;
        let header = etherparse::IcmpEchoHeader { id, seq: self.sequence };
        let data: Vec<u8> = (0..self.size).map(|n| n as u8).collect();
        let request =
            etherparse::Icmpv4Header::with_checksum(Icmpv4Type::EchoRequest(header), &data);
        let mut bytes = request.to_bytes().to_vec();
        bytes.extend_from_slice(&data);
        socket.send_to(&bytes, &SocketAddrV4::new(to, 0).into()).unwrap();
        wait(&socket, |icmp| match icmp.icmp_type() {
            Icmpv4Type::EchoReply(echo) => {
                assert_eq!(icmp.payload(), data, "the data came back changed");
                echo == header
            }
            // The quote starts with our IPv4 header, then the first bytes of our message.
            _ => icmp.payload().get(20..28) == bytes.get(..8),
        })
    }
}

/// Sends a datagram to a UDP port and waits for the answer.
pub(crate) fn datagram(to: Ipv4Addr, port: u16) -> Answer {
    let raw = raw_socket();
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.send_to(b"anybody?", (to, port)).unwrap();
    let source = socket.local_addr().unwrap().port().to_be_bytes();
    wait(&raw, |icmp| icmp.payload().get(20..22) == Some(&source))
}

/// Sends `count` echo requests with TTL 1 as fast as it goes; returns how long that took.
pub(crate) fn flood_expiring(to: Ipv4Addr, count: u16) -> Duration {
    let socket = raw_socket();
    socket.set_ttl_v4(1).unwrap();
    let started = Instant::now();
    for seq in 0..count {
        let header = etherparse::IcmpEchoHeader { id: 7, seq };
        let request = etherparse::Icmpv4Header::with_checksum(Icmpv4Type::EchoRequest(header), &[]);
        socket.send_to(&request.to_bytes(), &SocketAddrV4::new(to, 0).into()).unwrap();
        // Spread a little: the ring of the veth behind the MSEE's port holds 256 packets.
        if seq % 64 == 63 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    started.elapsed()
}

fn raw_socket() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    socket
}

/// The first ICMP message that `is_ours`, read by a parser that checks its checksums.
fn wait(mut socket: &Socket, is_ours: impl Fn(&Icmpv4Slice<'_>) -> bool) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    let mut buffer = [0; abi::limits::FRAME];
    while Instant::now() < deadline {
        let Ok(length) = socket.read(&mut buffer) else { continue };
        let packet = Ipv4Slice::from_slice(&buffer[..length]).unwrap();
        let header = packet.header().to_header();
        let icmp = Icmpv4Slice::from_slice(packet.payload().payload).unwrap();
        if icmp.type_u8() == 8 || !is_ours(&icmp) {
            continue;
        }
        assert_eq!(header.header_checksum, header.calc_header_checksum());
        assert_eq!(icmp.icmp_type().calc_checksum(icmp.payload()), icmp.checksum());
        let from = Ipv4Addr::from(header.source);
        let mtu = match icmp.icmp_type() {
            Icmpv4Type::EchoReply(_) => return Answer::Reply { from, ttl: header.time_to_live },
            Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::FragmentationNeeded {
                next_hop_mtu,
            }) => next_hop_mtu,
            _ => 0,
        };
        return Answer::Error { from, kind: icmp.type_u8(), code: icmp.code_u8(), mtu };
    }
    Answer::Silence
}
