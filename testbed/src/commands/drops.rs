//! `erlab drops`: every named loss of the lab, whoever counted it.

use std::{collections::BTreeMap, fmt::Write};

use abi::verdict::{Severity, Verdict};
use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::{
    Failure,
    open_lab::OpenLab,
    output::{Printer, table, thousands},
};
use crate::{control::ClientError, network::VethLosses, wire::WireStatistics};

/// All named losses of the lab, with counts
#[derive(Debug, Args)]
#[command(after_help = "\
Sent = delivered + named losses. `expected` losses belong to correct operation, such as a traceroute
probe that expired; `loss` is what somebody should look at.

Examples:
  erlab drops
  erlab drops --all
  erlab drops -f json | jq '.rows[] | select(.severity == \"loss\")'")]
pub(super) struct DropsArgs {
    /// Also what was forwarded or handed on to userspace
    #[arg(long)]
    all: bool,
}

/// The counters of the lab.
#[derive(Debug, Serialize)]
struct Drops {
    rows: Vec<Row>,
    /// Nodes whose counters could not be read, and why.
    unreadable: BTreeMap<String, String>,
}

/// One counter.
#[derive(Debug, Serialize)]
struct Row {
    node: String,
    stage: &'static str,
    verdict: &'static str,
    severity: &'static str,
    count: u64,
    text: &'static str,
}

/// Runs the verb.
pub(super) async fn run(args: DropsArgs, lab: &OpenLab, printer: Printer) -> Result<(), Failure> {
    let mut drops = Drops { rows: Vec::new(), unreadable: BTreeMap::new() };
    for node in lab.dataplanes() {
        drops.add(&node, lab.admin(&node).get("/counters").await, args.all);
    }
    drops.add_wires(lab.agent().get("/wires").await);
    drops.add_veths(lab.agent().get("/losses").await);
    printer.show(&drops, render)?;
    if drops.unreadable.is_empty() { Ok(()) } else { Err(Failure::Exit(super::failure::FAILED)) }
}

impl Drops {
    fn add(&mut self, node: &str, answer: Result<Value, ClientError>, all: bool) {
        match answer {
            Ok(counters) => self.rows.extend(rows(node, &counters["verdicts"], all)),
            Err(error) => self.unreadable(node, &error.to_string()),
        }
    }

    fn add_wires(&mut self, answer: Result<Value, ClientError>) {
        match answer.map(serde_json::from_value::<Vec<WireStatistics>>) {
            Ok(Ok(wires)) => self.rows.extend(wire_rows(&wires)),
            Ok(Err(error)) => self.unreadable("wires", &error.to_string()),
            Err(error) => self.unreadable("wires", &error.to_string()),
        }
    }

    fn add_veths(&mut self, answer: Result<Value, ClientError>) {
        match answer.map(serde_json::from_value::<Vec<VethLosses>>) {
            Ok(Ok(ends)) => ends.iter().for_each(|end| self.add_veth(end)),
            Ok(Err(error)) => self.unreadable("veth pairs", &error.to_string()),
            Err(error) => self.unreadable("veth pairs", &error.to_string()),
        }
    }

    /// Adds to the row there may be: a node's daemon, its interfaces and the bridge's port to it
    /// each lose frames for this one reason.
    fn add_veth(&mut self, end: &VethLosses) {
        if end.frames == 0 {
            return;
        }
        let verdict = Verdict::KernelRingFull;
        let same = |row: &&mut Row| row.node == end.node && row.verdict == verdict.name();
        match self.rows.iter_mut().find(same) {
            Some(row) => row.count += end.frames,
            None => self.rows.push(row(&end.node, verdict, end.frames)),
        }
    }

    /// Packets of the rows with this severity.
    fn count(&self, severity: Severity) -> u64 {
        let rows = self.rows.iter().filter(|row| row.severity == severity.name());
        rows.map(|row| row.count).sum()
    }

    fn unreadable(&mut self, node: &str, why: &str) {
        self.unreadable.insert(node.to_owned(), why.to_owned());
    }
}

/// Losses of the wires, both directions together.
fn wire_rows(wires: &[WireStatistics]) -> Vec<Row> {
    let of_wire = |wire: &WireStatistics| {
        let (there, back) = (wire.a_to_b.losses.by_verdict(), wire.b_to_a.losses.by_verdict());
        let node = wire.name.clone();
        let lost = there
            .into_iter()
            .zip(back)
            .map(|((verdict, there), (_, back))| (verdict, there + back));
        lost.filter(|(_, count)| *count > 0).map(move |(verdict, count)| row(&node, verdict, count))
    };
    wires.iter().flat_map(of_wire).collect()
}

fn row(node: &str, verdict: Verdict, count: u64) -> Row {
    Row {
        node: node.to_owned(),
        stage: verdict.stage().name(),
        verdict: verdict.name(),
        severity: verdict.severity().name(),
        count,
        text: verdict.text(),
    }
}

/// The counters of one node, in the order a packet meets them.
fn rows(node: &str, verdicts: &Value, all: bool) -> Vec<Row> {
    let mut known: Vec<(Verdict, u64)> = verdicts
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, count)| Some((Verdict::from_name(name)?, count.as_u64()?)))
        .filter(|(verdict, count)| *count > 0 && (all || verdict.is_loss()))
        .collect();
    known.sort_by_key(|(verdict, _)| (verdict.stage(), verdict.number()));
    known.into_iter().map(|(verdict, count)| row(node, verdict, count)).collect()
}

fn render(drops: &Drops) -> String {
    let mut text = if drops.rows.is_empty() {
        String::new()
    } else {
        table(
            &["NODE", "STAGE", "VERDICT", "SEVERITY", "COUNT", "MEANING"],
            drops.rows.iter().map(|row| {
                vec![
                    row.node.clone(),
                    row.stage.to_owned(),
                    row.verdict.to_owned(),
                    row.severity.to_owned(),
                    thousands(row.count),
                    row.text.to_owned(),
                ]
            }),
        ) + "\n"
    };
    text += &summary(drops);
    for (node, why) in &drops.unreadable {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{node}: no counters: {why}");
    }
    text
}

/// What all the counters say together.
fn summary(drops: &Drops) -> String {
    let lost = packets(drops.count(Severity::Loss));
    let expected = packets(drops.count(Severity::Expected));
    let belong = |packets: String| format!("{packets} lost in correct operation (expected)");
    match (lost, expected) {
        (Some(lost), Some(expected)) => {
            format!("{lost} lost that should not have been; {}", belong(expected))
        }
        (Some(lost), None) => format!("{lost} lost that should not have been"),
        (None, Some(expected)) => format!("{}, none otherwise", belong(expected)),
        (None, None) if drops.unreadable.is_empty() => "no packet was lost".to_owned(),
        (None, None) => "no packet was lost where the counters could be read".to_owned(),
    }
}

/// `1 packet`, `2 packets`; `None` for none.
fn packets(count: u64) -> Option<String> {
    match count {
        0 => None,
        1 => Some("1 packet".to_owned()),
        count => Some(format!("{} packets", thousands(count))),
    }
}

#[cfg(test)]
mod tests;
