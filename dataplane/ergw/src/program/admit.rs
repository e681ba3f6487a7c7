//! Runs one frame through the program (`BPF_PROG_TEST_RUN`), without sending it to anybody.
//!
//! The program counts what it drops and nothing else, so a frame that it admits leaves no trace. An
//! injected one is well-formed: it is dropped, and counted as `gw_no_socket`, only should queue 0
//! have no socket, which no gateway that answers is without.

use std::io;

use aya::{
    TestRun as _, TestRunOptions,
    programs::{ProgramError, Xdp},
};
use nix::net::if_::if_nametoindex;

use super::{ENTRY, Program};

/// The action of a frame that goes to a socket.
const XDP_REDIRECT: u32 = 4;

/// The program was not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdmitError {
    /// Its interface is gone.
    #[error("there is no interface {interface}")]
    Interface {
        interface: String,
        #[source]
        source: io::Error,
    },
    /// The kernel refused.
    #[error("BPF_PROG_TEST_RUN of {ENTRY} failed")]
    Run(#[from] ProgramError),
    /// The program is not loaded.
    #[error("{ENTRY} is not loaded")]
    NotLoaded,
}

impl Program {
    /// Whether the program would hand `frame`, come in by `interface`, to a socket.
    pub(crate) fn admits(&self, interface: &str, frame: &[u8]) -> Result<bool, AdmitError> {
        let ifindex = if_nametoindex(interface).map_err(|errno| AdmitError::Interface {
            interface: interface.to_owned(),
            source: errno.into(),
        })?;
        let program: &Xdp = match &self.pinned {
            Some(pinned) => &pinned.entry,
            None => self.ebpf.program(ENTRY).ok_or(AdmitError::NotLoaded)?.try_into()?,
        };
        let options = TestRunOptions {
            data_in: Some(frame),
            ctx_in: Some(&afxdp::test_run::context(frame.len(), ifindex)),
            ..TestRunOptions::new()
        };
        Ok(program.test_run(options)?.return_value == XDP_REDIRECT)
    }
}
