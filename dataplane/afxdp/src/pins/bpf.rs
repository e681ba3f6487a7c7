//! What aya has no call for: detaching a pinned link now, asking which interface it is on, and
//! comparing programs without CAP_SYS_ADMIN, which aya's way to a program's maps takes.
//!
//! Removing the last pin of a link detaches it too, but some time later: the kernel drops the pin's
//! reference after an RCU grace period, from a work queue, and until then the interface is busy for
//! whoever attaches next. `BPF_LINK_DETACH` is synchronous.
#![allow(unsafe_code, reason = "three commands of bpf(2)")]

use std::{
    collections::BTreeSet,
    ffi::CString,
    io,
    mem::size_of_val,
    os::{
        fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

const OBJ_GET: libc::c_int = 7;
const OBJ_GET_INFO_BY_FD: libc::c_int = 15;
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

/// The members of `union bpf_attr` for `BPF_OBJ_GET_INFO_BY_FD`.
#[repr(C)]
struct GetInfo {
    descriptor: u32,
    length: u32,
    info: u64,
}

/// The head of `struct bpf_link_info`, and the member of its union for XDP links.
#[repr(C)]
#[derive(Default)]
struct LinkInfo {
    kind: u32,
    id: u32,
    program: u32,
    reserved: u32,
    ifindex: u32,
    rest: [u32; 3],
}

/// The most maps a program can use (`MAX_USED_MAPS`).
const MOST_MAPS: usize = 64;

/// The head of `struct bpf_prog_info`.
#[repr(C)]
#[derive(Default)]
struct ProgramInfo {
    kind: u32,
    id: u32,
    tag: [u8; 8],
    jited_length: u32,
    translated_length: u32,
    jited: u64,
    translated: u64,
    load_time: u64,
    created_by: u32,
    map_count: u32,
    maps: u64,
}

/// What a program does: the kernel's hash of its instructions, which leaves out which maps it uses, and
/// the numbers of these.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProgramIdentity {
    tag: [u8; 8],
    maps: BTreeSet<u32>,
}

/// Asks the kernel what a program does.
pub(super) fn identity(program: BorrowedFd<'_>) -> io::Result<ProgramIdentity> {
    let mut maps = [0_u32; MOST_MAPS];
    let mut info = ProgramInfo {
        map_count: MOST_MAPS as u32,
        maps: (&raw mut maps).expose_provenance() as u64,
        ..ProgramInfo::default()
    };
    let attributes = GetInfo {
        descriptor: program.as_raw_fd().cast_unsigned(),
        length: size_of::<ProgramInfo>() as u32,
        info: (&raw mut info).expose_provenance() as u64,
    };
    bpf(OBJ_GET_INFO_BY_FD, &attributes)?;
    let maps = maps.into_iter().take(info.map_count as usize).collect();
    Ok(ProgramIdentity { tag: info.tag, maps })
}

/// Detaches the link pinned at `pin` from its interface; the pin stays. A link whose interface is
/// gone is detached already.
pub(super) fn detach(pin: &Path) -> io::Result<()> {
    let link = get(pin)?;
    bpf(LINK_DETACH, &Detach { link: link.as_raw_fd().cast_unsigned() }).map(drop)
}

/// Index of the interface that the link pinned at `pin` attaches; 0 when that interface is gone.
pub(super) fn interface(pin: &Path) -> io::Result<u32> {
    let link = get(pin)?;
    let mut info = LinkInfo::default();
    let attributes = GetInfo {
        descriptor: link.as_raw_fd().cast_unsigned(),
        length: size_of::<LinkInfo>() as u32,
        info: (&raw mut info).expose_provenance() as u64,
    };
    bpf(OBJ_GET_INFO_BY_FD, &attributes)?;
    Ok(info.ifindex)
}

fn get(pin: &Path) -> io::Result<OwnedFd> {
    let path = CString::new(pin.as_os_str().as_bytes())?;
    let get = Get { path: path.as_ptr().expose_provenance() as u64, descriptor: 0, flags: 0 };
    let descriptor = bpf(OBJ_GET, &get)?;
    // SAFETY: the kernel just made this descriptor, and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn bpf<T>(command: libc::c_int, attributes: &T) -> io::Result<libc::c_int> {
    // SAFETY: a) `attributes` is a `#[repr(C)]` prefix of `union bpf_attr` and its size is given, so
    // the kernel reads no further; b) what an address in it leads to outlives the call; c) the one
    // command that writes, writes to `GetInfo::info` at most as many bytes as `GetInfo::length`
    // says, which is the size of that plain data, and to `ProgramInfo::maps` at most as many numbers
    // as `map_count` says, which is the length of that array.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, command, &raw const *attributes, size_of_val(attributes))
    };
    libc::c_int::try_from(result)
        .ok()
        .filter(|result| *result >= 0)
        .ok_or_else(io::Error::last_os_error)
}
