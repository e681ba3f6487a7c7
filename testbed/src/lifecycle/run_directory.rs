//! Where a lab keeps its files.
//!
//! `/run` is emptied by a reboot, and so are namespaces and processes: what is recorded there never
//! outlives what it describes.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde::Serialize;

/// Parent of all labs' run directories.
pub(super) const ROOT: &str = "/run/erlab";

/// Mount point of the bpffs that holds the pins of all labs' routers and gateways; not the name of a lab.
pub(super) const BPF: &str = "/run/erlab/bpf";

/// Held while directories or the bpffs come or go that all labs share. Never removed: two processes
/// could then hold the locks of two files of this name.
const LOCK: &str = "/run/erlab.lock";

/// The run directory of one lab, 0700: its sockets give full control of the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDirectory {
    lab: String,
    path: PathBuf,
}

impl RunDirectory {
    /// The directory of `lab`; nothing is made or looked at, the name neither.
    pub fn of(lab: &str) -> Self {
        Self { lab: lab.to_owned(), path: Path::new(ROOT).join(lab) }
    }

    /// Makes it. Fails with [`io::ErrorKind::AlreadyExists`] when the lab has one: of two deploys
    /// at the same time only one goes on.
    pub fn make(&self) -> io::Result<()> {
        let _lock = lock()?;
        DirBuilder::new().recursive(true).mode(0o755).create(ROOT)?;
        DirBuilder::new().mode(0o700).create(&self.path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The lab's name.
    pub fn lab(&self) -> &str {
        &self.lab
    }

    /// `ercontrol`'s ARM API.
    pub fn control_socket(&self) -> PathBuf {
        self.path.join("control.sock")
    }

    /// `ercontrol`'s stream to the dataplanes.
    pub fn dataplane_socket(&self) -> PathBuf {
        self.path.join("dataplane.sock")
    }

    /// Admin HTTP of router or gateway `node`.
    pub fn admin_socket(&self, node: &str) -> PathBuf {
        self.path.join(format!("{node}.sock"))
    }

    /// Admin HTTP of the agent.
    pub fn agent_socket(&self) -> PathBuf {
        self.path.join("agent.sock")
    }

    /// `ercontrol`'s store.
    pub fn store(&self) -> PathBuf {
        self.path.join("store.redb")
    }

    /// What was deployed: topology and plan.
    pub fn state_file(&self) -> PathBuf {
        self.path.join("lab.json")
    }

    /// The guardian's process.
    pub fn guardian_file(&self) -> PathBuf {
        self.path.join("guardian.json")
    }

    /// The daemons' processes.
    pub fn daemons_file(&self) -> PathBuf {
        self.path.join("daemons.json")
    }

    /// Frames that came to the wires' interfaces before the first agent served them.
    pub fn wires_file(&self) -> PathBuf {
        self.path.join("wires.json")
    }

    /// Log of daemon `name`, which is an instance of `program`.
    pub fn log(&self, program: &str, name: &str) -> PathBuf {
        let stem = if program == name { name.to_owned() } else { format!("{program}-{name}") };
        self.path.join(format!("{stem}.log"))
    }

    /// Log of guardian and worker.
    pub fn agent_log(&self) -> PathBuf {
        self.path.join("agent.log")
    }

    /// Pins of all routers and gateways of the lab.
    pub fn pins(&self) -> PathBuf {
        Path::new(BPF).join(&self.lab)
    }
}

/// Waits for the lock on what all labs share; it is held until the file is closed. Processes started
/// meanwhile do not inherit it: the file is opened close-on-exec.
pub(super) fn lock() -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(LOCK)?;
    file.lock()?;
    Ok(file)
}

/// Writes `value` as JSON, so that a reader sees the old file or the new one, whatever is killed.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let temporary = path.with_extension("json.new");
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    serde_json::to_writer_pretty(file, value)?;
    fs::rename(&temporary, path)
}
