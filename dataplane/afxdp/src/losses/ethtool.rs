//! The driver's own statistics of an interface: the ioctl behind `ethtool -S`.
//!
//! Netlink carries only the standard ones; a veth's `rx_queue_0_drops` has no other door.
#![allow(unsafe_code, reason = "the ethtool ioctl takes raw structs of a length found at run time")]

use std::{io, os::fd::AsRawFd as _, os::unix::net::UnixDatagram, ptr};

/// `ETHTOOL_GSSET_INFO`, `ETHTOOL_GSTRINGS` and `ETHTOOL_GSTATS` of `linux/ethtool.h`.
const GET_SET_INFO: u32 = 0x37;
const GET_STRINGS: u32 = 0x1b;
const GET_STATISTICS: u32 = 0x1d;
/// `ETH_SS_STATS`, the string set that names the statistics.
const STATISTICS_SET: u32 = 1;
/// `ETH_GSTRING_LEN`: bytes of one name, zero padded.
const NAME: usize = 32;

/// Most statistics of one interface. The kernel writes as many as there are at the time of the
/// call, whatever the caller has room for; a veth of 64 queues has under 1,000.
const MOST: usize = 8_192;

/// The statistics of an interface could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StatisticsError {
    /// No such interface in this network namespace.
    #[error("there is no interface {interface} in this network namespace")]
    NoInterface {
        /// Its name.
        interface: String,
    },
    /// The driver has more statistics than fit.
    #[error("{interface} has {count} statistics, more than the {MOST} there is room for")]
    TooMany {
        /// The interface's name.
        interface: String,
        /// How many there are.
        count: usize,
    },
    /// The kernel refused.
    #[error("ioctl(SIOCETHTOOL, {command}) on {interface} failed")]
    Ioctl {
        /// The interface's name.
        interface: String,
        /// The ethtool command.
        command: &'static str,
        #[source]
        #[doc = "What the kernel said."]
        source: io::Error,
    },
}

/// Names and values of all driver statistics of `interface`; empty when its driver has none.
pub fn statistics(interface: &str) -> Result<Vec<(String, u64)>, StatisticsError> {
    let failed = |command| {
        move |source: io::Error| match source.raw_os_error() {
            Some(libc::ENODEV) => StatisticsError::NoInterface { interface: interface.to_owned() },
            _ => StatisticsError::Ioctl { interface: interface.to_owned(), command, source },
        }
    };
    // Any socket takes the ioctl; it selects the network namespace.
    let socket = UnixDatagram::unbound().map_err(failed("socket"))?;
    let call =
        |command, words: &mut [u64]| ioctl(&socket, interface, words).map_err(failed(command));

    // struct ethtool_sset_info { u32 cmd, reserved; u64 sset_mask; u32 data[]; }
    let mut info = [pair(GET_SET_INFO, 0), 1 << STATISTICS_SET, 0];
    call("ETHTOOL_GSSET_INFO", &mut info)?;
    let [_, mask, count] = info;
    let count = if mask == 0 { 0 } else { count as u32 as usize };
    if count == 0 {
        return Ok(Vec::new());
    }
    // Half of the room is for queues added between the calls.
    if count > MOST / 2 {
        return Err(StatisticsError::TooMany { interface: interface.to_owned(), count });
    }
    // struct ethtool_gstrings { u32 cmd, string_set, len; u8 data[]; }
    let mut strings = vec![0; 2 + MOST * NAME / size_of::<u64>()];
    set(&mut strings, 0, pair(GET_STRINGS, STATISTICS_SET));
    set(&mut strings, 1, pair(count as u32, 0));
    call("ETHTOOL_GSTRINGS", &mut strings)?;
    // struct ethtool_stats { u32 cmd, n_stats; u64 data[]; }
    let mut values = vec![0; 1 + MOST];
    set(&mut values, 0, pair(GET_STATISTICS, count as u32));
    call("ETHTOOL_GSTATS", &mut values)?;

    let bytes: Vec<u8> = strings.iter().flat_map(|word| word.to_ne_bytes()).skip(12).collect();
    let names = bytes.chunks_exact(NAME).map(|name| {
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(name).into_owned()
    });
    Ok(names.zip(values.into_iter().skip(1)).take(count).collect())
}

/// Two `u32` fields of a struct as one word, first field first in memory: little-endian, as every
/// machine is that runs our eBPF object.
const fn pair(first: u32, second: u32) -> u64 {
    first as u64 | (second as u64) << 32
}

fn set(words: &mut [u64], index: usize, value: u64) {
    if let Some(word) = words.get_mut(index) {
        *word = value;
    }
}

/// Passes `words`, an ethtool struct that starts with its command, to the driver.
fn ioctl(socket: &UnixDatagram, interface: &str, words: &mut [u64]) -> io::Result<()> {
    // SAFETY: `ifreq` is plain integers and pointers: all zeroes is a valid value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if interface.len() >= request.ifr_name.len() {
        return Err(io::Error::from_raw_os_error(libc::ENODEV));
    }
    for (to, from) in request.ifr_name.iter_mut().zip(interface.bytes()) {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_data = words.as_mut_ptr().cast();
    // SAFETY: a) the name is terminated by a zero (checked above); b) `ifru_data` points to the
    // struct of the command in its first word, aligned to 8; c) the commands with an array write
    // at most `MOST` elements, and both arrays have room for `MOST`, twice what was there a moment
    // ago; `ETHTOOL_GSSET_INFO` writes one u32 for the one bit in its mask; d) both buffers outlive
    // the call.
    let result =
        unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL, ptr::from_mut(&mut request)) };
    if result == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    // No driver statistics at all is an answer.
    if error.raw_os_error() == Some(libc::EOPNOTSUPP) {
        set(words, 1, 0);
        return Ok(());
    }
    Err(error)
}
