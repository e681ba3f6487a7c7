//! The daemons of a lab: which program, with which arguments, in which namespace.

use std::{ffi::OsString, path::PathBuf};

use crate::{
    lifecycle::RunDirectory,
    topology::plan::{Node, NodeKind, Plan},
};

/// One daemon of a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// Its name in the lab: the node's, or `ercontrol`.
    pub name: String,
    /// Program file name.
    pub program: &'static str,
    /// Command line after the program.
    pub arguments: Vec<OsString>,
    /// Namespace it lives in; `None` is the one erlab was started in.
    pub namespace: Option<String>,
    /// Where its output goes.
    pub log: PathBuf,
    /// When the lab stops, lower ranks end first.
    pub stop_rank: u8,
}

/// Program name of the control daemon, and its name in the lab.
pub const ERCONTROL: &str = "ercontrol";

/// All daemons of a lab: `ercontrol`, then one for each router and gateway in the plan's order.
pub fn daemons(plan: &Plan, directory: &RunDirectory) -> Vec<Daemon> {
    let nodes = plan.nodes.iter().filter_map(|node| dataplane(node, directory));
    std::iter::once(ercontrol(directory)).chain(nodes).collect()
}

/// Programs that the daemons of a plan need, each once.
pub fn programs(plan: &Plan) -> Vec<&'static str> {
    let directory = RunDirectory::of(&plan.lab);
    let mut programs: Vec<_> =
        daemons(plan, &directory).into_iter().map(|daemon| daemon.program).collect();
    programs.sort_unstable();
    programs.dedup();
    programs
}

fn ercontrol(directory: &RunDirectory) -> Daemon {
    let arguments = [
        ("--store", directory.store()),
        ("--api", directory.control_socket()),
        ("--dataplanes", directory.dataplane_socket()),
    ];
    Daemon {
        name: ERCONTROL.to_owned(),
        program: ERCONTROL,
        arguments: arguments
            .into_iter()
            .flat_map(|(flag, path)| [flag.into(), path.into()])
            .collect(),
        namespace: None,
        log: directory.log(ERCONTROL, ERCONTROL),
        stop_rank: 1,
    }
}

fn dataplane(node: &Node, directory: &RunDirectory) -> Option<Daemon> {
    let (program, own): (_, Vec<OsString>) = match node.kind {
        // New programs come to a running lab by a restart. Whoever put them there wants them to run,
        // also when what forwards is of another ABI version: with this, its tables are left behind.
        NodeKind::Msee { .. } => ("msee", vec!["--replace".into()]),
        NodeKind::Gateway { .. } => {
            let port = node.interfaces.first().map_or("eth1", |interface| &interface.name);
            ("ergw", vec!["--interface".into(), port.into()])
        }
        NodeKind::Onprem | NodeKind::Host | NodeKind::Vm { .. } | NodeKind::FabricHost { .. } => {
            return None;
        }
    };
    let mut arguments: Vec<OsString> = vec![
        "--name".into(),
        node.name.clone().into(),
        "--control".into(),
        directory.dataplane_socket().into(),
        "--admin".into(),
        directory.admin_socket(&node.name).into(),
        "--pins".into(),
        directory.pins().join(&node.name).into(),
    ];
    arguments.extend(own);
    Some(Daemon {
        name: node.name.clone(),
        program,
        arguments,
        namespace: Some(node.namespace.clone()),
        log: directory.log(program, &node.name),
        stop_rank: 0,
    })
}

#[cfg(test)]
mod tests;
