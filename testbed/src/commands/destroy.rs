//! `erlab destroy`: a lab and everything of it, after a crash too.

use clap::Args;
use serde_json::{Value, json};

use super::{Failure, output::Printer};
use crate::lifecycle::{self, Lab, Removed};

/// Remove a lab: its processes, namespaces, BPF pins and files
#[derive(Debug, Args)]
#[command(after_help = "\
Removes exactly what carries the lab's mark, whatever state it is in, as often as you like.

Examples:
  erlab destroy
  erlab destroy fastpath
  erlab destroy --all")]
pub(super) struct DestroyArgs {
    /// Name of the lab; the only running one when absent
    #[arg(value_name = "NAME")]
    lab: Option<String>,
    /// All labs, and what is left of labs that crashed
    #[arg(long, conflicts_with = "lab")]
    all: bool,
}

/// Runs the verb.
pub(super) async fn run(
    args: DestroyArgs,
    name: Option<&str>,
    printer: Printer,
) -> Result<(), Failure> {
    let DestroyArgs { lab, all } = args;
    let removed = if all {
        lifecycle::destroy_all().await
    } else {
        let name = match lab.as_deref().or(name) {
            Some(name) => name.to_owned(),
            None => Lab::find(None).map_err(Failure::failed)?.name().to_owned(),
        };
        lifecycle::destroy(&name).await.map(|removed| vec![removed])
    };
    let removed = removed.map_err(Failure::failed)?;
    let list: Vec<Value> = removed.iter().map(as_json).collect();
    printer.show(&list, |_| render(&removed))
}

fn render(removed: &[Removed]) -> String {
    if removed.is_empty() {
        return "nothing of any lab is left".to_owned();
    }
    removed.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn as_json(removed: &Removed) -> Value {
    let Removed { lab, processes, namespaces, pins, directory } = removed;
    json!({
        "lab": lab,
        "processes": processes,
        "namespaces": namespaces,
        "pins": pins,
        "directory": directory,
    })
}
