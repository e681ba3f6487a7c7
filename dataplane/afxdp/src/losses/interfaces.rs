//! Transmit drops of an interface.
//!
//! `/proc/thread-self/net/dev` shows the calling thread's namespace; sysfs shows that of whoever
//! mounted it.

use std::{fs, io};

const PATH: &str = "/proc/thread-self/net/dev";

/// Position of the transmit drops among the numbers behind the interface's name.
const TRANSMIT_DROPS: usize = 11;

/// The interface's transmit drops since it was made; `None` when there is no such interface.
pub(super) fn transmit_drops(interface: &str) -> io::Result<Option<u64>> {
    Ok(find(&fs::read_to_string(PATH)?, interface))
}

fn find(table: &str, interface: &str) -> Option<u64> {
    table.lines().find_map(|line| {
        let (name, numbers) = line.split_once(':')?;
        if name.trim() != interface {
            return None;
        }
        numbers.split_ascii_whitespace().nth(TRANSMIT_DROPS)?.parse().ok()
    })
}

#[cfg(test)]
mod tests;
