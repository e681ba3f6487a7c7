//! Stage 8, towards a host: into the tunnel (RFC 7348).

use abi::{
    trace::INTO_TUNNEL,
    tunnel::{
        self, FIRST_SOURCE_PORT, HEADERS, IPV4_CHECKSUM, IPV4_LENGTH, SOURCE_PORT_BITS, UDP_LENGTH,
        UDP_SOURCE,
    },
    verdict::{Stage, Verdict},
};
use programs::{frame::Refused, header::ETHERNET};

use crate::{
    checksum,
    end::{End, Fate},
    network::Network,
    packet::Packet,
};

/// Puts the outer headers of a tunnel in front of the frame.
#[inline(always)]
pub fn send<const TRACED: bool, N: Network>(
    packet: &mut Packet<'_, TRACED>,
    header: &N,
    index: u32,
) -> Result<(), End> {
    let corrupt = End::drop(Verdict::LookupCorrupt);
    let tunnel = packet.image.tunnel(index).ok_or(corrupt)?;
    let source_port =
        FIRST_SOURCE_PORT.wrapping_add((header.flow(packet) & SOURCE_PORT_BITS) as u16);
    packet.trace.step(Stage::Tunnel, 0, INTO_TUNNEL | index);
    packet
        .frame
        .move_start((HEADERS as i32).wrapping_neg())
        .map_err(|Refused| End::new(Fate::Drop, Verdict::NoHeadroom, index))?;
    // The adjacency's MTU, which the packet has passed, leaves room for the outer headers.
    let length = HEADERS.wrapping_add(ETHERNET).wrapping_add(header.length()) as u16;
    let ipv4_length = length.wrapping_sub(tunnel::IPV4 as u16);
    let outer: &mut [u16; HEADERS / 2] = packet.frame.at_mut(0).ok_or(corrupt)?;
    *outer = tunnel.header;
    let checksum = checksum::updated(u16::from_be(outer[IPV4_CHECKSUM / 2]), 0, ipv4_length);
    outer[IPV4_LENGTH / 2] = ipv4_length.to_be();
    outer[IPV4_CHECKSUM / 2] = checksum.to_be();
    outer[UDP_SOURCE / 2] = source_port.to_be();
    outer[UDP_LENGTH / 2] = length.wrapping_sub(tunnel::UDP as u16).to_be();
    Ok(())
}
