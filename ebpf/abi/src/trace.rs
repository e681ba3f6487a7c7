//! The record an injected packet leaves behind: one step a stage.
//!
//! Written only by the traced build of the programs (a second entry point of the same source), so
//! ordinary packets pay nothing for it.

/// Most steps a packet can take through one program.
pub const STEPS: usize = 14;

/// Bit of a `tunnel` step's value: into the tunnel with the index that is its other bits.
pub const INTO_TUNNEL: u32 = 0x8000_0000;

/// One stage the packet passed.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// A [`crate::verdict::Stage`].
    pub stage: u16,
    /// The [`crate::verdict::Verdict`] when the packet ended here, else 0.
    pub verdict: u16,
    /// What the stage found: the port slot (`port`, `out`), the adjacency index (`lookup`,
    /// `adjacency`), the VNI or [`INTO_TUNNEL`] (`tunnel`), TTL before and after in bits 8-15 and 0-7 (`ttl`), else 0.
    pub value: u32,
}

/// The whole way of one packet.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Steps in use.
    pub length: u32,
    /// Low 32 bits of the generation the packet was judged by.
    pub generation: u32,
    /// The steps, first to last.
    pub steps: [Step; STEPS],
}

const _: () = assert!(size_of::<Step>() == 8);
const _: () = assert!(size_of::<Record>() == 120);
