//! Frames that show whether an interface does what is expected of it. These programs are never attached:
//! userspace runs them on a frame of its own, which the kernel then treats like any other
//! (`BPF_F_TEST_XDP_LIVE_FRAMES`).
#![cfg_attr(target_arch = "bpf", no_std, no_main)]

use aya_ebpf::{
    bindings::xdp_action::XDP_DROP,
    macros::{map, xdp},
    maps::{DevMapHash, XskMap},
    programs::XdpContext,
};

/// The interface under test.
#[map]
static EGRESS: DevMapHash = DevMapHash::with_max_entries(1, 0);

/// The socket under test.
#[map]
static SOCKET: XskMap = XskMap::with_max_entries(1, 0);

/// Sends the frame out of the interface, as a port's program does.
#[xdp(frags)]
fn selftest_out(_: XdpContext) -> u32 {
    EGRESS.redirect(0, u64::from(XDP_DROP)).unwrap_or(XDP_DROP)
}

/// Hands the frame to the socket.
#[xdp(frags)]
fn selftest_in(_: XdpContext) -> u32 {
    SOCKET.redirect(0, u64::from(XDP_DROP)).unwrap_or(XDP_DROP)
}

#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // The verifier refuses an endless loop: a program that could panic does not load.
    loop {}
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}
