//! How a packet ends: its verdict, and what XDP does with the frame.

use abi::{
    punt::Metadata,
    verdict::{Stage, Verdict},
};
use aya_ebpf::bindings::xdp_action::XDP_DROP;
use programs::frame::{Frame, Refused};

use crate::{counters, maps, packet::Packet};

/// The end of a packet's way.
#[derive(Clone, Copy)]
pub struct End {
    /// What becomes of the frame.
    pub fate: Fate,
    /// Stage that decided.
    pub stage: Stage,
    /// Number of the verdict.
    pub verdict: u16,
    /// Value of the last step (`abi::trace::Step`).
    pub value: u32,
}

/// What becomes of the frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Lost, by name.
    Drop,
    /// To userspace, unmodified, with metadata.
    Punt,
    /// Out of the port in this slot, as it is.
    Send(u32),
    /// Out of the port in this slot, cut to this many bytes.
    SendTrimmed(u32, u32),
}

impl End {
    /// A named loss.
    #[inline(always)]
    pub fn drop(verdict: Verdict) -> Self {
        Self::new(Fate::Drop, verdict, 0)
    }

    /// To userspace.
    #[inline(always)]
    pub fn punt(verdict: Verdict) -> Self {
        Self::new(Fate::Punt, verdict, 0)
    }

    /// Any end.
    #[inline(always)]
    pub fn new(fate: Fate, verdict: Verdict, value: u32) -> Self {
        Self { fate, stage: verdict.stage(), verdict: verdict.number(), value }
    }
}

impl<const TRACED: bool> Packet<'_, TRACED> {
    /// Carries the end out, and counts the one verdict the packet came to.
    #[inline(always)]
    pub fn finish(self, end: End) -> u32 {
        self.trace.step(end.stage, end.verdict, end.value);
        let Self { frame, metadata, trace, .. } = self;
        let (action, failure) = match end.fate {
            Fate::Drop => (Ok(XDP_DROP), (Stage::Out, Verdict::None)),
            Fate::Punt => (punt(frame, metadata, end.verdict), (Stage::Icmp, Verdict::PuntRefused)),
            Fate::Send(slot) => (redirect(slot), CORRUPT),
            Fate::SendTrimmed(slot, length) => {
                (frame.trim(length as usize).and_then(|()| redirect(slot)), CORRUPT)
            }
        };
        let (action, verdict) = action.map_or_else(
            |Refused| {
                let (stage, verdict) = failure;
                trace.step(stage, verdict.number(), 0);
                (XDP_DROP, verdict.number())
            },
            |action| (action, end.verdict),
        );
        if !TRACED {
            counters::count(verdict);
        }
        action
    }
}

/// An image whose adjacency names an empty slot is the writer's defect.
const CORRUPT: (Stage, Verdict) = (Stage::Lookup, Verdict::LookupCorrupt);

/// What a redirect returns when the map has nothing at the index.
const OTHERWISE_DROP: u64 = XDP_DROP as u64;

#[inline(always)]
fn redirect(slot: u32) -> Result<u32, Refused> {
    maps::EGRESS.redirect(slot, OTHERWISE_DROP).map_err(|_| Refused)
}

#[inline(always)]
fn punt(frame: Frame<'_>, metadata: Metadata, verdict: u16) -> Result<u32, Refused> {
    let slot = u32::from(metadata.port);
    frame.prepend(Metadata { verdict, ..metadata })?;
    maps::PUNT.redirect(slot, OTHERWISE_DROP).map_err(|_| Refused)
}
