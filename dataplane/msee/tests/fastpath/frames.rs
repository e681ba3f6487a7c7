//! Frames, made by etherparse: not by the code under test.

use etherparse::{ArpPacket, EtherType, IpNumber, Ipv4Header, PacketBuilder};

use crate::rig::mac;

/// An Ethernet frame with any payload.
pub fn ethernet(destination: [u8; 6], ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&destination[..], &mac(0xee), &ethertype.to_be_bytes(), payload].concat()
}

/// An IPv4 packet in a frame to the MAC address that ends in `destination_mac`.
#[derive(Clone)]
pub struct Packet {
    pub destination_mac: [u8; 6],
    pub header: Ipv4Header,
    pub payload: Vec<u8>,
}

impl Packet {
    /// A UDP packet with TTL 64.
    pub fn udp(to: u8, source: [u8; 4], destination: [u8; 4]) -> Self {
        let mut bytes = Vec::new();
        let builder = PacketBuilder::ipv4(source, destination, 64).udp(40_000, 7);
        builder.write(&mut bytes, b"payload").unwrap();
        let (header, payload) = Ipv4Header::from_slice(&bytes).unwrap();
        Self { destination_mac: mac(to), header, payload: payload.to_vec() }
    }

    /// An echo request with TTL 64.
    pub fn echo(to: u8, source: [u8; 4], destination: [u8; 4]) -> Self {
        let mut bytes = Vec::new();
        let builder = PacketBuilder::ipv4(source, destination, 64).icmpv4_echo_request(1, 1);
        builder.write(&mut bytes, b"payload").unwrap();
        let (header, payload) = Ipv4Header::from_slice(&bytes).unwrap();
        Self { destination_mac: mac(to), header, payload: payload.to_vec() }
    }

    /// Changes the header; its checksum is made right again.
    pub fn with(mut self, change: impl FnOnce(&mut Ipv4Header)) -> Self {
        change(&mut self.header);
        self
    }

    /// Sets the whole packet's length in bytes.
    pub fn with_length(mut self, length: usize) -> Self {
        self.payload.resize(length - self.header.header_len(), 0xab);
        self
    }

    /// The frame.
    pub fn bytes(&self) -> Vec<u8> {
        let mut header = self.header.clone();
        header.total_len = u16::try_from(header.header_len() + self.payload.len()).unwrap();
        header.header_checksum = header.calc_header_checksum();
        let mut packet = Vec::new();
        header.write_raw(&mut packet).unwrap();
        packet.extend(&self.payload);
        ethernet(self.destination_mac, 0x0800, &packet)
    }

    /// The frame with one byte of the IPv4 header replaced and the checksum made right over the
    /// header length it then says.
    pub fn bytes_with(&self, offset: usize, value: u8) -> Vec<u8> {
        let mut frame = self.bytes();
        frame[14 + offset] = value;
        checksummed(frame)
    }
}

/// Makes the header checksum right over whatever header length the frame says.
pub fn checksummed(mut frame: Vec<u8>) -> Vec<u8> {
    let length = usize::from(frame[14] & 0x0f) * 4;
    frame[24..26].fill(0);
    let header = &frame[14..(14 + length).min(frame.len())];
    let words = header.as_chunks::<2>().0.iter().map(|word| u32::from(u16::from_be_bytes(*word)));
    let sum: u32 = words.sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    let checksum = !u16::try_from(sum).unwrap();
    frame[24..26].copy_from_slice(&checksum.to_be_bytes());
    frame
}

/// An ARP request for `target`, broadcast.
pub fn arp(target: [u8; 4]) -> Vec<u8> {
    let arp = ArpPacket::new(
        etherparse::ArpHardwareId::ETHERNET,
        EtherType::IPV4,
        etherparse::ArpOperation::REQUEST,
        &mac(0xee),
        &[10, 255, 10, 4],
        &[0; 6],
        &target,
    );
    ethernet([0xff; 6], 0x0806, &arp.unwrap().to_bytes())
}

/// Numbers of protocols used in fixtures.
pub const TCP: IpNumber = IpNumber::TCP;

/// The frame with these bytes between its MAC addresses and its EtherType.
pub fn tagged(frame: &[u8], tags: &[u8]) -> Vec<u8> {
    [&frame[..12], tags, &frame[12..]].concat()
}
