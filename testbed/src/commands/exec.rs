//! `erlab exec`: a command inside a node.

use std::ffi::OsString;

use clap::Args;

use super::{Failure, open_lab::OpenLab};
use crate::lifecycle;

/// Run a command inside a node; its output and exit code are the command's own
#[derive(Debug, Args)]
#[command(after_help = "\
The command runs in the node's network namespace with this terminal's input and output. Besides the
nodes there is `fabric`, the namespace of the bridges.

Examples:
  erlab exec ce1 -- ip route
  erlab exec hub-vm -- tcpdump -ni eth1 -c 5
  erlab exec remote-vm -- iperf3 -s")]
pub(super) struct ExecArgs {
    /// The node
    node: String,
    /// The command and its arguments, best after `--`
    // No command begins with a hyphen, so without `--` options before it are ours and all after it
    // are its own.
    #[arg(trailing_var_arg = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Runs the verb. The command's exit code becomes ours.
pub(super) async fn run(args: ExecArgs, lab: &OpenLab) -> Result<(), Failure> {
    let ExecArgs { node, command } = args;
    match lifecycle::exec(lab.lab(), &node, &command).await {
        Ok(0) => Ok(()),
        Ok(code) => Err(Failure::Exit(code)),
        Err(error) => {
            let code = error.exit_code();
            Err(Failure::coded(error, code))
        }
    }
}

#[cfg(test)]
mod tests;
