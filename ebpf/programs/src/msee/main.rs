//! The MSEE's fast path: one XDP program for every port of the router.
//!
//! A packet passes the stages in the order of their files, and ends in exactly one verdict:
//!
//! | stage | file | ends a packet |
//! |---|---|---|
//! | port | `port.rs`, `tags.rs` | unknown port, tags, foreign MAC, groups, ARP, frames of the kernel; source in no VNet |
//! | check | `ipv4.rs`, `ipv6.rs` | RFC 1812 5.2.2 and martians (5.3.7); RFC 8200 and scopes |
//! | local | `local.rs` | addressed to the MSEE itself |
//! | police | `police.rs` | over the bandwidth, or from a source the customer has not announced |
//! | lookup | `lookup.rs` | no route |
//! | ttl | `ttl.rs` | TTL or hop limit 1 or 0 |
//! | adjacency | `adjacency.rs` | the route says drop, or the next hop is not resolved |
//! | out | `out.rs` | too big, forwarded, or the egress is gone |
//!
//! A stage that lets the packet pass returns what the next ones need; one that ends it returns an
//! [`End`], which `end.rs` turns into a count and an XDP action. The generation is read once, at
//! entry: all tables a packet meets belong to one image.
//!
//! `msee_port` counts and forwards. `msee_inject` is the same source with a trace record instead
//! of counters; it is never attached, only test-run.
#![cfg_attr(target_arch = "bpf", no_std, no_main, feature(asm_experimental_arch))]

mod adjacency;
mod checksum;
mod counters;
mod decapsulate;
mod encapsulate;
mod end;
mod flow;
mod hidden;
mod image;
mod ipv4;
mod ipv6;
mod local;
mod lookup;
mod maps;
mod network;
mod out;
mod packet;
mod police;
mod port;
mod tags;
mod trace;
mod ttl;

use abi::image::Port;
use aya_ebpf::{macros::xdp, programs::XdpContext};
use programs::header::{Ipv4, Ipv6};

use crate::{end::End, network::Network, packet::Packet, port::Arrival};

/// Entry point of every port. What the macro makes of it is a function that calls this one.
#[xdp(frags)]
#[inline(always)]
fn msee_port(context: XdpContext) -> u32 {
    run::<false>(&context)
}

/// Entry point of injected packets.
#[xdp(frags)]
#[inline(always)]
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
    match port::arrive(packet)? {
        Arrival::Ipv4(port) => forward::<TRACED, Ipv4>(packet, port),
        Arrival::Ipv6(port) => forward::<TRACED, Ipv6>(packet, port),
    }
}

#[inline(always)]
fn forward<const TRACED: bool, N: Network>(
    packet: &mut Packet<'_, TRACED>,
    port: &'static Port,
) -> Result<End, End> {
    let header = N::check(packet, port)?;
    let side = port::side(packet, port, &header)?;
    local::pass(packet, &header, &side)?;
    police::from_customer(packet, &header, &side)?;
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
