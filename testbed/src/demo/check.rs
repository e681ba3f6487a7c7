//! A verdict: what was expected beside what was seen.

use serde::Serialize;

use super::{
    hops::Hop,
    text::{Style, WIDTH},
};

/// One thing the demo shows, and whether it was so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// What is claimed.
    pub claim: String,
    /// What should be seen.
    pub expected: String,
    /// What was seen.
    pub seen: String,
    /// Whether the two agree.
    pub passed: bool,
}

impl Check {
    /// A check whose outcome is known.
    pub(super) fn new(
        claim: impl Into<String>,
        expected: impl Into<String>,
        seen: impl Into<String>,
        passed: bool,
    ) -> Self {
        Self { claim: claim.into(), expected: expected.into(), seen: seen.into(), passed }
    }

    /// Expected and seen must be the same text.
    pub(super) fn same(
        claim: impl Into<String>,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Self {
        let (expected, seen) = (expected.into(), seen.into());
        let passed = expected == seen;
        Self { claim: claim.into(), expected, seen, passed }
    }

    /// A hop's round-trip time, in milliseconds: `nominal` is what the wires add up to. Hosts and
    /// userspace add to it on a busy machine and nothing can take from it.
    pub(super) fn round_trip(claim: impl Into<String>, hop: Option<&Hop>, nominal: f64) -> Self {
        let measured = hop.and_then(Hop::round_trip);
        let (low, high) = (nominal - SHORTER, nominal + LONGER);
        Self {
            claim: claim.into(),
            expected: format!("about {nominal:.0} ms (up to {high:.0})"),
            seen: measured.map_or_else(|| "no answer".to_owned(), |time| format!("{time:.1} ms")),
            passed: measured.is_some_and(|time| time >= low && time <= high),
        }
    }

    /// As the story prints it: the claim, and under it both sides; on one line where that fits.
    pub(super) fn render(&self, style: Style) -> String {
        let Self { claim, expected, seen, passed } = self;
        let claim = if *passed {
            format!("{} {claim}", style.good("✔"))
        } else {
            format!("{} {}", style.bad("✘"), style.bad(claim))
        };
        let beside = format!("expected {expected} │ seen {seen}");
        let sides = if beside.chars().count() <= WIDTH {
            beside
        } else {
            format!("expected {expected}\n      seen     {seen}")
        };
        format!("  {claim}\n      {sides}\n")
    }
}

/// IOS prints whole milliseconds, so a time may look up to one shorter than it is.
const SHORTER: f64 = 1.0;

/// What two busy cores may add: scheduling of the wires, the gateway and the prober.
const LONGER: f64 = 25.0;

#[cfg(test)]
mod tests;
