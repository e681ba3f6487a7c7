//! What the fast path tells userspace about a packet it hands over by AF_XDP.

/// Metadata in front of a punted frame (XDP metadata area, directly before the first byte).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Low 32 bits of the generation the packet was judged by.
    pub generation: u32,
    /// The [`crate::verdict::Verdict`] that punted it.
    pub verdict: u16,
    /// Slot of the port it came in by.
    pub port: u16,
    /// Adjacency index the lookup gave, or 0.
    pub adjacency: u32,
    /// Index of the [`crate::image::Vnet`] it came from on a fabric port; 0 on a circuit port.
    pub vnet: u32,
    /// IPv4 address of the host in whose tunnel it came, network byte order; 0.0.0.0 outside of one.
    pub host: [u8; 4],
    /// MAC address that the tunnel's packet came from, as words of a frame: the host's, or that of a
    /// router on the way.
    pub host_mac: [u16; 3],
    /// Explicit padding, 0.
    pub reserved: u16,
    /// The tunnel's VNI, 0 outside of one.
    pub vni: u32,
}

// The kernel takes metadata in multiples of 4 bytes, and for long took 32 at most.
const _: () = assert!(size_of::<Metadata>() == 32);
