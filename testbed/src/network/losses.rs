//! Frames that a veth could not hand to its peer, for those veths that nobody else reads.
//!
//! A full receive ring, a full backlog and a peer that is down or takes no frame of that length all
//! show in one place: the transmit drops of the *sending* end. MSEEs and gateways read those of their
//! own ports, and a wire is told of what it could not send. Left are the bridges' ports and the
//! interfaces by which kernels send: of VMs, hosts, customer edges, and an MSEE's own. A VXLAN device
//! is one too.

use futures::future::try_join_all;
use miette::Diagnostic;
use serde::{Deserialize, Serialize};

use super::{
    connection::{ConnectError, Connection, NetlinkError},
    layout::{Layout, Tunnel, VethEnd, layout},
};
use crate::topology::plan::{Node, NodeKind, Plan};

/// What was lost at one end of a veth pair since it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VethLosses {
    /// The node that sent, or that a bridge sent to.
    pub node: String,
    /// Namespace of the sending end.
    pub namespace: String,
    /// The sending end.
    pub interface: String,
    /// Frames.
    pub frames: u64,
}

/// Why the losses are not known.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum LossesError {
    /// A namespace could not be opened.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Connect(#[from] ConnectError),
    /// Its interfaces could not be listed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Netlink(#[from] NetlinkError),
}

/// The losses of all sending ends that no dataplane and no wire reads. An end that is gone has none.
pub async fn losses(plan: &Plan) -> Result<Vec<VethLosses>, LossesError> {
    let layout = layout(plan);
    let ends = unread(plan, &layout);
    let read = layout.namespaces.iter().map(|(namespace, _)| {
        let ends: Vec<_> = ends.iter().filter(|end| end.namespace == *namespace).collect();
        async move {
            if ends.is_empty() {
                return Ok(Vec::new());
            }
            let links = Connection::open(namespace).await?.links().await?;
            let losses = ends.into_iter().filter_map(|end| {
                let frames = links.get(end.interface)?.transmit_drops;
                let (node, interface) = (end.node.to_owned(), end.interface.to_owned());
                Some(VethLosses { node, namespace: namespace.clone(), interface, frames })
            });
            Ok::<_, LossesError>(losses.collect())
        }
    });
    Ok(try_join_all(read).await?.into_iter().flatten().collect())
}

/// A sending end.
#[derive(Clone, Copy, Debug)]
struct Sender<'p> {
    namespace: &'p str,
    interface: &'p str,
    /// The node it is about.
    node: &'p str,
}

/// The sending ends that only this module reads: of veths, and VXLAN devices.
fn unread<'p>(plan: &'p Plan, layout: &'p Layout) -> Vec<Sender<'p>> {
    let owner = |namespace: &str| plan.nodes.iter().find(|node| node.namespace == namespace);
    let veth = |end: &'p VethEnd| {
        let node = match &end.bridge {
            Some(_) => behind(plan, layout, end)?,
            None => owner(&end.namespace).filter(|node| !reads(node, &end.name))?,
        };
        Some(Sender { namespace: &end.namespace, interface: &end.name, node: &node.name })
    };
    let tunnel = |tunnel: &'p Tunnel| {
        let node = &owner(&tunnel.namespace)?.name;
        Some(Sender { namespace: &tunnel.namespace, interface: &tunnel.name, node })
    };
    let veths = layout.veths.iter().flatten().filter_map(veth);
    veths.chain(layout.tunnels.iter().filter_map(tunnel)).collect()
}

/// The node behind a bridge's port.
fn behind<'p>(plan: &'p Plan, layout: &Layout, port: &VethEnd) -> Option<&'p Node> {
    let station = layout
        .stations
        .iter()
        .find(|station| station.namespace == port.namespace && station.port == port.name)?;
    plan.nodes.iter().find(|node| {
        node.interfaces.iter().any(|interface| interface.macs().any(|mac| mac == station.mac))
    })
}

/// Whether the node's daemon reads the losses of `interface` itself: an MSEE's does of all but its
/// kernel's side of a `cpu` veth.
fn reads(node: &Node, interface: &str) -> bool {
    let is_kernels = || {
        let mut veths = node.interfaces.iter().flat_map(|interface| &interface.cpus);
        veths.any(|cpu| cpu.name == interface)
    };
    match node.kind {
        NodeKind::Gateway { .. } => true,
        NodeKind::Msee { .. } => !is_kernels(),
        NodeKind::Onprem | NodeKind::Host | NodeKind::Vm { .. } | NodeKind::FabricHost { .. } => {
            false
        }
    }
}

#[cfg(test)]
mod tests;
