//! The eBPF object: embedded, or from the directory that `ERLAB_BPF_DIR` names.

use std::{io, path::Path, thread::sleep, time::Duration};

use afxdp::ObjectError;
use aya::{
    Ebpf, EbpfError, EbpfLoader,
    programs::{ProgramError, Xdp},
};

static EMBEDDED: &[u8] = aya::include_bytes_aligned!("../../../../ebpf/prebuilt/msee.bpf.o");

/// Name of the object in `ERLAB_BPF_DIR`.
const NAME: &str = "msee.bpf.o";
/// The program of every port.
pub(super) const PORT: &str = "msee_port";
/// Its traced twin.
pub(super) const INJECT: &str = "msee_inject";

/// More often than libbpf tries (5): on a busy machine five in a row were interrupted.
const LOAD_ATTEMPTS: u32 = 20;
/// The pause between two tries.
const LOAD_PAUSE: Duration = Duration::from_millis(5);

/// The object cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadObjectError {
    /// It cannot be read, or is of another build.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Its maps cannot be made.
    #[error("cannot load the eBPF object (is this process root, with CAP_BPF and CAP_NET_ADMIN?)")]
    Maps(#[source] EbpfError),
    /// The verifier refused a program.
    #[error("cannot load the XDP program {program}")]
    Program {
        /// Name of the program.
        program: &'static str,
        #[source]
        /// The verifier's words.
        source: ProgramError,
    },
}

/// Loads maps and programs. `counters` is where a former process left its counters: they go on
/// counting, so that restarts do not lose losses.
pub(super) fn load(counters: Option<&Path>) -> Result<Ebpf, LoadObjectError> {
    let bytes = afxdp::object(NAME, EMBEDDED)?;
    let mut loader = EbpfLoader::new();
    if let Some(counters) = counters {
        loader.map_pin_path("COUNTERS", counters);
    }
    let mut ebpf = loader.load(&bytes).map_err(LoadObjectError::Maps)?;
    afxdp::check_version(NAME, &ebpf)?;
    for name in [PORT, INJECT] {
        let program = program(&mut ebpf, name);
        program
            .and_then(verify)
            .map_err(|source| LoadObjectError::Program { program: name, source })?;
    }
    Ok(ebpf)
}

/// Loads a program. A signal that is pending for the thread interrupts the verifier with EAGAIN.
fn verify(program: &mut Xdp) -> Result<(), ProgramError> {
    let mut result = program.load();
    for _ in 1..LOAD_ATTEMPTS {
        match &result {
            Err(ProgramError::LoadError { io_error, .. })
                if io_error.kind() == io::ErrorKind::WouldBlock =>
            {
                sleep(LOAD_PAUSE);
                result = program.load();
            }
            _ => break,
        }
    }
    result
}

/// One of the two programs.
pub(super) fn program<'a>(
    ebpf: &'a mut Ebpf,
    name: &'static str,
) -> Result<&'a mut Xdp, ProgramError> {
    ebpf.program_mut(name).ok_or(ProgramError::NotLoaded)?.try_into()
}
