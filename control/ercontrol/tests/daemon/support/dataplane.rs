//! A dataplane that applies nothing and says what it is told to say.

use std::{io, path::PathBuf, time::Duration};

use desired::{Adjacency, MseeState, Revision, State};
use southbound::{DataplaneKind, Identity};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

/// What it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Applies,
    Refuses,
    Hangs,
}

pub(crate) struct Dataplane {
    task: JoinHandle<()>,
    behaviour: watch::Sender<Behaviour>,
    seen: watch::Receiver<Vec<(Revision, State)>>,
}

impl Dataplane {
    pub(crate) fn connect(
        socket: PathBuf,
        kind: DataplaneKind,
        name: &str,
        behaviour: Behaviour,
    ) -> Self {
        let mut handle = southbound::connect(socket, Identity { kind, name: name.to_owned() });
        let (history, seen) = watch::channel(Vec::new());
        let behaviour = watch::Sender::new(behaviour);
        let told = behaviour.subscribe();
        let task = tokio::spawn(async move {
            while let Some((revision, state)) = handle.next().await {
                let now = *told.borrow();
                match now {
                    Behaviour::Applies => handle.applied(revision),
                    Behaviour::Refuses => {
                        handle.refused(revision, &io::Error::other("table \"full\""));
                    }
                    Behaviour::Hangs => {}
                }
                history.send_modify(|history| history.push((revision, state)));
            }
        });
        Self { task, behaviour, seen }
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.behaviour.send_replace(behaviour);
    }

    /// How many states it was sent.
    pub(crate) fn count(&self) -> usize {
        self.seen.borrow().len()
    }

    /// Waits for a newest state that `wanted` accepts, and returns it.
    pub(crate) async fn wait_for(
        &mut self,
        wanted: impl Fn(Revision, &State) -> bool,
    ) -> (Revision, State) {
        let newest = self
            .seen
            .wait_for(|seen| seen.last().is_some_and(|(revision, state)| wanted(*revision, state)));
        let seen = timeout(Duration::from_secs(10), newest).await.expect("no such state came");
        seen.unwrap().last().unwrap().clone()
    }

    /// The newest state, of an MSEE.
    pub(crate) fn msee(&self) -> MseeState {
        match self.seen.borrow().last() {
            Some((_, State::Msee(state))) => state.clone(),
            other => panic!("not the state of an MSEE: {other:?}"),
        }
    }

    /// How the MSEE reaches a prefix in the circuit's table: "ce", "direct", "gateway", "none".
    pub(crate) fn way(&self, prefix: &str) -> &'static str {
        let state = self.msee();
        let table = state.vrfs.get("CIRCUIT_EQUINIX");
        let route = table.and_then(|table| table.routes.get(&prefix.parse().unwrap()));
        match route.map(|route| &route.adjacency) {
            Some(Adjacency::Ce { .. }) => "ce",
            Some(Adjacency::Direct { .. }) => "direct",
            Some(Adjacency::Gateway { .. }) => "gateway",
            None => "none",
        }
    }
}

impl Drop for Dataplane {
    fn drop(&mut self) {
        self.task.abort();
    }
}
