//! Where each packet of some traffic went: sent = delivered + named losses, exactly.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Lab;

/// Frames that the ring of a gateway's socket holds, and that its process works on at a time.
pub(crate) const GATEWAY: Held = Held { ring: 16_384, batch: 64, delay_line: 0 };

/// The most packets that a killed process can hold: nobody names them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Held {
    /// In the rings of its sockets.
    pub(crate) ring: u64,
    /// In its hands.
    pub(crate) batch: u64,
    /// Under way in its wires.
    pub(crate) delay_line: u64,
}

impl Held {
    /// Of several kills.
    pub(crate) fn of(self, kills: u32) -> Self {
        let kills = u64::from(kills);
        let Self { ring, batch, delay_line } = self;
        Self { ring: ring * kills, batch: batch * kills, delay_line: delay_line * kills }
    }

    fn most(self) -> u64 {
        self.ring + self.batch + self.delay_line
    }
}

/// The losses of a lab that were named when it was opened; closed, it compares what was named since
/// with what traffic lost meanwhile.
#[derive(Debug)]
pub(crate) struct Account(BTreeMap<(String, String), u64>);

impl Account {
    /// Before traffic starts. Nothing else may be lost in the lab until it is closed.
    pub(crate) fn open(lab: &Lab) -> Self {
        Self(losses(lab))
    }

    /// After it has ended: fails unless every packet was delivered or its loss is named.
    pub(crate) fn close(self, lab: &Lab, reports: &[Value]) {
        self.close_after_kill(lab, reports, Held::default());
    }

    /// The same where a process was killed, whose packets nobody can name: as many as it can have held
    /// may be missing.
    pub(crate) fn close_after_kill(self, lab: &Lab, reports: &[Value], held: Held) {
        let sum = |field: &str| -> u64 {
            reports.iter().map(|report| report[field].as_u64().unwrap()).sum()
        };
        for field in ["duplicated", "misdelivered", "corrupted", "stale", "in_flight"] {
            assert_eq!(sum(field), 0, "{field}: {reports:#?}");
        }
        let (sent, received) = (sum("sent"), sum("received"));
        let mut named = BTreeMap::new();
        for (place, count) in losses(lab) {
            let since = count.saturating_sub(self.0.get(&place).copied().unwrap_or(0));
            if since > 0 {
                named.insert(place, since);
            }
        }
        // What the receiving sockets had no room for is named by the traffic itself.
        let total = named.values().sum::<u64>() + sum("receiver_overflow");
        let remainder = (sent - received).checked_sub(total);
        let Held { ring, batch, delay_line } = held;
        println!(
            "{sent} sent = {received} delivered + {total} lost by name {named:?} + {remainder:?} (at \
             most ring {ring} + batch {batch} + delay line {delay_line})"
        );
        assert!(remainder.is_some_and(|rest| rest <= held.most()), "{reports:#?}");
    }
}

/// All losses of the lab that somebody should look at, by node and verdict.
fn losses(lab: &Lab) -> BTreeMap<(String, String), u64> {
    let drops = lab.erlab(&["drops", "-f", "json"]).json();
    let rows = drops["rows"].as_array().unwrap().iter();
    let losses = rows.filter(|row| row["severity"] == "loss").map(|row| {
        let text = |field: &str| row[field].as_str().unwrap().to_owned();
        ((text("node"), text("verdict")), row["count"].as_u64().unwrap())
    });
    losses.collect()
}
