//! `erlab traffic`: numbered packets from a node to another, and what became of each.

use std::{io::IsTerminal, ops::ControlFlow, time::Duration};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use miette::Diagnostic;
use thiserror::Error;

use super::{Failure, failure::FAILED, open_lab::OpenLab, output::Printer};
use crate::{
    lifecycle::Interrupt,
    topology::Delay,
    traffic::{self, FlowError, FlowSpec, Report, render_table},
};

/// Send numbered packets between two nodes and account for each of them
#[derive(Debug, Args)]
#[command(after_help = "\
UDP, one way, at an even pace. Each packet has a number, so loss, duplication, reordering and the
longest gap are known exactly; the TTL column tells how many routers a packet passed. Ctrl-C ends it
early with what is known. Exit code 1 when nothing arrived.

Examples:
  erlab traffic remote-vm hub-vm --pps 1000 --for 10s
  erlab traffic onprem-vm 10.255.10.4 --pps 50000 --for 5s -f json
  erlab traffic contoso-pc contoso-vm --ipv6")]
pub(super) struct TrafficArgs {
    /// Node that sends
    from: String,
    /// Node that receives, or its address
    to: String,
    /// Send to the node's IPv6 address
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Packets a second
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pps: u32,
    /// How long to send: 500ms, 10s
    #[arg(long = "for", default_value = "10s", value_name = "T", value_parser = duration)]
    time: Duration,
}

/// Text that is no duration.
#[derive(Debug, Error)]
#[error("`{0}` is not a duration such as 500ms or 10s")]
struct NoDuration(String);

/// Written as the delays of a topology file are.
fn duration(text: &str) -> Result<Duration, NoDuration> {
    text.parse::<Delay>().map(|Delay(time)| time).map_err(|_| NoDuration(text.to_owned()))
}

/// The traffic could not be sent or received.
#[derive(Debug, Error, Diagnostic)]
#[error("the traffic failed")]
struct TrafficFailed(#[source] FlowError);

/// The traffic did not come to its end.
#[derive(Debug, Error, Diagnostic)]
#[error("the traffic was cut short")]
struct Cut(#[source] tokio::task::JoinError);

/// Runs the verb.
pub(super) async fn run(args: TrafficArgs, lab: &OpenLab, printer: Printer) -> Result<(), Failure> {
    let TrafficArgs { from, to, ipv6, pps, time } = args;
    let (sender, receiver) = (lab.node(&from)?, lab.node_at(&to)?);
    let spec = FlowSpec {
        name: format!("{}>{}", sender.name, receiver.name),
        from_namespace: sender.namespace.clone(),
        to_namespace: receiver.namespace.clone(),
        to_address: if ipv6 { lab.ipv6_address_of(&to)? } else { lab.address_of(&to)? },
        pps,
        duration: Some(time),
    };
    let interrupt = Interrupt::on_signals()?;
    let ran = tokio::task::spawn_blocking(move || {
        let bar = Bar::new(time);
        let report = traffic::run(spec, |report| {
            bar.show(report);
            if interrupt.check().is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        bar.clear();
        report
    });
    let report = ran.await.map_err(|error| Failure::failed(Cut(error)))?;
    let report = report.map_err(|error| Failure::failed(TrafficFailed(error)))?;
    printer.show(&report, |report| render_table(std::slice::from_ref(report)))?;
    if report.received > 0 { Ok(()) } else { Err(Failure::Exit(FAILED)) }
}

/// How far the flow is: a bar on a terminal, nothing elsewhere.
struct Bar(Option<ProgressBar>);

impl Bar {
    fn new(time: Duration) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {elapsed:>3} {msg}") {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    fn show(&self, report: &Report) {
        if let Self(Some(bar)) = self {
            bar.set_position(Duration::from_secs_f64(report.seconds.max(0.0)).as_millis() as u64);
            bar.set_message(format!("{} received, {} lost", report.received, report.lost));
        }
    }

    fn clear(&self) {
        if let Self(Some(bar)) = self {
            bar.finish_and_clear();
        }
    }
}
