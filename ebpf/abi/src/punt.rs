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
}

const _: () = assert!(size_of::<Metadata>() == 16);
