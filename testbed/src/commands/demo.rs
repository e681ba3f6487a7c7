//! `erlab demo`: the lab's story.

use clap::Args;

use super::{Failure, output::Printer};
use crate::demo;

/// Deploy the FastPath lab, show what it shows, and destroy it
#[derive(Debug, Args)]
#[command(after_help = "\
Tells the story of the original lab in its order: unreachable hub, conn1 with FastPath and the five
traceroutes, conn1 without, and FastPath switched on, off and on under traffic. Every command shown
is run, every output is real, every verdict is checked; exit code 1 when one does not hold.

Examples:
  erlab demo
  erlab demo --keep
  erlab demo -f json | jq '.scenes[].checks[] | select(.passed | not)'")]
pub(super) struct DemoArgs {
    /// A variation of the lab with the same names
    #[arg(short, long, env = "ERLAB_TOPO", value_name = "FILE", hide_env_values = true)]
    topo: Option<String>,
    /// Leave the lab running at the end
    #[arg(long)]
    keep: bool,
}

/// Runs the verb.
pub(super) async fn run(
    args: DemoArgs,
    name: Option<&str>,
    printer: Printer,
) -> Result<(), Failure> {
    let DemoArgs { topo, keep } = args;
    demo::run(demo::Options { topology: topo, lab: name.map(ToOwned::to_owned), keep }, printer)
        .await
}
