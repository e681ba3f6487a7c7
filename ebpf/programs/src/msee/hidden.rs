//! What the verifier need not know.
//!
//! It follows every value that it knows of a variable on a way of its own. Where a packet begins has
//! three values, by the tags in front of it: every stage would be looked at three times, and of the
//! bound on what the verifier does half would be spent on that.
#![allow(unsafe_code, reason = "the compiler would see through anything but instructions")]

use core::arch::asm;

/// An even offset under 32 as it is, of which the verifier knows just that. `any` is any number that
/// the verifier does not know.
#[inline(always)]
pub fn hidden(offset: usize, any: u32) -> usize {
    let mut hidden = offset as u64;
    // SAFETY: a) the instructions change one register, and read another; b) what is added is taken
    // away again, and the mask leaves an even offset under 32.
    unsafe {
        asm!(
            "{hidden} += {any}",
            "{hidden} -= {any}",
            "{hidden} &= 30",
            hidden = inout(reg) hidden,
            any = in(reg) u64::from(any),
            options(pure, nomem, nostack),
        );
    }
    hidden as usize
}
