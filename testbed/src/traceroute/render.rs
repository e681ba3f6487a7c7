//! A trace as Linux and as Cisco IOS print it.

use std::{fmt::Write, net::Ipv4Addr};

use super::{Hop, Trace};

/// The tool's own output.
pub fn render_linux(trace: &Trace) -> String {
    trace.raw.clone()
}

/// As IOS prints it, times rounded to whole milliseconds. IOS would name the destination's
/// autonomous system, `[AS 12076]`, which it knows from its BGP table; a trace does not.
pub fn render_ios(trace: &Trace) -> String {
    let mut text = format!(
        "Type escape sequence to abort.\n\
         Tracing the route to {}\n\
         VRF info: (vrf in name/id, vrf out name/id)\n",
        trace.to
    );
    for hop in &trace.hops {
        text += &ios_hop(hop);
    }
    text
}

/// The hop's number, then for each probe ` * `, ` 1 msec` or a mark, and the address before the
/// first answer of its sender; another sender begins a line.
fn ios_hop(hop: &Hop) -> String {
    let mut line = format!("{:3} ", hop.ttl);
    let mut answering: Option<Ipv4Addr> = None;
    for probe in &hop.probes {
        let (Some(address), Some(rtt)) = (probe.address, probe.rtt_ms) else {
            line += " * ";
            continue;
        };
        if answering != Some(address) {
            if answering.is_some() {
                line += "\n    ";
            }
            line += &address.to_string();
            answering = Some(address);
        }
        // Writing to a string cannot fail.
        let _ = match probe.annotation.as_deref() {
            Some(mark) => write!(line, " {}", ios_mark(mark)),
            None => write!(line, " {rtt:.0} msec"),
        };
    }
    line + "\n"
}

/// IOS's word for a kind of Destination Unreachable: network, host, protocol; `!A` for what a
/// filter forbids, which inetutils writes as `!X` or `!*`; and `?` for the rest.
fn ios_mark(mark: &str) -> &str {
    match mark {
        "!N" | "!H" | "!P" => mark,
        "!X" | "!*" => "!A",
        _ => "?",
    }
}

#[cfg(test)]
mod tests;
