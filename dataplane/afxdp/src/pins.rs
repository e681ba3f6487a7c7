//! Pins: what keeps an XDP program attached when its process is gone.
//!
//! One directory on bpffs holds it all, here that of an MSEE:
//!
//! ```text
//! <pins>/abi-1/NODES ...         maps, under the version of their layout
//! <pins>/msee_port, msee_inject  programs
//! <pins>/links/eth1 ...          links: an interface stays attached while its link is pinned
//! ```
//!
//! It is built under a temporary name and exchanged with the former one in one rename, so a process
//! that dies at any point leaves the old directory or the new one. The rest of a directory that was
//! being built is removed by the next start.

mod bpffs;
mod detach;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs, io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use abi::verdict;
use aya::{
    Ebpf,
    maps::{MapInfo, MapType},
    pin::PinError,
    programs::{
        ProgramError, Xdp,
        links::{FdLink, PinnedLink},
    },
};
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};

pub use bpffs::{BPFFS, BpffsError, ensure_bpffs};

/// Mode of directories: the group may look.
const DIRECTORY_MODE: u32 = 0o750;
/// Mode of pinned objects.
const OBJECT_MODE: u32 = 0o640;

/// The pin directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PinsError {
    /// No bpffs.
    #[error(transparent)]
    Bpffs(#[from] BpffsError),
    /// The path has no parent directory or no name.
    #[error("{path} cannot be a pin directory: name one below a bpffs, such as {BPFFS}/lab/msee-a")]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// A file operation failed.
    #[error("cannot {action} {path}")]
    Files {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        #[source]
        /// What the kernel said.
        source: io::Error,
    },
    /// An object cannot be pinned.
    #[error("cannot pin {path}")]
    Pin {
        /// Where.
        path: PathBuf,
        #[source]
        /// What the kernel said.
        source: PinError,
    },
    /// A program of the object is missing or not loaded.
    #[error("the eBPF object has no loaded program {program}")]
    Program {
        /// Its name.
        program: &'static str,
        #[source]
        /// What aya said.
        source: ProgramError,
    },
}

/// The pin directory of one process.
#[derive(Debug)]
pub struct Pins {
    directory: PathBuf,
    /// Where it is built, until [`Pins::commit`].
    building: PathBuf,
    committed: bool,
}

impl Pins {
    /// Makes sure there is a bpffs, and starts to build a directory.
    pub fn open(directory: &Path) -> Result<Self, PinsError> {
        let path = || PinsError::Path { path: directory.to_owned() };
        let parent = directory.parent().ok_or_else(path)?;
        let mut building: OsString = directory.file_name().ok_or_else(path)?.to_owned();
        // bpffs refuses names with dots.
        building.push("-new");
        let building = parent.join(building);
        bpffs::ensure_below(parent)?;
        make_directory(parent)?;
        remove(&building)?;
        make_directory(&building.join(LINKS))?;
        Ok(Self { directory: directory.to_owned(), building, committed: false })
    }

    /// Where a former process of the same ABI left its map of counters, if it counted the same
    /// verdicts: aya adopts a pinned map without a look at its layout.
    pub fn former_counters(&self) -> Option<PathBuf> {
        let pin = self.directory.join(abi_directory()).join("COUNTERS");
        counts_our_verdicts(&pin).then_some(pin)
    }

    /// The links a former process left, by interface. Their interfaces forward right now.
    pub fn former_links(&self) -> Result<BTreeMap<String, FdLink>, PinsError> {
        let path = self.directory.join(LINKS);
        let failed = |source| PinsError::Files { action: "list", path: path.clone(), source };
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut links = BTreeMap::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let Ok(interface) = entry.file_name().into_string() else { continue };
            // A link that cannot be opened cannot be taken over either: it goes with the directory.
            if let Ok(link) = PinnedLink::from_pin(entry.path()) {
                links.insert(interface, link.into());
            }
        }
        Ok(links)
    }

    /// Pins all maps and the XDP programs `programs`, which are loaded.
    pub fn pin_objects(&self, ebpf: &mut Ebpf, programs: &[&'static str]) -> Result<(), PinsError> {
        let maps = self.building.join(abi_directory());
        make_directory(&maps)?;
        for (name, map) in ebpf.maps() {
            let path = maps.join(name);
            map.pin(&path).map_err(pin_error(&path))?;
            restrict(&path)?;
        }
        for &name in programs {
            let path = self.building.join(name);
            let missing = |source| PinsError::Program { program: name, source };
            let program = ebpf.program_mut(name).ok_or(missing(ProgramError::NotLoaded))?;
            let program: &mut Xdp = program.try_into().map_err(missing)?;
            program.pin(&path).map_err(pin_error(&path))?;
            restrict(&path)?;
        }
        Ok(())
    }

    /// Pins the link of an interface.
    pub fn pin_link(&self, interface: &str, link: FdLink) -> Result<FdLink, PinsError> {
        let path = self.link(interface);
        let pinned = link.pin(&path).map_err(pin_error(&path))?;
        restrict(&path)?;
        Ok(pinned.into())
    }

    /// Removes the pin of an interface's link.
    pub fn unpin_link(&self, interface: &str) -> Result<(), PinsError> {
        remove(&self.link(interface))
    }

    /// Detaches an interface by the pin of its link, and removes the pin.
    pub fn detach(&self, interface: &str) -> Result<(), PinsError> {
        detach_and_remove(&self.link(interface))
    }

    /// Detaches an interface that a former process left attached, and removes its pin.
    pub fn detach_former(&self, interface: &str) -> Result<(), PinsError> {
        detach_and_remove(&self.directory.join(LINKS).join(interface))
    }

    /// Puts the directory in its place; the former one goes. Does nothing the second time.
    pub fn commit(&mut self) -> Result<(), PinsError> {
        if self.committed {
            return Ok(());
        }
        let flags = if self.directory.exists() {
            RenameFlags::RENAME_EXCHANGE
        } else {
            RenameFlags::RENAME_NOREPLACE
        };
        renameat2(AT_FDCWD, &self.building, AT_FDCWD, &self.directory, flags).map_err(|error| {
            let path = self.directory.clone();
            PinsError::Files { action: "rename into place", path, source: error.into() }
        })?;
        self.committed = true;
        remove(&self.building)
    }

    /// Removes everything, and the parent directory when nothing else is in it.
    pub fn remove(self) -> Result<(), PinsError> {
        remove(&self.building)?;
        remove(&self.directory)?;
        if let Some(parent) = self.directory.parent() {
            // Another process of the lab may still be there; the root of the bpffs always is.
            let _ = fs::remove_dir(parent);
        }
        Ok(())
    }

    fn link(&self, interface: &str) -> PathBuf {
        let root = if self.committed { &self.directory } else { &self.building };
        root.join(LINKS).join(interface)
    }
}

const LINKS: &str = "links";

fn abi_directory() -> String {
    format!("abi-{}", abi::VERSION)
}

fn counts_our_verdicts(pin: &Path) -> bool {
    MapInfo::from_pin(pin).is_ok_and(|info| {
        info.map_type().is_ok_and(|kind| kind == MapType::PerCpuArray)
            && info.max_entries() == 1
            && info.value_size() as usize == size_of::<[u64; verdict::COUNT]>()
    })
}

/// Makes a directory and what is missing above it; one that is there stays as it is.
fn make_directory(path: &Path) -> Result<(), PinsError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_directory(parent)?;
    }
    match fs::DirBuilder::new().mode(DIRECTORY_MODE).create(path) {
        // What the umask took from the group.
        Ok(()) => set_mode(path, DIRECTORY_MODE),
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(PinsError::Files { action: "make", path: path.to_owned(), source }),
    }
}

/// Pins start with mode 0600.
fn restrict(path: &Path) -> Result<(), PinsError> {
    set_mode(path, OBJECT_MODE)
}

fn set_mode(path: &Path, mode: u32) -> Result<(), PinsError> {
    let set = fs::set_permissions(path, fs::Permissions::from_mode(mode));
    set.map_err(|source| PinsError::Files {
        action: "set the mode of",
        path: path.to_owned(),
        source,
    })
}

fn detach_and_remove(pin: &Path) -> Result<(), PinsError> {
    let detached = detach::detach(pin);
    detached.map_err(|source| PinsError::Files { action: "detach", path: pin.into(), source })?;
    remove(pin)
}

/// Removes a file or a directory with all in it; nothing there is fine.
fn remove(path: &Path) -> Result<(), PinsError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(PinsError::Files { action: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn pin_error(path: &Path) -> impl Fn(PinError) -> PinsError {
    move |source| PinsError::Pin { path: path.to_owned(), source }
}
