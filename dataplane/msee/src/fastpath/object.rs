//! The eBPF object: embedded, or from the directory that `ERLAB_BPF_DIR` names.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use afxdp::{
    LoadProgramError, ObjectError,
    pins::Layout,
    steps::{Step, Steps},
};
use aya::{Ebpf, EbpfError, EbpfLoader, maps::MapError, programs::ProgramError, sys::SyscallError};

static EMBEDDED: &[u8] = aya::include_bytes_aligned!("../../../../ebpf/prebuilt/msee.bpf.o");

/// Name of the object in `ERLAB_BPF_DIR`.
const NAME: &str = "msee.bpf.o";
/// The program of every port.
pub(super) const PORT: &str = "msee_port";
/// Its traced twin.
pub(super) const INJECT: &str = "msee_inject";
/// Both.
pub(super) const PROGRAMS: [&str; 2] = [PORT, INJECT];

/// The object cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadObjectError {
    /// It cannot be read, or is of another build.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Its maps cannot be made.
    #[error("cannot load the eBPF object (is this process root, with CAP_BPF and CAP_NET_ADMIN?)")]
    Maps(#[source] EbpfError),
    /// A program.
    #[error(transparent)]
    Program(#[from] LoadProgramError),
}

/// The object as bytes, of our ABI version.
pub(super) struct Object {
    bytes: Cow<'static, [u8]>,
    /// The maps it asks for.
    pub(super) maps: BTreeMap<String, Layout>,
}

impl Object {
    /// Reads it; from `directory` when there is one.
    pub(super) fn read(directory: Option<&Path>) -> Result<Self, LoadObjectError> {
        let bytes = afxdp::object_in(directory, NAME, EMBEDDED)?;
        let maps = afxdp::layouts(NAME, &bytes)?;
        Ok(Self { bytes, maps })
    }

    /// Loads the programs over the maps that `pinned` gives a path for, and over new ones where it
    /// gives none.
    pub(super) fn load(
        &self,
        pinned: impl Fn(&str) -> Option<PathBuf>,
        steps: &Steps,
    ) -> Result<Ebpf, LoadObjectError> {
        let mut loader = EbpfLoader::new();
        // Without the kernel's own types: the programs need no relocation against them, and parsing
        // them would take most of the time a restart has.
        loader.btf(None);
        for name in self.maps.keys() {
            if let Some(path) = pinned(name) {
                loader.map_pin_path(name, path);
            }
        }
        steps.take(Step::MakeMaps).map_err(|io_error| {
            let call = "bpf_map_create";
            LoadObjectError::Maps(MapError::from(SyscallError { call, io_error }).into())
        })?;
        let mut ebpf = loader.load(&self.bytes).map_err(LoadObjectError::Maps)?;
        for name in PROGRAMS {
            steps.take(Step::LoadProgram).map_err(|io_error| {
                let source = ProgramError::from(SyscallError { call: "bpf_prog_load", io_error });
                LoadProgramError::Load { program: name, source }
            })?;
            afxdp::load_program(&mut ebpf, name)?;
        }
        Ok(ebpf)
    }
}
