//! `erlab trace --inject`: one packet through the real program on the node's real tables.

use std::fmt::Write;

use clap::Args;
use serde_json::Value;

use self::packet::Packet;
use super::{
    Failure, arm,
    open_lab::{OpenLab, WrongKind},
    output::Printer,
};
use crate::topology::plan::NodeKind;

mod packet;

/// Send one packet through an MSEE or gateway and show each stage it passes
#[derive(Debug, Args)]
#[command(after_help = "\
The packet is a test run of the real program on the tables in force; it is not counted and leaves
no port. A gateway gets it as an MSEE would send it, by an instance in service. A and B are
addresses or nodes.

Examples:
  erlab trace msee-a --inject 'src 172.16.1.1 dst 10.254.10.4 icmp ttl 2'
  erlab trace msee-b --inject 'src remote-vm dst hub-vm udp'
  erlab trace ERGW1 --inject 'src onprem-vm dst hub-vm ttl 1'")]
pub(super) struct TraceArgs {
    /// An MSEE or an ExpressRoute gateway
    node: String,
    /// The packet: 'src A dst B [icmp|udp|tcp] [ttl N] [on PORT]'
    #[arg(long, value_name = "PACKET")]
    inject: String,
}

/// Least width of the stages' column; an MSEE's fit.
const STAGE: usize = 10;

/// Runs the verb.
pub(super) async fn run(args: TraceArgs, lab: &OpenLab, printer: Printer) -> Result<(), Failure> {
    let TraceArgs { node, inject } = args;
    let node = lab.node(&node)?;
    if !matches!(node.kind, NodeKind::Msee { .. } | NodeKind::Gateway { .. }) {
        return Err(Failure::usage(WrongKind::new(
            node,
            "only MSEEs and gateways can trace a packet",
            "name one of them; `erlab exec NODE -- tcpdump -ni eth1` shows what passes here",
        )));
    }
    let packet = packet::parse(&inject, &|word| lab.resolve(word)).map_err(Failure::usage)?;
    let body = serde_json::to_value(&packet)?;
    let answer = lab.admin(&node.name).post("/inject", Some(body)).await?;
    printer.show(&answer, |answer| render(&node.name, &packet, answer))
}

/// The trace as people read it: header, one line a stage, verdict.
fn render(node: &str, packet: &Packet, answer: &Value) -> String {
    let Packet { port, source, destination, protocol, ttl } = packet;
    let port = port.as_ref().map(|port| format!("{port} ")).unwrap_or_default();
    let mut text = format!(
        "#1 injected  {node} {port}rx  {source} > {destination}  {protocol}  ttl {ttl}  \
         (generation {})\n",
        arm::text_at(answer, "/generation")
    );
    let steps = || answer["steps"].as_array().into_iter().flatten();
    let stages = steps().map(|step| arm::text_at(step, "/stage").len());
    let width = stages.max().unwrap_or_default().max(STAGE);
    for step in steps() {
        let stage = arm::text_at(step, "/stage");
        let line = format!("   {node:<9} {stage:<width$} {}", arm::text_at(step, "/text"));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let verdict = arm::text_at(answer, "/verdict");
    let outcome = abi::verdict::Verdict::from_name(&verdict).map_or_else(String::new, |verdict| {
        format!("{}  ", verdict.severity().name().to_uppercase())
    });
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(text, "   verdict: {outcome}{verdict}  {}", arm::text_at(answer, "/text"));
    let leaves_by = arm::text_at(answer, "/leaves_by");
    if !leaves_by.is_empty() {
        let _ = writeln!(text, "   leaves by {leaves_by}");
    }
    text
}

#[cfg(test)]
mod tests;
