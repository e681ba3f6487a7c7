//! Stage 4: the customer's bandwidth and its sources. And the budgets of what is punted, in `end.rs`.
//!
//! A policer is shared by all CPUs: a bucket for each CPU would let a customer have its bandwidth
//! several times. So it changes by compare and exchange (`abi::police` says what it holds).
#![allow(unsafe_code, reason = "a policer is changed in place, by several CPUs")]

use core::arch::asm;

use abi::{
    image::{PORT_VALIDATE_SOURCE, Port},
    limits,
    police::{self, Class},
    verdict::{Stage, Verdict},
};
use aya_ebpf::helpers::generated::bpf_ktime_get_ns;
use programs::header::ETHERNET;

use crate::{
    end::{End, Fate},
    lookup, maps,
    network::Network,
    packet::Packet,
    port::Side,
};

/// How often a policer is tried that another CPU changes at the same time. Then the packet passes
/// unpaid: with so much traffic the next one pays.
const ATTEMPTS: u32 = 2;

/// Checks what comes from a customer: its source, if the peering wants that, and the bandwidth. What
/// is for the MSEE itself has passed by here: control traffic has a budget of its own.
#[inline(always)]
pub fn from_customer<const TRACED: bool, N: Network>(
    packet: &mut Packet<'_, TRACED>,
    header: &N,
    side: &Side,
) -> Result<(), End> {
    let Side::Circuit(port) = side else { return Ok(()) };
    let slot = u32::from(packet.metadata.port);
    if port.flags & PORT_VALIDATE_SOURCE != 0 {
        let index = lookup::walk(packet.image, N::root_of_port(port), header.source_octets())?;
        let adjacency = index.and_then(|index| packet.image.adjacency(index));
        if !adjacency.is_some_and(|it| u32::from(it.port) == slot) {
            return Err(End::drop(Verdict::SourceNotValid));
        }
    }
    if !is_within_bandwidth(packet, port, slot, Class::FromCustomer, header.length()) {
        return Err(End::drop(Verdict::PolicedFromCustomer));
    }
    if port.byte_cost != 0 || port.flags != 0 {
        packet.trace.step(Stage::Police, 0, 0);
    }
    Ok(())
}

/// Checks the bandwidth of the circuit port that a packet of `length` bytes leaves by.
#[inline(always)]
pub fn to_customer<const TRACED: bool>(
    packet: &Packet<'_, TRACED>,
    slot: u32,
    length: usize,
) -> Result<(), End> {
    let port = packet.image.port(slot).ok_or(End::drop(Verdict::LookupCorrupt))?;
    if is_within_bandwidth(packet, port, slot, Class::ToCustomer, length) {
        Ok(())
    } else {
        Err(End::new(Fate::Drop, Verdict::PolicedToCustomer, slot))
    }
}

/// A packet pays for itself and an untagged Ethernet header, which is the same on both sides.
#[inline(always)]
fn is_within_bandwidth<const TRACED: bool>(
    packet: &Packet<'_, TRACED>,
    port: &Port,
    slot: u32,
    class: Class,
    length: usize,
) -> bool {
    if port.byte_cost == 0 {
        return true;
    }
    let bytes = (length as u64).wrapping_add(ETHERNET as u64);
    let cost = bytes.wrapping_mul(u64::from(port.byte_cost)) >> (16 - police::SHIFT);
    let burst = u64::from(port.burst) << police::SHIFT;
    admit::<TRACED>(packet, slot, class, cost, burst)
}

/// Whether a port may punt one more packet of `class`.
#[inline(always)]
pub fn is_within_budget<const TRACED: bool>(
    packet: &Packet<'_, TRACED>,
    slot: u32,
    class: Class,
) -> bool {
    let Some(budget) = class.budget() else { return true };
    let second = 1_000_000_000_u64 << police::SHIFT;
    let cost = second.checked_div(u64::from(budget.rate)).unwrap_or(0);
    admit::<TRACED>(packet, slot, class, cost, cost.wrapping_mul(u64::from(budget.burst)))
}

/// A test run takes no tokens: nothing of it is traffic.
#[inline(always)]
fn admit<const TRACED: bool>(
    _: &Packet<'_, TRACED>,
    slot: u32,
    class: Class,
    cost: u64,
    burst: u64,
) -> bool {
    if TRACED || slot >= limits::PORTS {
        return true;
    }
    let index = slot.wrapping_mul(police::CLASSES).wrapping_add(class.number());
    let Some(policer) = maps::POLICERS.get_ptr_mut(index) else { return true };
    // SAFETY: the helper takes nothing and always succeeds.
    let now = unsafe { bpf_ktime_get_ns() } << police::SHIFT;
    let latest = now.wrapping_add(burst);
    for _ in 0..ATTEMPTS {
        // SAFETY: a) the pointer is to an element of a map, 8-byte aligned and never freed while the
        // program runs; b) an aligned load is one instruction.
        let before = unsafe { policer.read_volatile() };
        let start = if before > now { before } else { now };
        let paid = start.wrapping_add(cost);
        if paid > latest {
            return false;
        }
        if compare_exchange(policer, before, paid) == before {
            return true;
        }
    }
    true
}

/// Stores `new` if `policer` holds `before`, and returns what it held. The target knows the
/// instruction (Linux 5.12), but core has no function for it there.
#[inline(always)]
fn compare_exchange(policer: *mut u64, before: u64, new: u64) -> u64 {
    let held;
    // SAFETY: a) the pointer is to an element of a map, 8-byte aligned; b) the instruction reads and
    // writes those 8 bytes and r0, and nothing else.
    unsafe {
        asm!(
            "r0 = cmpxchg_64({policer} + 0, r0, {new})",
            policer = in(reg) policer,
            new = in(reg) new,
            inout("r0") before => held,
            options(nostack),
        );
    }
    held
}
