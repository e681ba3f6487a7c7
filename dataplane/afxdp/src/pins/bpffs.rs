//! A bpffs to pin to. The usual `/sys/fs/bpf` is often not mounted, and `ip netns exec` hides it
//! under a fresh `/sys`: erlab has its own.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use nix::{
    mount::{MsFlags, mount},
    sys::statfs::{BPF_FS_MAGIC, statfs},
};

use super::lock;

/// Where erlab mounts its bpffs.
pub const BPFFS: &str = "/run/erlab/bpf";

/// There is no bpffs, and none can be mounted.
#[derive(Debug, thiserror::Error)]
pub enum BpffsError {
    /// The directory to mount on cannot be made or locked.
    #[error("cannot make or lock {path}")]
    Directory {
        /// The directory.
        path: PathBuf,
        #[source]
        /// What the kernel said.
        source: io::Error,
    },
    /// `mount` refused.
    #[error("cannot mount a bpffs at {path} (is this process root?)")]
    Mount {
        /// Where.
        path: PathBuf,
        #[source]
        /// What the kernel said.
        source: io::Error,
    },
    /// A pin directory outside of [`BPFFS`] must be on a bpffs already.
    #[error("{path} is not on a bpffs: mount one (mount -t bpf bpf DIR), or pin below {BPFFS}")]
    Elsewhere {
        /// The directory.
        path: PathBuf,
    },
}

/// Mounts a bpffs at `path` unless there is one.
pub fn ensure_bpffs(path: &Path) -> Result<(), BpffsError> {
    let failed = |source| BpffsError::Directory { path: path.to_owned(), source };
    if is_bpffs(path) {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o750).create(path).map_err(failed)?;
    // Two processes that mount at once would hide the pins of one under the mount of the other. The
    // parent is locked: opened before the mount, `path` is not the directory it is after it.
    let parent = path.parent().unwrap_or(path);
    let directory = fs::File::open(parent).map_err(failed)?;
    let _lock = lock::exclusively(directory).map_err(|error| failed(error.into()))?;
    if is_bpffs(path) {
        return Ok(());
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("bpf"), path, Some("bpf"), flags, Some("mode=0750"))
        .map_err(|error| BpffsError::Mount { path: path.to_owned(), source: error.into() })
}

/// Makes sure that a directory, which need not exist yet, is on a bpffs.
pub(super) fn ensure_below(directory: &Path) -> Result<(), BpffsError> {
    if directory.starts_with(BPFFS) {
        return ensure_bpffs(Path::new(BPFFS));
    }
    let existing = directory.ancestors().find(|ancestor| ancestor.exists());
    if existing.is_some_and(is_bpffs) {
        Ok(())
    } else {
        Err(BpffsError::Elsewhere { path: directory.to_owned() })
    }
}

fn is_bpffs(path: &Path) -> bool {
    statfs(path).is_ok_and(|found| found.filesystem_type() == BPF_FS_MAGIC)
}
