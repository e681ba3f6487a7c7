//! What the XDP programs share: bounds-checked access to a frame, and its headers.
//!
//! Each binary of this package is one eBPF object. A packet's way is one function once compiled:
//! everything here and in the binaries is `inline(always)`, and a stage of the way is a file.
#![no_std]

pub mod frame;
pub mod header;
