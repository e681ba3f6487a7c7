//! Pins: what keeps an XDP program attached when its process is gone.
//!
//! One directory on bpffs holds it all, here that of an MSEE (a gateway's has one program and one link):
//!
//! ```text
//! <pins>/abi-1/NODES ...         maps, under the version of their layout
//! <pins>/msee_port, msee_inject  programs
//! <pins>/links/eth1 ...          links: an interface stays attached while its link is pinned
//! ```
//!
//! A new one is built under a temporary name and exchanged with the former one in one rename, so a
//! process that dies at any point leaves the old directory or the new one. The rest of a directory
//! that was being built is removed by the next start. A directory of the same ABI version can also be
//! adopted: what is pinned there goes on being used, and a program of another build is put in the
//! place of the pinned one by a rename.

mod bpf;
mod bpffs;
mod files;
mod former;
mod layout;
mod lock;

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use aya::{
    Ebpf,
    maps::{MapData, MapError},
    pin::PinError,
    programs::{ProgramError, Xdp, links::FdLink},
    sys::SyscallError,
};
use aya_obj::programs::XdpAttachType;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};

pub use bpffs::{BPFFS, BpffsError, ensure_bpffs};
use files::{make_directory, remove, restrict};
pub use former::{FormerLink, LayoutError};
pub use layout::Layout;
use lock::Lock;

use crate::steps::{Step, Steps};

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
    /// Another process has it.
    #[error("{path} is in use by another process: end that first")]
    InUse {
        /// The directory.
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
    /// A pinned program cannot be opened.
    #[error("cannot open the program pinned at {path}")]
    OpenProgram {
        /// Where.
        path: PathBuf,
        #[source]
        /// What the kernel said.
        source: ProgramError,
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
    /// Whether `directory` is ours: built and committed, or adopted.
    in_place: bool,
    steps: Steps,
    /// On what a former process left, on what is being built, or on both.
    locks: Vec<Lock>,
}

impl Pins {
    /// Makes sure there is a bpffs, and that this process alone has the directory, which need not
    /// exist. Next comes [`Pins::build`] or [`Pins::adopt`].
    pub fn claim(directory: &Path, steps: Steps) -> Result<Self, PinsError> {
        let path = || PinsError::Path { path: directory.to_owned() };
        let parent = directory.parent().ok_or_else(path)?;
        let mut building: OsString = directory.file_name().ok_or_else(path)?.to_owned();
        // bpffs refuses names with dots.
        building.push("-new");
        let building = parent.join(building);
        bpffs::ensure_below(parent)?;
        make_directory(parent)?;
        let former = Lock::take(directory)?;
        let rest = Lock::take(&building)?;
        let locks = former.into_iter().collect();
        let pins =
            Self { directory: directory.to_owned(), building, in_place: false, steps, locks };
        pins.remove_rest()?;
        drop(rest);
        Ok(pins)
    }

    /// Starts to build a directory. What a former process pinned stays in force until
    /// [`Pins::commit`].
    pub fn build(&mut self) -> Result<(), PinsError> {
        make_directory(&self.building.join(LINKS))?;
        self.locks.extend(Lock::take(&self.building)?);
        Ok(())
    }

    /// Pins all maps and the XDP programs `programs`, which are loaded.
    pub fn pin_objects(&self, ebpf: &mut Ebpf, programs: &[&'static str]) -> Result<(), PinsError> {
        make_directory(&self.building.join(abi_directory()))?;
        for (name, map) in ebpf.maps() {
            let path = self.map_path(name);
            self.take(Step::PinMap, "pin", &path)?;
            map.pin(&path).map_err(pin_error(&path))?;
            restrict(&path)?;
        }
        for &name in programs {
            self.pin_program(ebpf, name, &self.building.join(name))?;
        }
        Ok(())
    }

    /// Pins a loaded program in the place of a former process's: by a rename, so that there is one
    /// at any time.
    pub fn replace_program(&self, ebpf: &mut Ebpf, name: &'static str) -> Result<(), PinsError> {
        let unfinished = self.root().join(former::unfinished(name));
        self.pin_program(ebpf, name, &unfinished)?;
        let path = self.program_path(name);
        self.take(Step::ReplaceProgram, "rename into place", &path)?;
        fs::rename(&unfinished, &path).map_err(|source| PinsError::Files {
            action: "rename into place",
            path,
            source,
        })
    }

    fn pin_program(
        &self,
        ebpf: &mut Ebpf,
        name: &'static str,
        path: &Path,
    ) -> Result<(), PinsError> {
        let missing = |source| PinsError::Program { program: name, source };
        let program = ebpf.program_mut(name).ok_or(missing(ProgramError::NotLoaded))?;
        let program: &mut Xdp = program.try_into().map_err(missing)?;
        self.take(Step::PinProgram, "pin", path)?;
        program.pin(path).map_err(pin_error(path))?;
        restrict(path)
    }

    /// Opens a pinned map.
    pub fn map(&self, name: &str) -> Result<MapData, MapError> {
        MapData::from_pin(self.map_path(name))
    }

    /// Where a map is pinned.
    pub fn map_path(&self, name: &str) -> PathBuf {
        self.root().join(abi_directory()).join(name)
    }

    /// Opens a pinned XDP program.
    pub fn program(&self, name: &str) -> Result<Xdp, PinsError> {
        let path = self.program_path(name);
        Xdp::from_pin(&path, XdpAttachType::Interface)
            .map_err(|source| PinsError::OpenProgram { path, source })
    }

    fn program_path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Pins the link of an interface.
    pub fn pin_link(&self, interface: &str, link: FdLink) -> Result<FdLink, PinsError> {
        let path = self.link(interface);
        self.steps.take(Step::PinLink).map_err(|io_error| {
            pin_error(&path)(PinError::SyscallError(SyscallError { call: "BPF_OBJ_PIN", io_error }))
        })?;
        let pinned = link.pin(&path).map_err(pin_error(&path))?;
        // Not pinned, or pinned as it should be: a pin that nobody knows of keeps its interface busy.
        restrict(&path).inspect_err(|_| drop(remove(&path)))?;
        Ok(pinned.into())
    }

    /// Removes the pin of an interface's link.
    pub fn unpin_link(&self, interface: &str) -> Result<(), PinsError> {
        let path = self.link(interface);
        self.take(Step::UnpinLink, "remove", &path)?;
        remove(&path)
    }

    /// Detaches an interface by the pin of its link, and removes the pin.
    pub fn detach(&self, interface: &str) -> Result<(), PinsError> {
        self.detach_and_remove(&self.link(interface))
    }

    fn detach_and_remove(&self, pin: &Path) -> Result<(), PinsError> {
        self.take(Step::Detach, "detach", pin)?;
        let detached = bpf::detach(pin);
        match detached {
            // Somebody removed the pin: the link lives as long as a descriptor of it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(PinsError::Files { action: "detach", path: pin.into(), source }),
            Ok(()) => {
                self.take(Step::UnpinLink, "remove", pin)?;
                remove(pin)
            }
        }
    }

    /// Puts the directory in its place; the former one goes. Does nothing the second time.
    pub fn commit(&mut self) -> Result<(), PinsError> {
        if !self.in_place {
            let flags = if self.directory.exists() {
                RenameFlags::RENAME_EXCHANGE
            } else {
                RenameFlags::RENAME_NOREPLACE
            };
            self.take(Step::Rename, "rename into place", &self.directory)?;
            renameat2(AT_FDCWD, &self.building, AT_FDCWD, &self.directory, flags).map_err(
                |error| {
                    let path = self.directory.clone();
                    PinsError::Files { action: "rename into place", path, source: error.into() }
                },
            )?;
            self.in_place = true;
        }
        self.remove_rest()
    }

    /// Removes everything, and the parent directory when nothing else is in it.
    pub fn remove(self) -> Result<(), PinsError> {
        self.remove_rest()?;
        remove(&self.directory)?;
        if let Some(parent) = self.directory.parent() {
            // Another process of the lab may still be there; the root of the bpffs always is.
            let _ = fs::remove_dir(parent);
        }
        Ok(())
    }

    fn remove_rest(&self) -> Result<(), PinsError> {
        if fs::symlink_metadata(&self.building).is_ok() {
            self.take(Step::RemoveRest, "remove", &self.building)?;
        }
        remove(&self.building)
    }

    fn link(&self, interface: &str) -> PathBuf {
        self.root().join(LINKS).join(interface)
    }

    fn root(&self) -> &Path {
        if self.in_place { &self.directory } else { &self.building }
    }

    fn take(&self, step: Step, action: &'static str, path: &Path) -> Result<(), PinsError> {
        let path = || path.to_owned();
        self.steps.take(step).map_err(|source| PinsError::Files { action, path: path(), source })
    }
}

const LINKS: &str = "links";
/// What the name of the directory of maps starts with.
const VERSION_PREFIX: &str = "abi-";

fn abi_directory() -> String {
    format!("{VERSION_PREFIX}{}", abi::VERSION)
}

fn pin_error(path: &Path) -> impl Fn(PinError) -> PinsError {
    move |source| PinsError::Pin { path: path.to_owned(), source }
}
