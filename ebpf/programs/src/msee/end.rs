//! How a packet ends: its verdict, and what XDP does with the frame.

use abi::{
    limits,
    police::Class,
    punt::Metadata,
    verdict::{Stage, Verdict},
};
use aya_ebpf::bindings::xdp_action::XDP_DROP;
use programs::frame::Refused;

use crate::{counters, maps, packet::Packet, police};

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
    /// To userspace, unmodified, with metadata, as long as the port's budget for the class lasts.
    Punt(Class),
    /// Out of the port in this slot, as it is.
    Send(u32),
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
        Self::punt_with(verdict, 0)
    }

    /// To userspace: ARP or Neighbour Discovery that is for a group of stations.
    #[inline(always)]
    pub fn punt_of_group(verdict: Verdict) -> Self {
        Self::new(Fate::Punt(Class::Neighbour), verdict, 0)
    }

    /// To userspace, with the value of the last step.
    #[inline(always)]
    pub fn punt_with(verdict: Verdict, value: u32) -> Self {
        let class = match verdict {
            Verdict::LocalArp | Verdict::LocalNd => Class::NeighbourUnicast,
            Verdict::LocalEcho => Class::Echo,
            Verdict::TooBig | Verdict::TooBigFragmentable => Class::PathMtu,
            _ => Class::Exception,
        };
        Self::new(Fate::Punt(class), verdict, value)
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
    pub fn finish(mut self, end: End) -> u32 {
        self.trace.step(end.stage, end.verdict, end.value);
        let action = match end.fate {
            Fate::Drop => Ok(XDP_DROP),
            Fate::Punt(class) => self.punt(class, end.verdict),
            Fate::Send(slot) => redirect(slot),
        };
        let (action, verdict) = match action {
            Ok(action) => (action, end.verdict),
            Err(verdict) => {
                self.trace.step(verdict.stage(), verdict.number(), 0);
                (XDP_DROP, verdict.number())
            }
        };
        if !TRACED {
            counters::count(verdict);
        }
        action
    }

    #[inline(always)]
    fn punt(&mut self, class: Class, verdict: u16) -> Result<u32, Verdict> {
        let slot = u32::from(self.metadata.port);
        if !police::is_within_budget(self, slot, class) {
            return Err(over_budget(class));
        }
        let prepended = self.frame.prepend(Metadata { verdict, ..self.metadata });
        prepended.map_err(|Refused| Verdict::PuntRefused)?;
        maps::PUNT.redirect(slot, OTHERWISE_DROP).map_err(|_| Verdict::PuntRefused)
    }
}

/// The verdict of a packet that its port's budget for `class` has no room for.
#[inline(always)]
pub fn over_budget(class: Class) -> Verdict {
    match class {
        Class::Neighbour | Class::NeighbourUnicast => Verdict::BudgetNeighbour,
        Class::Echo => Verdict::BudgetEcho,
        Class::PathMtu => Verdict::BudgetPathMtu,
        Class::Exception => Verdict::BudgetException,
        // The classes of bandwidth end elsewhere.
        Class::Control | Class::FromCustomer | Class::ToCustomer => Verdict::BudgetControl,
    }
}

/// What a redirect returns when the map has nothing at the index.
const OTHERWISE_DROP: u64 = XDP_DROP as u64;

/// Out of the port in `slot`. The kernel empties the slot of an interface that is deleted.
#[inline(always)]
fn redirect(slot: u32) -> Result<u32, Verdict> {
    if slot >= limits::PORTS {
        return Err(Verdict::LookupCorrupt);
    }
    maps::EGRESS.redirect(slot, OTHERWISE_DROP).map_err(|_| Verdict::EgressGone)
}
