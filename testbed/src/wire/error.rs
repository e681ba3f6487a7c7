//! Why wires cannot start or be reached.

use std::io;

/// Failure of an operation on wires.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Two wires of one set have the same name.
    #[error("two wires are called `{0}`; a wire is addressed by its name, so names are unique")]
    DuplicateName(String),
    /// Two wires would end at one interface, and its frames could be either's.
    #[error(
        "more than one wire ends at interface {0}, and their frames cannot be told apart: only \
         second ends may share an interface, each with tags of its own"
    )]
    SharedInterface(String),
    /// No wire has this name.
    #[error("no wire is called `{0}`")]
    Unknown(String),
    /// A packet socket could not be set up on an existing interface.
    #[error("cannot open interface {interface} for a wire: {call} failed; wires need root")]
    Open {
        /// The interface.
        interface: String,
        /// The system call or socket option.
        call: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The interfaces' counts could not be read.
    #[error("the counts of the wires' interfaces cannot be read")]
    Interfaces(#[source] io::Error),
    /// The thread of the wires could not be made.
    #[error("cannot start the thread of the wires")]
    Thread(#[source] io::Error),
    /// The thread of the wires has ended.
    #[error("the thread of the wires has ended; its last log line says why")]
    Stopped,
}
