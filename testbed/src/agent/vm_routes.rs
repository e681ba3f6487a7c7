//! The VMs' effective routes: the agent is the dataplane of kind `host`.
//!
//! Azure's fabric programs the routes of each NIC; here `ercontrol` compiles them and the agent
//! writes them into the VM's namespace. A route is replaced, never removed and added: a VM's packets
//! never meet a gap.

use std::{path::PathBuf, time::Duration};

use desired::{HostState, NicRoutes, Revision, State};
use southbound::{DataplaneKind, Handle, Identity};
use tokio::sync::watch;

use crate::{
    network::routes::{self, RoutesError},
    topology::plan::{NodeKind, Plan},
};

/// Name under which the agent reports to `ercontrol`.
pub const HOST: &str = "host";

/// Why a state was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApplyError {
    /// The state is another dataplane's.
    #[error("the state is not a host's")]
    Kind,
    /// The kernel refused a route.
    #[error("the routes of {vm} were not set")]
    Routes {
        /// The VM.
        vm: String,
        /// What was refused.
        #[source]
        source: RoutesError,
    },
}

/// Pause before a refused state is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A VM and its namespace.
#[derive(Clone, Debug)]
struct Vm {
    name: String,
    namespace: String,
}

/// Keeps the routes of all VMs of `plan` as `ercontrol` wants them, for ever; `applied` tells the
/// last revision in force.
pub(super) async fn keep(plan: &Plan, socket: PathBuf, applied: watch::Sender<Option<Revision>>) {
    let vms: Vec<Vm> = plan
        .nodes
        .iter()
        .filter(|node| matches!(node.kind, NodeKind::Vm { .. }))
        .map(|node| Vm { name: node.name.clone(), namespace: node.namespace.clone() })
        .collect();
    let identity = Identity { kind: DataplaneKind::Host, name: HOST.to_owned() };
    let mut handle: Handle = southbound::connect(socket, identity);
    let mut refused = None;
    loop {
        let (revision, state) = tokio::select! {
            next = handle.next() => match next {
                Some(next) => next,
                None => return,
            },
            state = retry(&mut refused), if refused.is_some() => match state {
                Some(state) => state,
                None => continue,
            },
        };
        refused = None;
        match apply(&vms, &state).await {
            Ok(()) => {
                applied.send_replace(Some(revision));
                handle.applied(revision);
            }
            Err(error) => {
                tracing::warn!(event = "vm_routes_refused", %revision, error = &error as &dyn std::error::Error);
                handle.refused(revision, &error);
                refused = Some((revision, state));
            }
        }
    }
}

/// The state that was refused, after a pause: what the kernel refuses now it may take later.
async fn retry(refused: &mut Option<(Revision, State)>) -> Option<(Revision, State)> {
    tokio::time::sleep(RETRY).await;
    refused.take()
}

/// Sets the routes of every VM, also after one was refused; the first refusal is the answer.
async fn apply(vms: &[Vm], state: &State) -> Result<(), ApplyError> {
    let State::Host(HostState { nics }) = state else { return Err(ApplyError::Kind) };
    // A VM that the state does not mention has no routes. A network interface that no VM has is no
    // error: Azure keeps those too.
    let none = NicRoutes::default();
    let mut result = Ok(());
    for vm in vms {
        let routes = nics.get(&vm.name).unwrap_or(&none);
        if let Err(source) = routes::set(&vm.namespace, routes).await {
            result = result.and(Err(ApplyError::Routes { vm: vm.name.clone(), source }));
        }
    }
    result
}
