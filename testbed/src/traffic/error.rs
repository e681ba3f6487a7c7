//! Why a flow cannot start or end.

use std::{io, net::IpAddr};

use crate::network::namespace::NamespaceError;

/// Failure to start a flow, or of one of its threads.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// No packet a second, or more than the pacing can hold.
    #[error("{0} packets/s: a flow sends 1 to {limit} packets/s", limit = super::MOST_PPS)]
    Rate(u32),
    /// A namespace could not be entered.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
    /// The receiver's socket could not be made.
    #[error("cannot receive at {address} in {namespace}: {call} failed; does the node have it?")]
    Receive {
        /// The flow's destination.
        address: IpAddr,
        /// Where it should be.
        namespace: String,
        /// The system call or socket option.
        call: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The sender's socket could not be made.
    #[error("cannot send from {namespace}: {call} failed")]
    Send {
        /// Where the sender is.
        namespace: String,
        /// The system call or socket option.
        call: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// A thread could not be made.
    #[error("cannot start a thread for the flow")]
    Thread(#[source] io::Error),
    /// A thread ended by a defect of its own.
    #[error("a thread of the flow has panicked; its last words are on standard error")]
    Panicked,
}
