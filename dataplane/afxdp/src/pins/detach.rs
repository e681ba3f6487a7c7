//! Detaching a pinned link, now.
//!
//! Removing the last pin of a link detaches it too, but some time later: the kernel drops the pin's
//! reference after an RCU grace period, from a work queue, and until then the interface is busy for
//! whoever attaches next. `BPF_LINK_DETACH` is synchronous. aya has no call for it.
#![allow(unsafe_code, reason = "two commands of bpf(2)")]

use std::{
    ffi::CString,
    io,
    mem::size_of_val,
    os::{
        fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

const OBJ_GET: libc::c_int = 7;
const LINK_DETACH: libc::c_int = 34;

/// The members of `union bpf_attr` for `BPF_OBJ_GET`.
#[repr(C)]
struct Get {
    path: u64,
    descriptor: u32,
    flags: u32,
}

/// The members of `union bpf_attr` for `BPF_LINK_DETACH`.
#[repr(C)]
struct Detach {
    link: u32,
}

/// Detaches the link pinned at `pin` from its interface; the pin stays. A link whose interface is
/// gone is detached already.
pub(super) fn detach(pin: &Path) -> io::Result<()> {
    let path = CString::new(pin.as_os_str().as_bytes())?;
    let get = Get { path: path.as_ptr().expose_provenance() as u64, descriptor: 0, flags: 0 };
    let descriptor = bpf(OBJ_GET, &get)?;
    // SAFETY: the kernel just made this descriptor, and nothing else owns it.
    let link = unsafe { OwnedFd::from_raw_fd(descriptor) };
    let detach = Detach { link: link.as_raw_fd().cast_unsigned() };
    bpf(LINK_DETACH, &detach).map(|_| ())
}

fn bpf<T>(command: libc::c_int, attributes: &T) -> io::Result<libc::c_int> {
    // SAFETY: a) `attributes` is a `#[repr(C)]` prefix of `union bpf_attr` and its size is given, so
    // the kernel reads no further; b) a path in it outlives the call; c) neither command writes.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, command, &raw const *attributes, size_of_val(attributes))
    };
    libc::c_int::try_from(result)
        .ok()
        .filter(|result| *result >= 0)
        .ok_or_else(io::Error::last_os_error)
}
