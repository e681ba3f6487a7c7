//! What the kernel has lost at our ports, over the life of interfaces and sockets.
//!
//! The trap: a deleted interface takes its counters with it, and one made anew under the same name
//! starts from 0. So every reading is kept, and what was read last of an interface or a socket that
//! is gone goes on counting. What it lost after the last reading is unknown to anybody: read often.

use std::{collections::BTreeMap, io};

use nix::net::if_::if_nametoindex;

use super::{Losses, SocketLosses, StatisticsError, ethtool, interfaces};
use crate::statistics::StatisticsSource;

/// A port's losses could not be read; those read before count on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The driver's counters.
    #[error(transparent)]
    Driver(#[from] StatisticsError),
    /// The interface's counters.
    #[error("the list of interfaces in /proc cannot be read")]
    Interfaces(#[source] io::Error),
    /// The socket's counters.
    #[error("getsockopt(XDP_STATISTICS) failed")]
    Socket(#[source] io::Error),
}

/// The losses of all ports there have been, by interface name.
#[derive(Debug, Default)]
pub struct PortLosses(BTreeMap<String, Port>);

#[derive(Debug, Default)]
struct Port {
    ifindex: u32,
    /// The port's open sockets, one a queue.
    sockets: Vec<StatisticsSource>,
    /// Of sockets that were closed while this interface was there.
    closed: SocketLosses,
    /// Of this interface, when it was read last.
    current: Losses,
    /// Of interfaces of the same name before it.
    former: Losses,
}

impl PortLosses {
    /// Sockets were opened on a port, in the place of those there were. The sources keep them open:
    /// call [`PortLosses::close`] too.
    pub fn open(&mut self, interface: &str, ifindex: u32, sockets: Vec<StatisticsSource>) {
        self.close(interface);
        self.port(interface, ifindex).sockets = sockets;
    }

    /// A port's sockets are about to close, or their thread has closed them: takes the last reading.
    pub fn close(&mut self, interface: &str) {
        if let Some(port) = self.0.get_mut(interface) {
            port.close();
        }
    }

    /// Reads the counters of a port. An interface that is gone, or has become another one, is left
    /// as it was read last.
    pub fn read(&mut self, interface: &str, ifindex: u32) -> Result<(), ReadError> {
        let port = self.port(interface, ifindex);
        if if_nametoindex(interface) == Ok(ifindex) { port.read(interface) } else { Ok(()) }
    }

    /// The losses of all ports, as read last.
    pub fn total(&self) -> Losses {
        let ports = self.0.values();
        ports.fold(Losses::default(), |sum, port| sum.plus(port.former).plus(port.current))
    }

    fn port(&mut self, interface: &str, ifindex: u32) -> &mut Port {
        let port = self.0.entry(interface.to_owned()).or_default();
        if port.ifindex != ifindex {
            port.close();
            let former = port.former.plus(port.current);
            *port = Port { ifindex, former, ..Port::default() };
        }
        port
    }
}

impl Port {
    fn close(&mut self) {
        for socket in self.sockets.drain(..) {
            if let Ok(statistics) = socket.read() {
                self.closed = self.closed.plus(statistics.into());
            }
            self.current.socket = self.closed;
        }
    }

    /// The order matters: what is taken off another counter is read after it, so that a frame that
    /// is lost meanwhile is missing from a difference, never in it twice. The largest difference
    /// seen is then the one to keep, and no counter goes backwards.
    fn read(&mut self, interface: &str) -> Result<(), ReadError> {
        let transmit = interfaces::transmit_drops(interface).map_err(ReadError::Interfaces)?;
        let driver = Driver::of(&ethtool::statistics(interface)?);
        let mut lost = self.closed;
        for socket in &self.sockets {
            lost = lost.plus(socket.read().map_err(ReadError::Socket)?.into());
        }
        self.update(transmit.unwrap_or_default(), driver, lost);
        Ok(())
    }

    fn update(&mut self, transmit_drops: u64, driver: Driver, socket: SocketLosses) {
        let refused = driver.receive_drops.saturating_sub(socket.total());
        let ring_full = transmit_drops.saturating_sub(driver.transmit_errors);
        self.current = Losses {
            redirect_refused: self.current.redirect_refused.max(refused),
            transmit_refused: self.current.transmit_refused.max(driver.transmit_errors),
            ring_full: self.current.ring_full.max(ring_full),
            socket,
        };
    }
}

/// What we read of a driver's statistics, over all queues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Driver {
    /// `rx_queue_N_drops`: redirects refused at once, to AF_XDP sockets too.
    receive_drops: u64,
    /// `tx_queue_N_xdp_xmit_errors`.
    transmit_errors: u64,
}

impl Driver {
    fn of(statistics: &[(String, u64)]) -> Self {
        let total = |prefix: &str, suffix: &str| {
            let queues =
                statistics.iter().filter(|(name, _)| is_queue_counter(name, prefix, suffix));
            queues.map(|(_, value)| value).sum()
        };
        Self {
            receive_drops: total("rx_queue_", "_drops"),
            transmit_errors: total("tx_queue_", "_xdp_xmit_errors"),
        }
    }
}

/// Whether `name` is `prefix`, a queue number, `suffix`: `rx_queue_0_drops`, but not
/// `rx_queue_0_xdp_drops`, which counts our own verdicts.
fn is_queue_counter(name: &str, prefix: &str, suffix: &str) -> bool {
    let queue = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
    queue.is_some_and(|queue| !queue.is_empty() && queue.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
