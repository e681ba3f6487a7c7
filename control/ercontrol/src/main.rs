//! `ercontrol`: the control daemon of one lab.

use std::{error::Error, io::IsTerminal, path::PathBuf, process::ExitCode};

use clap::Parser;
use ercontrol::daemon::{self, Paths};
use privilege::Capabilities;
use tokio::runtime::Builder;
use tracing_subscriber::EnvFilter;

/// The control plane of an ExpressRoute lab.
///
/// Holds the lab's resources (VNets, gateways, circuits, connections...), decides which addresses
/// get FastPath, and tells each MSEE, each gateway and the hosts what to forward. It forwards
/// nothing itself: while it is down, everything keeps forwarding as it last was.
///
/// Resources are read and changed over HTTP on a unix socket, with the paths and bodies of Azure
/// Resource Manager:
///
///   curl --unix-socket DIR/control.sock http://lab/erlab/status
///
///   curl --unix-socket DIR/control.sock -X PUT -H 'content-type: application/json' \
///     http://lab/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/hub \
///     -d @hub.json
///
/// A change is answered when every connected dataplane has applied it (10 s at most); add
/// `?wait=false` to be answered at once. docs/api.md has all resources, actions and error codes.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Arguments {
    /// File that keeps the resources; made if absent, readable by its owner only. One ercontrol at
    /// a time can use it.
    #[arg(long, value_name = "FILE", env = "ERCONTROL_STORE")]
    store: PathBuf,

    /// Unix socket to offer the API on; owner and group may use it.
    #[arg(long, value_name = "SOCKET", env = "ERCONTROL_API")]
    api: PathBuf,

    /// Unix socket that dataplanes (msee, ergw, the lab's agent) connect to.
    #[arg(long, value_name = "SOCKET", env = "ERCONTROL_DATAPLANES")]
    dataplanes: PathBuf,

    /// What to log to standard error: `warn`, `info`, `debug`, or a filter such as
    /// `ercontrol=debug`.
    #[arg(long, value_name = "FILTER", env = "ERCONTROL_LOG", default_value = "info")]
    log: String,
}

fn main() -> ExitCode {
    let Arguments { store, api, dataplanes, log } = Arguments::parse();
    let filter = EnvFilter::try_new(&log).unwrap_or_else(|error| {
        eprintln!("ercontrol: --log '{log}' is not a filter ({error}); logging at level info");
        EnvFilter::new("info")
    });
    let stderr = std::io::stderr;
    let colours = stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(colours).init();
    match start(Paths { store, api, dataplanes }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            tracing::error!(event = "failed", error = text);
            ExitCode::FAILURE
        }
    }
}

/// Files and sockets of its own are all it needs: it gives up every capability, before the runtime
/// has threads that would keep them.
fn start(paths: Paths) -> Result<(), Box<dyn Error>> {
    privilege::keep(Capabilities::empty())?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(daemon::run(paths))?)
}
