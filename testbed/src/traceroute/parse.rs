//! Reads the tool's output.
//!
//! ```text
//! traceroute to 10.254.10.4 (10.254.10.4), 64 hops max
//!   1   172.16.1.2  1.105ms  1.061ms  1.035ms
//!   2   *  *  *
//!   3   10.254.10.4  71.693ms !H  *  70.970ms
//! ```
//!
//! After a hop's number come its probes. The address stands before the first answer and wherever it
//! differs from the one before; a mark such as `!H` follows the time it belongs to.

use std::net::Ipv4Addr;

use super::{Hop, Probe, Trace};

/// The trace to `to` with this output. A last line that was cut short gives the probes it has.
pub fn parse(to: Ipv4Addr, raw: &str) -> Trace {
    let hops: Vec<_> = raw.lines().filter_map(hop).collect();
    let answers = hops.iter().flat_map(|hop| &hop.probes);
    let reached = answers.clone().any(|probe| probe.address == Some(to));
    Trace { to, reached, raw: raw.to_owned(), hops }
}

/// One line, if it is a hop's.
pub(super) fn hop(line: &str) -> Option<Hop> {
    let mut words = line.split_whitespace();
    let ttl = words.next()?.parse().ok()?;
    let mut probes: Vec<Probe> = Vec::new();
    let mut answering = None;
    for word in words {
        if word == "*" {
            probes.push(Probe::default());
        } else if let Some(time) = word.strip_suffix("ms").and_then(|time| time.parse().ok()) {
            probes.push(Probe { address: answering, rtt_ms: Some(time), annotation: None });
        } else if let Ok(address) = word.parse() {
            answering = Some(address);
        } else if word.starts_with('!') {
            probes.last_mut()?.annotation = Some(word.to_owned());
        }
    }
    let address = probes.iter().find_map(|probe| probe.address);
    Some(Hop { ttl, address, probes })
}

#[cfg(test)]
mod tests;
