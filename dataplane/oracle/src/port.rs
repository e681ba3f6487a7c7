//! The interfaces an MSEE's state is bound to.

use desired::MacAddress;

/// One port of the MSEE and what it is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// A key of `circuit_ports` or of `fabric_ports`, or the name of a circuit port's `cpu` interface.
    pub name: String,
    /// Index of the interface; the links of one interface share it.
    pub ifindex: u32,
    /// MAC address of the interface.
    pub mac: MacAddress,
    /// MTU of the interface: the bytes it carries behind an untagged Ethernet header. Tags take of it.
    pub mtu: u32,
    /// What it is for.
    pub kind: PortKind,
}

/// What a port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortKind {
    /// A customer edge's link.
    Circuit,
    /// A region's fabric.
    Fabric,
    /// The MSEE's own kernel, as the far end of a circuit port's `cpu` veth.
    Cpu,
}
