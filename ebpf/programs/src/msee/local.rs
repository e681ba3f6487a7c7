//! Stage 3: is it for the MSEE itself? Nothing is consumed here: the kernel or `msee` gets the
//! packet as it came, TTL and all (RFC 1812 5.3.1: a TTL is checked only when forwarding).

use abi::{
    police::Class,
    verdict::{Stage, Verdict},
};

use crate::{
    end::End,
    network::Network,
    packet::Packet,
    port::{self, Side},
};

/// Lets pass what is to be forwarded.
#[inline(always)]
pub fn pass<const TRACED: bool, N: Network>(
    packet: &mut Packet<'_, TRACED>,
    header: &N,
    side: &Side,
) -> Result<(), End> {
    let is_ours = match side {
        Side::Circuit(port) => header.is_for_port(port),
        Side::Vnet(vnet) => header.is_for_vnet(vnet),
    };
    if !is_ours {
        packet.trace.step(Stage::Local, 0, 0);
        return Ok(());
    }
    if header.is_echo_request(packet) {
        return Err(End::punt(Verdict::LocalEcho));
    }
    Err(match side {
        Side::Circuit(port) => {
            let is_nd = header.is_neighbour_discovery(packet);
            let class = if is_nd { Class::NeighbourUnicast } else { Class::Control };
            port::to_kernel(packet, port, class)
        }
        Side::Vnet(_) if header.is_neighbour_discovery(packet) => End::punt(Verdict::LocalNd),
        Side::Vnet(_) => End::punt(Verdict::LocalUnreachable),
    })
}
