//! Frames that the fabric did not take from us after `gw_forwarded`.
//!
//! A veth counts a frame that its peer's receive ring has no room for as dropped on transmission.
//! `/proc/self/net/dev` shows the namespace the process was started in, which is where the
//! interface is; sysfs would show the namespace it was mounted in.

use std::{fs, io};

const PATH: &str = "/proc/self/net/dev";

/// Position of the transmit drops among the numbers behind the interface's name.
const TRANSMIT_DROPS: usize = 11;

/// Transmit drops of one interface since this was made: the kernel's own count goes back to the
/// interface's making.
#[derive(Debug)]
pub(crate) struct TransmitDrops {
    interface: String,
    before: u64,
}

impl TransmitDrops {
    pub(crate) fn new(interface: &str) -> io::Result<Self> {
        let before = read(interface)?;
        Ok(Self { interface: interface.to_owned(), before })
    }

    pub(crate) fn read(&self) -> io::Result<u64> {
        Ok(read(&self.interface)?.saturating_sub(self.before))
    }
}

fn read(interface: &str) -> io::Result<u64> {
    transmit_drops(&fs::read_to_string(PATH)?, interface).ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("{PATH} does not list {interface}"))
    })
}

fn transmit_drops(table: &str, interface: &str) -> Option<u64> {
    table.lines().find_map(|line| {
        let (name, numbers) = line.split_once(':')?;
        if name.trim() != interface {
            return None;
        }
        numbers.split_ascii_whitespace().nth(TRANSMIT_DROPS)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
  eth1:     742       9    0    3    0     0          0         0      742       9    0   17    0     0       0          0
";

    #[test]
    fn the_transmit_column_of_the_interface_is_read() {
        assert_eq!(transmit_drops(TABLE, "eth1"), Some(17));
        assert_eq!(transmit_drops(TABLE, "eth"), None);
    }
}
