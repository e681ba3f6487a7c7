//! Stage 3: is it for the MSEE itself? Nothing is consumed here: the kernel or `msee` gets the
//! packet as it came, TTL and all (RFC 1812 5.3.1: a TTL is checked only when forwarding).

use abi::{
    image::{PORT_FABRIC, Port},
    verdict::{Stage, Verdict},
};
use programs::header::{ETHERNET, ICMP, Ipv4};

use crate::{
    end::End,
    packet::Packet,
    port::{self, Side},
};

/// ICMP type of an echo request.
const ECHO_REQUEST: u8 = 8;

/// Lets pass what is to be forwarded.
#[inline(always)]
pub fn pass<const TRACED: bool>(
    packet: &mut Packet<'_, TRACED>,
    port: &Port,
    header: &Ipv4,
    side: &Side,
) -> Result<(), End> {
    if u32::from_ne_bytes(header.destination()) != u32::from_ne_bytes(side.address) {
        packet.trace.step(Stage::Local, 0, 0);
        return Ok(());
    }
    if is_echo_request(packet, header) {
        return Err(End::punt(Verdict::LocalEcho));
    }
    if port.kind == PORT_FABRIC {
        return Err(End::punt(Verdict::LocalUnreachable));
    }
    Err(port::to_kernel(port))
}

#[inline(always)]
fn is_echo_request<const TRACED: bool>(packet: &Packet<'_, TRACED>, header: &Ipv4) -> bool {
    if header.protocol() != ICMP || header.is_fragment() {
        return false;
    }
    let behind = ETHERNET.wrapping_add(header.header_length());
    packet.frame.at::<u8>(behind).is_some_and(|kind| *kind == ECHO_REQUEST)
}
