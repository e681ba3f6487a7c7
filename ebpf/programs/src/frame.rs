//! The bytes of a frame, reached only through a bounds check that the verifier can follow.
//!
//! The trap: a helper that moves an end of the frame invalidates every pointer into it. So a
//! [`Frame`] lends its bytes, and the operations that move an end want it whole.
#![allow(unsafe_code, reason = "packet memory is a pair of addresses in the program's context")]

use abi::punt;
use aya_ebpf::{helpers::generated, programs::XdpContext};

use crate::header::{Ethernet, Ipv4, Ipv6, Tag};

/// Types that any bytes make a valid value of, aligned to 2 bytes at most.
///
/// # Safety
/// a) Every bit pattern is valid. b) There is no padding. c) The alignment is 1 or 2.
pub unsafe trait Bytes: Copy {}

// SAFETY: a), b), c) hold: 16-bit integers only; sizes and alignments are asserted beside them.
unsafe impl Bytes for Ethernet {}
// SAFETY: as for `Ethernet`.
unsafe impl Bytes for Ipv4 {}
// SAFETY: as for `Ethernet`.
unsafe impl Bytes for Ipv6 {}
// SAFETY: as for `Ethernet`.
unsafe impl Bytes for Tag {}
// SAFETY: as for `Ethernet`.
unsafe impl<const N: usize> Bytes for [u16; N] {}

/// Drivers fill a buffer before they begin another one; the smallest they use are of 2 KiB, less what
/// they keep for themselves.
const SHORTEST_FULL_BUFFER: usize = 1_024;

/// A helper did not move an end of the frame.
pub struct Refused;

/// A received frame.
pub struct Frame<'a> {
    context: &'a XdpContext,
}

impl<'a> Frame<'a> {
    /// The frame a program was called with.
    #[inline(always)]
    pub fn new(context: &'a XdpContext) -> Self {
        Self { context }
    }

    /// Length in bytes of the first buffer, Ethernet header included. It holds every header, and all of
    /// a frame that is no jumbo frame.
    ///
    /// The ends are loaded anew, so that the compiler cannot conclude from a length what lies within
    /// the frame: it would leave out bounds checks that the verifier wants to see.
    #[inline(always)]
    pub fn first_length(&self) -> usize {
        let context = self.context.ctx;
        // SAFETY: the context is valid for the whole run of the program.
        let (start, end) = unsafe {
            (
                (&raw const (*context).data).read_volatile(),
                (&raw const (*context).data_end).read_volatile(),
            )
        };
        (end as usize).wrapping_sub(start as usize)
    }

    /// Length in bytes of all buffers, Ethernet header included. To be asked at entry, when no register
    /// is in use that a call would have to save: small frames pay nothing.
    #[inline(always)]
    pub fn length(&self) -> usize {
        let first = self.first_length();
        if first < SHORTEST_FULL_BUFFER {
            return first;
        }
        // SAFETY: the helper only reads the context, which is valid for the whole run of the program.
        unsafe { generated::bpf_xdp_get_buff_len(self.context.ctx) as usize }
    }

    /// The `T` at an even `offset`, if the frame is long enough. `offset` must be small (under
    /// 64 KiB), or the verifier refuses the program.
    #[inline(always)]
    pub fn at<T: Bytes>(&self, offset: usize) -> Option<&T> {
        let address = self.address::<T>(offset)?;
        // SAFETY: a) `address` checked that all of `T` lies in the frame; b) `Bytes` allows any
        // content; c) frames start on an even address and `offset` is even; d) the frame is this
        // program's alone, and `&self` keeps its ends where they are.
        Some(unsafe { &*(address as *const T) })
    }

    /// As [`Frame::at`], to write.
    #[inline(always)]
    pub fn at_mut<T: Bytes>(&mut self, offset: usize) -> Option<&mut T> {
        let address = self.address::<T>(offset)?;
        // SAFETY: as in `at`, and `&mut self` makes this the only reference into the frame.
        Some(unsafe { &mut *(address as *mut T) })
    }

    /// The type of the ICMP or ICMPv6 message at `offset`, if its type and code are there. Both are
    /// wanted because the verifier learns nothing from a check for a single byte: the compiler writes
    /// it without the constant that the verifier takes the range from.
    #[inline(always)]
    pub fn message_type(&self, offset: usize) -> Option<u8> {
        let [type_and_code] = self.at::<[u16; 1]>(offset)?;
        let [kind, _] = type_and_code.to_ne_bytes();
        Some(kind)
    }

    #[inline(always)]
    fn address<T>(&self, offset: usize) -> Option<usize> {
        let address = self.context.data().wrapping_add(offset);
        let end = address.wrapping_add(size_of::<T>());
        if end > self.context.data_end() { None } else { Some(address) }
    }

    /// Cuts `bytes` off the end, which must not be more than there are.
    #[inline(always)]
    pub fn cut(&mut self, bytes: usize) -> Result<(), Refused> {
        // SAFETY: the helper checks its argument; `&mut self` means that nothing points into the
        // frame.
        let moved = unsafe {
            generated::bpf_xdp_adjust_tail(self.context.ctx, (bytes as i32).wrapping_neg())
        };
        if moved == 0 { Ok(()) } else { Err(Refused) }
    }

    /// Moves the start of the frame: `bytes` of it go, or, negative, come in front with any content.
    #[inline(always)]
    pub fn move_start(&mut self, bytes: i32) -> Result<(), Refused> {
        // SAFETY: as in `trim`.
        let moved = unsafe { generated::bpf_xdp_adjust_head(self.context.ctx, bytes) };
        if moved == 0 { Ok(()) } else { Err(Refused) }
    }

    /// Puts `metadata` in front of the frame, where an AF_XDP socket finds it.
    #[inline(always)]
    pub fn prepend(&mut self, metadata: punt::Metadata) -> Result<(), Refused> {
        const LENGTH: i32 = size_of::<punt::Metadata>() as i32;
        // SAFETY: as in `trim`.
        let moved =
            unsafe { generated::bpf_xdp_adjust_meta(self.context.ctx, LENGTH.wrapping_neg()) };
        if moved != 0 {
            return Err(Refused);
        }
        let address = self.context.metadata();
        if address.wrapping_add(size_of::<punt::Metadata>()) > self.context.data() {
            return Err(Refused);
        }
        // SAFETY: a) just checked to lie between the start of the metadata and the frame; b) the
        // headroom is this program's alone; c) the kernel keeps the area 4-byte aligned to the
        // frame, and unaligned stores are written as such.
        unsafe { (address as *mut punt::Metadata).write_unaligned(metadata) };
        Ok(())
    }
}
