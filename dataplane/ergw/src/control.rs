//! From ercontrol's desired state to the packet thread, and the report back.

use std::{path::PathBuf, sync::Arc};

use desired::{Revision, State};
use southbound::{DataplaneKind, Handle, Identity};

use crate::{
    state::{Snapshot, StateError},
    worker::Shared,
};

/// Applies every state ercontrol sends, for ever. A state is reported as applied only when the
/// packet thread forwards by it; a refused one leaves the one before in force.
pub(crate) async fn follow(control: PathBuf, name: String, shared: Arc<Shared>) {
    let mut handle = southbound::connect(control, Identity { kind: DataplaneKind::Ergw, name });
    let mut in_use = shared.in_use.subscribe();
    while let Some((revision, state)) = handle.next().await {
        match prepare(revision, &state, &shared) {
            Ok(next) => {
                let sequence = next.sequence;
                let endpoints = next.endpoint_count();
                // Kept until the packet thread has let go of it, so that freeing a large state
                // does not cost that thread the time.
                let previous = shared.state.swap(Some(Arc::new(next)));
                shared.wake();
                let applied = in_use.wait_for(|use_| use_.is_some_and(|u| u.sequence == sequence));
                if applied.await.is_err() {
                    return;
                }
                drop(previous);
                tracing::info!(event = "state_applied", %revision, endpoints);
                handle.applied(revision);
            }
            Err(error) => refuse(&handle, revision, &error),
        }
    }
}

fn prepare(revision: Revision, state: &State, shared: &Shared) -> Result<Snapshot, StateError> {
    let State::Ergw(state) = state else { return Err(StateError::Kind) };
    Snapshot::build(revision, state, shared.state.load().as_deref())
}

fn refuse(handle: &Handle, revision: Revision, error: &StateError) {
    tracing::error!(event = "state_refused", %revision, %error);
    handle.refused(revision, error);
}
