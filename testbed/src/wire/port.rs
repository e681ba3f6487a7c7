//! One end of a wire: an interface by name, which may go away and come back.

use std::io;

use nix::net::if_::if_nametoindex;

use super::{error::WireError, packet_socket::PacketSocket, statistics::EndState};

/// The end. Without socket while the interface does not exist.
#[derive(Debug)]
pub(super) struct Port {
    interface: String,
    socket: Option<PacketSocket>,
}

impl Port {
    /// An end that has not looked for its interface yet.
    pub(super) fn new(interface: String) -> Self {
        Self { interface, socket: None }
    }

    /// Name of the interface.
    pub(super) fn interface(&self) -> &str {
        &self.interface
    }

    /// The socket, if the interface exists.
    pub(super) fn socket(&self) -> Option<&PacketSocket> {
        self.socket.as_ref()
    }

    /// Follows the interface: drops the socket of one that is gone and opens one that has (re)
    /// appeared. Answers the frames the dropped socket had no room for.
    pub(super) fn follow(&mut self) -> Result<u64, WireError> {
        let index = if_nametoindex(self.interface.as_str()).ok();
        if self.socket.as_ref().map(PacketSocket::index) == index {
            return Ok(0);
        }
        let overflows = self.socket.take().map_or(0, |socket| socket.take_overflows());
        if let Some(index) = index {
            self.socket = Some(PacketSocket::open(&self.interface, index)?);
            tracing::info!(event = "wire_end_opened", interface = self.interface, index);
        } else {
            tracing::warn!(event = "wire_end_missing", interface = self.interface);
        }
        Ok(overflows)
    }

    /// Whether the interface exists, is up and has a carrier.
    pub(super) fn is_up(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.is_running(&self.interface))
    }

    /// Whether this error of a send means that the interface is not there to send.
    pub(super) fn explains_as_down(&self, error: &io::Error) -> bool {
        match error.raw_os_error() {
            Some(libc::ENETDOWN | libc::ENXIO | libc::ENODEV) => true,
            // A full ring and a missing carrier are the same error.
            Some(libc::ENOBUFS) => !self.is_up(),
            _ => false,
        }
    }

    /// What is said about this end in the statistics.
    pub(super) fn state(&self) -> EndState {
        EndState { interface: self.interface.clone(), up: self.is_up() }
    }
}
