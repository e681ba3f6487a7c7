//! Conservation: every frame that arrives at the router has one end, and all ends are named.
//!
//! The fast path gives each frame one verdict. One that it punts has another end in userspace, or is a
//! loss that the kernel counts for its socket. What the kernel loses behind the fast path was forwarded
//! before. So all counts together are the frames that arrived and the punts among them, to the packet;
//! how many arrived, the interfaces say themselves.

use std::{collections::BTreeMap, fmt};

use abi::verdict::{self, Severity, Verdict};
use serde_json::Value;

use crate::{
    lab::{Lab, Msee},
    settled,
};

/// Behind the fast path: of frames that it has forwarded, or of what userspace has sent.
const AFTERWARDS: [Verdict; 3] =
    [Verdict::KernelDevmapError, Verdict::KernelRedirectRefused, Verdict::KernelRingFull];

/// What had arrived and was counted at some moment.
pub(crate) struct Books {
    arrived: u64,
    counters: Value,
}

/// What was counted since.
pub(crate) struct Changes(BTreeMap<&'static str, u64>);

impl Books {
    /// Opens the books. No packet may be waiting for anything.
    pub(crate) fn open(lab: &Lab, msee: &Msee) -> Self {
        loop {
            let arrived = arrived(lab);
            let counters = settled(msee);
            if arrived == self::arrived(lab) {
                return Self { arrived, counters };
            }
        }
    }

    /// Closes them, and fails when a frame has no end or two.
    pub(crate) fn close(self, lab: &Lab, msee: &Msee) -> Changes {
        let now = Self::open(lab, msee);
        let of = |counters: &Value, verdict: Verdict| {
            counters["verdicts"][verdict.name()].as_u64().unwrap_or(0)
        };
        let changes = Changes(
            verdict::ALL
                .iter()
                .map(|it| (it.name(), of(&now.counters, *it) - of(&self.counters, *it)))
                .filter(|(_, count)| *count > 0)
                .collect(),
        );
        let sum = |is_meant: &dyn Fn(Verdict) -> bool| -> u64 {
            let meant = verdict::ALL.iter().filter(|verdict| is_meant(**verdict));
            meant.map(|verdict| changes.of(*verdict)).sum()
        };
        let ends = sum(&|verdict| !AFTERWARDS.contains(&verdict));
        // What is for the kernel is redirected, and that is its end.
        let punted = sum(&|verdict| {
            verdict.severity() == Severity::Punted && verdict != Verdict::LocalKernel
        });
        let arrived = now.arrived - self.arrived;
        assert_eq!(ends, arrived + punted, "{arrived} arrived, {punted} punted: {changes:?}");
        changes
    }
}

impl Changes {
    /// How often a verdict was counted.
    pub(crate) fn of(&self, verdict: Verdict) -> u64 {
        self.0.get(verdict.name()).copied().unwrap_or(0)
    }

    /// All losses, and all that ends in an answer instead of a delivery.
    pub(crate) fn losses(&self) -> BTreeMap<&'static str, u64> {
        // Frames of the lab's kernels that are for nobody, or that are answered as they should be.
        const QUIET: [Verdict; 6] = [
            Verdict::PortGroup,
            Verdict::PortWrongMac,
            Verdict::ArpReply,
            Verdict::ArpIgnored,
            Verdict::NdReply,
            Verdict::NdIgnored,
        ];
        let losses = verdict::ALL.iter().filter(|it| it.is_loss() && !QUIET.contains(it));
        let losses = losses.map(|verdict| (verdict.name(), self.of(*verdict)));
        losses.filter(|(_, count)| *count > 0).collect()
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Frames that the router's ports have given to the fast path.
fn arrived(lab: &Lab) -> u64 {
    let links: Value = serde_json::from_str(&lab.run("ip -n @msee -j -s link show")).unwrap();
    let ports = ["eth1", "eth2", "xcpu1"];
    let links = links.as_array().unwrap().iter();
    let ports = links.filter(|link| ports.iter().any(|port| link["ifname"] == *port));
    ports.map(|port| port["stats64"]["rx"]["packets"].as_u64().unwrap()).sum()
}
