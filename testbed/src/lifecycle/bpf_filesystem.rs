//! The bpffs that the MSEEs of all labs pin their maps, links and programs in.
//!
//! Mounted before the daemons start: two of them mounting it at the same moment would stack two file
//! systems, and the pins of one would be out of sight.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
};

use nix::{
    mount::{MsFlags, mount},
    sys::statfs::{BPF_FS_MAGIC, statfs},
};

use super::run_directory::{self, BPF};

/// Mounts it unless it is.
pub(super) fn ensure() -> io::Result<()> {
    let _lock = run_directory::lock()?;
    fs::create_dir_all(BPF)?;
    if statfs(BPF)?.filesystem_type() != BPF_FS_MAGIC {
        mount(Some("bpf"), BPF, Some("bpf"), MsFlags::empty(), None::<&str>)?;
        fs::set_permissions(BPF, Permissions::from_mode(0o750))?;
    }
    Ok(())
}
