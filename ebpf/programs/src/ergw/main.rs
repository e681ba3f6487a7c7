//! The gateway's door: every IPv4 and IPv6 frame goes to the AF_XDP socket of the queue it came in by.
//!
//! Whether it is for an instance of the gateway, and what becomes of it, `ergw` decides: a gateway
//! is a slow path by design. Here only what would never reach it is named and counted.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]

mod counters;

use abi::verdict::Verdict;
use aya_ebpf::{
    bindings::xdp_action::XDP_DROP,
    macros::{map, xdp},
    maps::{Array, XskMap},
    programs::XdpContext,
};
use programs::{
    frame::Frame,
    header::{ETHERNET, ETHERTYPE_IPV4, Ethernet, Ipv4},
};

/// EtherType of IPv6.
const ETHERTYPE_IPV6: u16 = 0x86dd;

/// The 40 bytes of an IPv6 header (RFC 8200 3), of which only their presence matters here.
type Ipv6 = [u16; 20];

/// Receive queues a fabric port can have.
const QUEUES: u32 = 64;

/// See [`abi::VERSION_MAP`].
#[map]
static ABI_VERSION: Array<u32> = Array::with_max_entries(abi::VERSION, 0);

#[map]
static SOCKETS: XskMap = XskMap::with_max_entries(QUEUES, 0);

/// Entry point of the fabric port.
#[xdp(frags)]
fn ergw_port(context: XdpContext) -> u32 {
    match admit(&Frame::new(&context)) {
        Ok(()) => SOCKETS
            .redirect(context.rx_queue_index(), u64::from(XDP_DROP))
            .unwrap_or_else(|_| drop(Verdict::GwNoSocket)),
        Err(verdict) => drop(verdict),
    }
}

#[inline(always)]
fn admit(frame: &Frame<'_>) -> Result<(), Verdict> {
    let ethernet: &Ethernet = frame.at(0).ok_or(Verdict::GwTruncated)?;
    let whole = match u16::from_be(ethernet.ethertype) {
        ETHERTYPE_IPV4 => frame.at::<Ipv4>(ETHERNET).is_some(),
        ETHERTYPE_IPV6 => frame.at::<Ipv6>(ETHERNET).is_some(),
        _ => return Err(Verdict::GwNotIp),
    };
    if whole { Ok(()) } else { Err(Verdict::GwTruncated) }
}

#[inline(always)]
fn drop(verdict: Verdict) -> u32 {
    counters::count(verdict);
    XDP_DROP
}

#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // The verifier refuses an endless loop: a program that could panic does not load.
    loop {}
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}
