//! The limit of locked memory: AF_XDP memory counts against it, and before Linux 5.11 BPF maps do.
//! Most systems have 8 MiB, one socket's worth.

use nix::{
    errno::Errno,
    sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit},
};

/// Raises this process's limit of locked memory as far as it may; whether there is none any more.
/// Going above the hard limit takes CAP_SYS_RESOURCE. Under a limit only CAP_IPC_LOCK lets a process
/// lock more.
pub fn raise_memory_limit() -> Result<bool, Errno> {
    let unlimited = setrlimit(Resource::RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY);
    let (_, hard) = getrlimit(Resource::RLIMIT_MEMLOCK)?;
    if unlimited.is_err() {
        setrlimit(Resource::RLIMIT_MEMLOCK, hard, hard)?;
    }
    Ok(hard == RLIM_INFINITY)
}
