//! What IPv4 and IPv6 have in common on their way through a router: every stage behind the port is
//! written once, over this trait.

use abi::image::{Port, Vnet};
use programs::frame::Bytes;

use crate::{end::End, packet::Packet};

/// An IP header, checked.
pub trait Network: Bytes {
    /// An address as the prefix structure takes it, first octet first.
    type Octets: IntoIterator<Item = u8>;

    /// Stage 2 for this version.
    fn check<const TRACED: bool>(packet: &mut Packet<'_, TRACED>, port: &Port)
    -> Result<Self, End>;

    /// Source address.
    fn source_octets(&self) -> Self::Octets;
    /// Destination address.
    fn destination_octets(&self) -> Self::Octets;

    /// Root node of the table that packets from this port are looked up in: routes, or VNets by
    /// source.
    fn root_of_port(port: &Port) -> u32;
    /// Root node of the VNet's table.
    fn root_of_vnet(vnet: &Vnet) -> u32;
    /// Whether the packet is for the address that the port has.
    fn is_for_port(&self, port: &Port) -> bool;
    /// Whether it is for the address that the VNet knows the MSEE by.
    fn is_for_vnet(&self, vnet: &Vnet) -> bool;

    /// Length of the whole packet in bytes, this header included.
    fn length(&self) -> usize;
    /// TTL or hop limit.
    fn hops(&self) -> u8;
    /// Whether a router may cut it into fragments.
    fn may_be_fragmented(&self) -> bool;
    /// Takes one hop off the packet in the frame; `None` when the frame has become too short.
    fn take_hop<const TRACED: bool>(&self, packet: &mut Packet<'_, TRACED>) -> Option<()>;

    /// Whether it asks for an echo, as a whole packet.
    fn is_echo_request<const TRACED: bool>(&self, packet: &Packet<'_, TRACED>) -> bool;
    /// Whether it is Neighbour Discovery that a fabric port answers.
    fn is_neighbour_discovery<const TRACED: bool>(&self, packet: &Packet<'_, TRACED>) -> bool;
    /// Hash of the flow it belongs to.
    fn flow<const TRACED: bool>(&self, packet: &Packet<'_, TRACED>) -> u32;
}
