//! `erlab traceroute`: GNU traceroute from a node, printed as Linux or as Cisco does.

mod live;

use std::{net::IpAddr, time::Duration};

use clap::{Args, ValueEnum};
use miette::Diagnostic;
use thiserror::Error;

use self::live::Live;
use super::{
    Failure,
    failure::FAILED,
    open_lab::OpenLab,
    output::{Printer, write_out},
};
use crate::traceroute::{self, TracerouteError, TracerouteSpec, render_ios};

/// Trace the way from a node to another
#[derive(Debug, Args)]
#[command(after_help = "\
It is the real GNU inetutils traceroute, in the node's namespace. A `*` on the way is an
ExpressRoute gateway: it takes a TTL and never answers. Exit code 1 when the destination does not
answer.

Examples:
  erlab traceroute remote-vm 10.255.10.4
  erlab traceroute ce1 hub-vm --style ios
  erlab traceroute onprem-vm hub-vm --max-hops 3")]
pub(super) struct TracerouteArgs {
    /// Node that probes
    from: String,
    /// Address or node to reach
    to: String,
    /// Layout: as GNU traceroute on a VM, or as IOS on a customer's router
    #[arg(long, value_enum, default_value_t)]
    style: Style,
    /// Highest TTL tried
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u8).range(1..))]
    max_hops: u8,
    /// Seconds to wait for an answer
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=60))]
    wait: u64,
}

/// Layout of a traceroute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Style {
    /// The tool's own output.
    #[default]
    Linux,
    /// As Cisco prints it.
    Ios,
}

/// The traceroute has no result.
#[derive(Debug, Error, Diagnostic)]
enum TraceFailed {
    /// The tool gave up.
    #[error("{from} cannot probe {to}: {reason}")]
    #[diagnostic(help("`erlab exec {from} -- ip route` shows which routes it has"))]
    Refused { from: String, to: String, reason: String },
    /// It could not be run.
    #[error("the traceroute could not be run")]
    NotRun(#[source] TracerouteError),
}

impl TraceFailed {
    fn new(from: String, to: String, error: TracerouteError) -> Self {
        let TracerouteError::Failed { message, .. } = &error else { return Self::NotRun(error) };
        // The tool's own words begin with its name.
        let reason = message.split_once("traceroute: ").map_or(message.as_str(), |(_, why)| why);
        Self::Refused { from, to, reason: reason.to_owned() }
    }
}

/// The tool has no IPv6.
#[derive(Debug, Error, Diagnostic)]
#[error("{to} is an IPv6 address, and GNU inetutils traceroute has IPv4 only")]
#[diagnostic(help(
    "`erlab exec {from} -- ping -6 -n -c 1 -t 1 {to}` shows who answers at the first hop, `-t 2` at \
     the second, and so on"
))]
struct NoIpv6 {
    from: String,
    to: IpAddr,
}

/// The traceroute did not come to its end.
#[derive(Debug, Error, Diagnostic)]
#[error("the traceroute was cut short")]
struct Cut(#[source] tokio::task::JoinError);

/// Runs the verb.
pub(super) async fn run(
    args: TracerouteArgs,
    lab: &OpenLab,
    printer: Printer,
) -> Result<(), Failure> {
    let TracerouteArgs { from, to, style, max_hops, wait } = args;
    let address = match lab.address_of(&to)? {
        IpAddr::V4(address) => address,
        to @ IpAddr::V6(_) => return Err(Failure::usage(NoIpv6 { from, to })),
    };
    let spec = TracerouteSpec {
        lab: Some(lab.lab().name().to_owned()),
        max_hops,
        wait: Duration::from_secs(wait),
        ..TracerouteSpec::new(&lab.node(&from)?.namespace, address)
    };
    let mut live = (!printer.is_json() && style == Style::Linux).then(Live::default);
    let traced = tokio::task::spawn_blocking(move || {
        let traced = traceroute::run(&spec, |piece| {
            if let Some(live) = &mut live {
                live.show(piece);
            }
        });
        (traced, live)
    });
    let (traced, live) = traced.await.map_err(|error| Failure::failed(Cut(error)))?;
    if let Some(live) = live {
        live.end(traced.is_ok());
    }
    let trace = traced.map_err(|error| Failure::failed(TraceFailed::new(from, to, error)))?;
    if printer.is_json() {
        printer.show(&trace, |_| String::new())?;
    } else if style == Style::Ios {
        write_out(&render_ios(&trace))?;
    }
    if trace.reached { Ok(()) } else { Err(Failure::Exit(FAILED)) }
}
