//! The steps of an injected packet.
//!
//! `Trace<false>` has no code at all: ordinary packets pay nothing.
#![allow(unsafe_code, reason = "the record is written in place")]

use abi::{
    trace::{Record, STEPS, Step},
    verdict::Stage,
};

use crate::maps::TRACE;

/// Where the steps go. One packet is injected at a time: userspace sees to that.
pub struct Trace<const TRACED: bool>;

impl<const TRACED: bool> Trace<TRACED> {
    /// Starts a record.
    #[inline(always)]
    pub fn start(generation: u32) -> Self {
        if TRACED && let Some(record) = record() {
            record.length = 0;
            record.generation = generation;
        }
        Self
    }

    /// Adds a step: a stage the packet passed (`verdict` 0), or the one that ended it.
    #[allow(clippy::unused_self, reason = "a step belongs to a record that was started")]
    #[inline(always)]
    pub fn step(&self, stage: Stage, verdict: u16, value: u32) {
        if TRACED && let Some(record) = record() {
            let index = record.length as usize;
            if index < STEPS
                && let Some(step) = record.steps.get_mut(index)
            {
                *step = Step { stage: stage as u16, verdict, value };
                record.length = record.length.wrapping_add(1);
            }
        }
    }
}

#[inline(always)]
fn record() -> Option<&'static mut Record> {
    // SAFETY: a) the pointer is to the one element of the map; b) one packet is injected at a time
    // and userspace reads after the run; c) each caller drops its reference before the next call.
    TRACE.get_ptr_mut(0).map(|record| unsafe { &mut *record })
}
