//! Reads a traceroute as a person does: from its text, whichever style it is printed in.

use std::{fmt, net::Ipv4Addr};

/// One hop of a printed traceroute.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hop {
    /// Who answered; `None` is `* * *`.
    pub address: Option<Ipv4Addr>,
    /// Round-trip times in milliseconds.
    pub round_trips: Vec<f64>,
    /// Whether the answer was an unreachable (`!N`, `!H`, `!X`, ...).
    pub unreachable: bool,
}

impl Hop {
    /// The middle round-trip time: one late probe does not move it.
    pub(super) fn round_trip(&self) -> Option<f64> {
        let mut sorted = self.round_trips.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            None => f.write_str("*"),
            Some(address) if self.unreachable => write!(f, "{address} unreachable"),
            Some(address) => address.fmt(f),
        }
    }
}

/// The hops of a printed traceroute: the lines that begin with a number.
pub(super) fn read(text: &str) -> Vec<Hop> {
    text.lines().filter_map(read_line).collect()
}

/// The hops in one line: `10.253.0.5, *, 10.254.10.4`.
pub(super) fn summary(hops: &[Hop]) -> String {
    hops.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn read_line(line: &str) -> Option<Hop> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (number, rest) = words.split_first()?;
    number.parse::<u8>().ok()?;
    let address = rest.iter().find_map(|word| word.parse().ok());
    // `70.105ms` (inetutils) or `1 msec` (IOS).
    let attached = rest.iter().filter_map(|word| word.strip_suffix("ms")?.parse().ok());
    let apart = rest.windows(2).filter_map(|pair| match pair {
        [number, "msec"] => number.parse().ok(),
        _ => None,
    });
    let round_trips: Vec<f64> = attached.chain(apart).collect();
    let is_hop = address.is_some() || rest.contains(&"*");
    let unreachable = rest.iter().any(|word| word.starts_with('!'));
    is_hop.then_some(Hop { address, round_trips, unreachable })
}

#[cfg(test)]
mod tests;
