//! What the user types. One verb a file; `Cli` is the whole command line.
//!
//! Exit codes: 0 done, 1 failed, 2 not understood; `exec` ends with the code of the command it ran.

mod arm;
mod authorization;
mod by_name;
mod circuit;
mod connection;
mod demo;
mod deploy;
mod destroy;
mod drops;
mod exec;
mod fabric;
mod failure;
mod gateway;
mod inspect;
mod open_lab;
mod output;
mod trace;
mod traceroute;
mod traffic;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

pub use failure::Failure;
use open_lab::OpenLab;
pub use output::{Format, Printer, table, thousands, write_out};

/// Labs of the Azure ExpressRoute edge on one Linux box: MSEEs, gateways, FastPath, real packets
#[derive(Debug, Parser)]
#[command(
    name = "erlab",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
A first session:
  erlab deploy -t labs/fastpath.er.yml
  erlab inspect
  erlab traceroute remote-vm onprem-vm
  erlab authorization create auth1 --circuit CIRCUIT_EQUINIX
  erlab connection create conn1 --gateway ERGW1 --circuit CIRCUIT_EQUINIX \\
      --authorization-key KEY --express-route-gateway-bypass true
  erlab traceroute remote-vm hub-vm
  erlab destroy

`erlab demo` tells the whole story. Each verb has examples: `erlab VERB --help`."
)]
struct Cli {
    /// Lab to work on; the only running one when absent
    #[arg(long, global = true, env = "ERLAB_NAME", value_name = "LAB", hide_env_values = true)]
    name: Option<String>,
    /// A table, or JSON
    #[arg(
        short,
        long,
        global = true,
        env = "ERLAB_FORMAT",
        hide_env_values = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "table|json"
    )]
    format: Format,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[command(visible_aliases = ["up", "apply"])]
    Deploy(deploy::DeployArgs),
    #[command(visible_alias = "down")]
    Destroy(destroy::DestroyArgs),
    Inspect(inspect::InspectArgs),
    Exec(exec::ExecArgs),
    Connection(connection::ConnectionArgs),
    Authorization(authorization::AuthorizationArgs),
    Circuit(circuit::CircuitArgs),
    Gateway(gateway::GatewayArgs),
    Traceroute(traceroute::TracerouteArgs),
    Traffic(traffic::TrafficArgs),
    Trace(trace::TraceArgs),
    Drops(drops::DropsArgs),
    Demo(demo::DemoArgs),
    #[command(hide = true)]
    Agent(crate::agent::AgentArgs),
}

/// The whole program: reads the command line, runs the verb, reports a failure.
pub fn main() -> ExitCode {
    let Cli { name, format, verb } = Cli::parse();
    let verb = match verb {
        // It has its own log and its own, single-threaded, runtime.
        Verb::Agent(args) => return crate::agent::main(args),
        verb => verb,
    };
    log_to_stderr();
    errors_in_whole_lines();
    match on_runtime(verb, name.as_deref(), Printer::new(format)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// `ERLAB_LOG` takes a filter of `tracing_subscriber`.
fn log_to_stderr() {
    use std::io::{IsTerminal, stderr};
    let filter =
        EnvFilter::try_from_env("ERLAB_LOG").unwrap_or_else(|_absent| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .init();
}

/// Resource ids and node names hold hyphens and slashes, at which error messages would be broken:
/// a terminal wraps them as well, and `grep` finds them.
fn errors_in_whole_lines() {
    let whole = |_: &dyn miette::Diagnostic| {
        let handler = miette::MietteHandlerOpts::new().wrap_lines(false).build();
        Box::new(handler) as Box<dyn miette::ReportHandler>
    };
    // Refused only when a hook is set already.
    let _ = miette::set_hook(Box::new(move |diagnostic| whole(diagnostic)));
}

fn on_runtime(verb: Verb, name: Option<&str>, printer: Printer) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(verb, name, printer))
}

async fn run(verb: Verb, name: Option<&str>, printer: Printer) -> Result<(), Failure> {
    let lab = || OpenLab::find(name);
    match verb {
        Verb::Deploy(args) => deploy::run(args, name, printer).await,
        Verb::Destroy(args) => destroy::run(args, name, printer).await,
        Verb::Inspect(args) => inspect::run(args, name, printer).await,
        Verb::Demo(args) => demo::run(args, name, printer).await,
        Verb::Exec(args) => exec::run(args, &lab()?).await,
        Verb::Connection(args) => connection::run(args, &lab()?, printer).await,
        Verb::Authorization(args) => authorization::run(args, &lab()?, printer).await,
        Verb::Circuit(args) => circuit::run(args, &lab()?, printer).await,
        Verb::Gateway(args) => gateway::run(args, &lab()?, printer).await,
        Verb::Traceroute(args) => traceroute::run(args, &lab()?, printer).await,
        Verb::Traffic(args) => traffic::run(args, &lab()?, printer).await,
        Verb::Trace(args) => trace::run(args, &lab()?, printer).await,
        Verb::Drops(args) => drops::run(args, &lab()?, printer).await,
        // Started above, before there is a runtime.
        Verb::Agent(_) => Ok(()),
    }
}
