//! Stage 1: the interface and tags to a port, and on a fabric port the source to a VNet.
//!
//! Passes on: the port (before the header is checked), then [`Side`] (which needs its source
//! address, so it comes after the checks).

use abi::{
    image::{PORT_ABSENT, PORT_CPU, PORT_FABRIC, Port},
    verdict::{Stage, Verdict},
};
use programs::header::{ETHERTYPE_ARP, ETHERTYPE_CTAG, ETHERTYPE_IPV4, ETHERTYPE_STAG, Ethernet};

use crate::{
    end::{End, Fate},
    lookup,
    packet::Packet,
};

/// The side of the router a packet came from, with the table it is routed in.
pub struct Side {
    /// Root node of the VRF.
    pub root: u32,
    /// The MSEE's own address as this side knows it.
    pub address: [u8; 4],
}

/// Finds the port, and sorts out every frame that is not IPv4 for this router.
#[inline(always)]
pub fn arrive<const TRACED: bool>(packet: &mut Packet<'_, TRACED>) -> Result<&'static Port, End> {
    let unknown = End::drop(Verdict::PortUnknown);
    let slot = packet.image.slot(packet.ifindex).ok_or(unknown)?;
    let port = packet.image.port(slot).ok_or(unknown)?;
    if port.kind == PORT_ABSENT {
        return Err(unknown);
    }
    packet.metadata.port = slot as u16;
    packet.trace.step(Stage::Port, 0, slot);
    if port.kind == PORT_CPU {
        return Err(End::new(Fate::Send(port.peer), Verdict::LocalFromKernel, 0));
    }
    let ethernet: &Ethernet = packet.frame.at(0).ok_or(End::drop(Verdict::PortTruncated))?;
    let ethertype = u16::from_be(ethernet.ethertype);
    if ethertype == ETHERTYPE_CTAG || ethertype == ETHERTYPE_STAG {
        return Err(End::drop(Verdict::PortTagged));
    }
    let is_group = ethernet.is_group();
    if !is_group && !is_own(ethernet, port) {
        return Err(End::drop(Verdict::PortWrongMac));
    }
    match ethertype {
        // RFC 1812 5.3.4: a packet that was broadcast on the link is not forwarded, whatever its
        // IP destination. Nor is one taken in: no protocol here listens to a group.
        ETHERTYPE_IPV4 if is_group => Err(End::drop(Verdict::PortGroup)),
        ETHERTYPE_IPV4 => Ok(port),
        ETHERTYPE_ARP if port.kind == PORT_FABRIC => Err(End::punt(Verdict::LocalArp)),
        ETHERTYPE_ARP => Err(to_kernel(port)),
        _ => Err(End::drop(Verdict::PortNotIpv4)),
    }
}

/// Finds the VRF: the circuit's, or that of the VNet which has the source address.
#[inline(always)]
pub fn side<const TRACED: bool>(
    packet: &mut Packet<'_, TRACED>,
    port: &Port,
    source: [u8; 4],
) -> Result<Side, End> {
    if port.kind != PORT_FABRIC {
        return Ok(Side { root: port.root, address: port.address });
    }
    let unknown = End::drop(Verdict::SourceUnknown);
    let vnet = lookup::walk(packet.image, port.root, source)?.ok_or(unknown)?;
    let entry = packet.image.vnet(vnet).ok_or(End::drop(Verdict::LookupCorrupt))?;
    packet.metadata.vnet = vnet;
    Ok(Side { root: entry.root, address: entry.address })
}

/// Hands a frame of a circuit port to the kernel, through the `cpu` veth.
#[inline(always)]
pub fn to_kernel(port: &Port) -> End {
    if port.peer == 0 {
        End::drop(Verdict::LocalNoCpu)
    } else {
        End::new(Fate::Send(port.peer), Verdict::LocalKernel, 0)
    }
}

#[inline(always)]
fn is_own(ethernet: &Ethernet, port: &Port) -> bool {
    let (own, _) = port.mac.as_chunks::<2>();
    own.iter().zip(ethernet.destination).all(|(own, word)| u16::from_ne_bytes(*own) == word)
}
