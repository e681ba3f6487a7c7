//! The MSEE's fast path: one XDP program for every port of the router.
//!
//! A packet passes the stages in the order of their files, and ends in exactly one verdict:
//!
//! | stage | file | ends a packet |
//! |---|---|---|
//! | port | `port.rs` | unknown port, tags, foreign MAC, groups, ARP, frames of the kernel; source in no VNet |
//! | check | `check.rs` | RFC 1812 5.2.2 and martians (5.3.7) |
//! | local | `local.rs` | addressed to the MSEE itself |
//! | lookup | `lookup.rs` | no route |
//! | ttl | `ttl.rs` | TTL 1 or 0 |
//! | adjacency | `adjacency.rs` | the route says drop |
//! | out | `out.rs` | too big, forwarded, or the egress is gone |
//!
//! A stage that lets the packet pass returns what the next ones need; one that ends it returns an
//! [`End`], which `end.rs` turns into a count and an XDP action. The generation is read once, at
//! entry: all tables a packet meets belong to one image.
//!
//! `msee_port` counts and forwards. `msee_inject` is the same source with a trace record instead
//! of counters; it is never attached, only test-run.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]

mod adjacency;
mod check;
mod checksum;
mod counters;
mod end;
mod flow;
mod image;
mod local;
mod lookup;
mod maps;
mod out;
mod packet;
mod port;
mod trace;
mod ttl;

use aya_ebpf::{macros::xdp, programs::XdpContext};

use crate::{end::End, packet::Packet};

/// Entry point of every port.
#[xdp]
fn msee_port(context: XdpContext) -> u32 {
    run::<false>(&context)
}

/// Entry point of injected packets.
#[xdp]
fn msee_inject(context: XdpContext) -> u32 {
    run::<true>(&context)
}

#[inline(always)]
fn run<const TRACED: bool>(context: &XdpContext) -> u32 {
    let mut packet = Packet::<TRACED>::new(context);
    let end = match stages(&mut packet) {
        Ok(end) | Err(end) => end,
    };
    packet.finish(end)
}

#[inline(always)]
fn stages<const TRACED: bool>(packet: &mut Packet<'_, TRACED>) -> Result<End, End> {
    let port = port::arrive(packet)?;
    let header = check::header(packet)?;
    let side = port::side(packet, port, header.source())?;
    local::pass(packet, port, &header, &side)?;
    let route = lookup::route(packet, &header, &side)?;
    ttl::pass(packet, &header)?;
    let adjacency = adjacency::choose(packet, &header, route)?;
    out::send(packet, &header, adjacency)
}

#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // The verifier refuses an endless loop: a program that could panic does not load.
    loop {}
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}
