//! The flow hash: packets of one flow take one way (RFC 2992). What makes a flow, each IP version says.

use programs::frame::Frame;

/// A hash under way: MurmurHash3 (x86, 32 bits).
#[derive(Clone, Copy, Default)]
pub struct Hash(u32);

impl Hash {
    /// Takes in one word.
    #[inline(always)]
    pub fn mix(self, word: u32) -> Self {
        let word = word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
        Self((self.0 ^ word).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64))
    }

    /// The hash: every bit of what was mixed reaches the low bits, which choose the member.
    #[inline(always)]
    pub fn finish(self) -> u32 {
        let hash = (self.0 ^ (self.0 >> 16)).wrapping_mul(0x85eb_ca6b);
        let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        hash ^ (hash >> 16)
    }

    /// The two ports of a TCP or UDP header at `offset`; 0 when the frame ends before them.
    #[inline(always)]
    pub fn ports(frame: &Frame<'_>, offset: usize) -> u32 {
        let Some([source, destination]) = frame.at::<[u16; 2]>(offset) else { return 0 };
        u32::from(*source) << 16 | u32::from(*destination)
    }
}
