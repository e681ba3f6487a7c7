//! `msee`: one MSEE router. The command line; everything else is in the library.

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use msee::daemon::{self, Options};
use tracing_subscriber::EnvFilter;

/// One MSEE router: forwards between a customer edge and region fabrics in XDP.
///
/// Runs in the router's network namespace, as root, and takes everything it forwards from
/// ercontrol: interfaces, circuits, VNets and routes. It needs no configuration of its own.
///
/// The XDP programs and their tables are pinned. If msee is killed they keep forwarding, and the
/// next msee with the same --pins adopts them without loss; what stops meanwhile is ICMP (traceroute
/// answers, ping to the router itself). An msee with other programs puts its own in their place.
/// SIGTERM and SIGINT end it in order: detach, unpin, exit 0.
///
/// The admin socket speaks HTTP:
///   GET  /health      is a desired state in force, and which revision
///   GET  /counters    packets by verdict, losses counted by the kernel included
///   GET  /neighbours  the MAC addresses of next hops: declared, from the kernel, learned
///   POST /inject      what would happen to a packet, stage by stage
///
/// For example:
///   curl --unix-socket /run/erlab/lab/msee-a.sock http://msee/counters
///   curl --unix-socket /run/erlab/lab/msee-a.sock http://msee/inject
///     --json '{"source":"172.16.1.1","destination":"10.254.10.4","ttl":2}'
///
/// RUST_LOG=debug makes it talk more. Logs go to stderr: text on a terminal, else JSON.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Arguments {
    /// The router's name, as in ercontrol's Erlab.Edge/routers, such as msee-a.
    #[arg(long)]
    name: String,

    /// Unix socket where ercontrol serves dataplanes. It may appear later, and go and come back.
    #[arg(long, value_name = "SOCKET")]
    control: PathBuf,

    /// Unix socket to answer questions on; made here, removed at the end. Root, its owner and its
    /// group may use it.
    #[arg(long, value_name = "SOCKET")]
    admin: PathBuf,

    /// Directory on bpffs for programs, maps and links, such as /run/erlab/bpf/lab/msee-a. A
    /// bpffs is mounted at its parent when there is none. Names must not contain dots.
    #[arg(long, value_name = "DIRECTORY")]
    pins: PathBuf,

    /// Take over without loss from an msee of another ABI version, which is refused otherwise. Its
    /// tables cannot be adopted: it forwards until the first desired state is in force in new ones,
    /// and its counters end with it.
    #[arg(long)]
    replace: bool,
}

fn main() -> ExitCode {
    let Arguments { name, control, admin, pins, replace } = Arguments::parse();
    start_log();
    // Before the runtime, whose threads are to have no privileges that only starting needs.
    let started = match daemon::start(Options { name, control, admin, pins, replace }) {
        Ok(started) => started,
        Err(error) => {
            tracing::error!(event = "failed", error = daemon::chain(&error));
            return ExitCode::FAILURE;
        }
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(event = "failed", error = %error, "no threads for the async runtime");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(daemon::run(started)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(event = "failed", error = daemon::chain(&error));
            ExitCode::FAILURE
        }
    }
}

fn start_log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    if io::stderr().is_terminal() {
        log.init();
    } else {
        log.json().init();
    }
}
