//! Who is to have what, who was sent what, and who said so. No I/O and no clock.

use std::{collections::BTreeMap, sync::Arc};

use desired::{GatewayState, Revision, State};
use southbound::DataplaneKind;

use super::Status;
use crate::{compile::Compiled, resource::Sku};

/// Identifies one stream; a dataplane that connects anew has a new one.
pub(super) type StreamId = u64;

/// The book-keeping of all dataplanes.
#[derive(Debug, Default)]
pub(super) struct Board {
    /// The revision that `compiled` belongs to; `None` before the first.
    revision: Option<Revision>,
    compiled: Compiled,
    planes: BTreeMap<(DataplaneKind, String), Plane>,
    last_stream: StreamId,
}

#[derive(Debug, Default)]
struct Plane {
    stream: Option<StreamId>,
    sent: Option<Sent>,
    applied: Option<Revision>,
    error: Option<String>,
}

#[derive(Debug)]
struct Sent {
    /// The revision it was sent with.
    revision: Revision,
    /// The highest revision for which this is still the right state.
    covers: Revision,
    state: Arc<State>,
    answered: bool,
}

impl Board {
    pub(super) fn publish(&mut self, revision: Revision, compiled: Compiled) {
        self.revision = Some(revision);
        self.compiled = compiled;
        let Self { compiled, planes, .. } = self;
        for ((kind, name), plane) in planes {
            let Some(sent) = &mut plane.sent else { continue };
            if *sent.state == state_for(compiled, *kind, name) {
                sent.covers = revision;
                if sent.answered && plane.error.is_none() {
                    plane.applied = Some(revision);
                }
            }
        }
    }

    /// Takes note of a new stream, which replaces an earlier one of the same dataplane.
    pub(super) fn connected(&mut self, kind: DataplaneKind, name: &str) -> StreamId {
        self.last_stream += 1;
        let plane = Plane { stream: Some(self.last_stream), ..Plane::default() };
        self.planes.insert((kind, name.to_owned()), plane);
        self.last_stream
    }

    pub(super) fn disconnected(&mut self, kind: DataplaneKind, name: &str, stream: StreamId) {
        if let Some(plane) = self.plane(kind, name, stream) {
            plane.stream = None;
            plane.sent = None;
        }
    }

    /// Whether this stream is still the dataplane's newest.
    pub(super) fn is_current(&mut self, kind: DataplaneKind, name: &str, stream: StreamId) -> bool {
        self.plane(kind, name, stream).is_some()
    }

    fn plane(&mut self, kind: DataplaneKind, name: &str, stream: StreamId) -> Option<&mut Plane> {
        let plane = self.planes.get_mut(&(kind, name.to_owned()))?;
        (plane.stream == Some(stream)).then_some(plane)
    }

    /// What is to be sent on this stream now, if anything.
    pub(super) fn next(
        &mut self,
        kind: DataplaneKind,
        name: &str,
        stream: StreamId,
    ) -> Option<(Revision, Arc<State>)> {
        let revision = self.revision?;
        let state = state_for(&self.compiled, kind, name);
        let plane = self.plane(kind, name, stream)?;
        if plane.sent.as_ref().is_some_and(|sent| *sent.state == state) {
            return None;
        }
        let state = Arc::new(state);
        let sent = Sent { revision, covers: revision, state: Arc::clone(&state), answered: false };
        plane.sent = Some(sent);
        // A refusal was of the state before.
        plane.error = None;
        Some((revision, state))
    }

    /// The dataplane has this revision in force, or refuses it.
    pub(super) fn answered(
        &mut self,
        kind: DataplaneKind,
        name: &str,
        stream: StreamId,
        revision: Revision,
        error: Option<String>,
    ) {
        let Some(plane) = self.plane(kind, name, stream) else { return };
        let Some(sent) = &mut plane.sent else { return };
        // An answer to a state that was overtaken meanwhile says nothing about the newest one.
        let newest = revision == sent.revision;
        sent.answered |= newest;
        match error {
            None => {
                let in_force = if newest { sent.covers } else { revision };
                plane.applied = plane.applied.max(Some(in_force));
                plane.error = None;
            }
            Some(error) if newest => plane.error = Some(error),
            Some(_) => {}
        }
    }

    /// Whether nothing more is to be expected for `revision`.
    pub(super) fn settled(&self, revision: Revision) -> bool {
        self.revision >= Some(revision)
            && self.planes.values().filter(|plane| plane.stream.is_some()).all(|plane| {
                let refused = plane.error.is_some()
                    && plane.sent.as_ref().is_some_and(|sent| sent.covers >= revision);
                plane.applied >= Some(revision) || refused
            })
    }

    pub(super) fn status(&self) -> Vec<Status> {
        let mut all: Vec<Status> = self
            .planes
            .iter()
            .map(|((kind, name), plane)| Status {
                kind: *kind,
                name: name.clone(),
                connected: plane.stream.is_some(),
                applied: plane.applied,
                error: plane.error.clone(),
                sent: plane.sent.as_ref().map(|sent| sent.covers),
                registered: false,
            })
            .collect();
        for (kind, name) in registered(&self.compiled) {
            let same = |one: &&mut Status| one.kind == kind && one.name.eq_ignore_ascii_case(name);
            match all.iter_mut().find(same) {
                Some(known) => known.registered = true,
                None => all.push(Status {
                    kind,
                    name: name.to_owned(),
                    connected: false,
                    applied: None,
                    error: None,
                    sent: None,
                    registered: true,
                }),
            }
        }
        all.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        all
    }
}

/// The dataplanes that the model counts on. A gateway without instances has no host.
fn registered(compiled: &Compiled) -> impl Iterator<Item = (DataplaneKind, &str)> {
    let routers = compiled.routers.keys().map(|name| (DataplaneKind::Msee, name.as_str()));
    let hosted = compiled.gateways.iter().filter(|(_, gateway)| !gateway.instances.is_empty());
    routers.chain(hosted.map(|(name, _)| (DataplaneKind::Ergw, name.as_str())))
}

/// A dataplane without a resource has the empty state: what it forwarded before is to go.
fn state_for(compiled: &Compiled, kind: DataplaneKind, name: &str) -> State {
    match kind {
        DataplaneKind::Msee => {
            State::Msee(named(&compiled.routers, name).cloned().unwrap_or_default())
        }
        DataplaneKind::Ergw => {
            let absent = || GatewayState {
                gateway: name.to_owned(),
                // A gateway must have some size; without endpoints it matters to no packet.
                sku: Sku::Standard.to_string(),
                ..GatewayState::default()
            };
            State::Ergw(named(&compiled.gateways, name).cloned().unwrap_or_else(absent))
        }
        DataplaneKind::Host => State::Host(compiled.host.clone()),
    }
}

fn named<'a, T>(states: &'a BTreeMap<String, T>, name: &str) -> Option<&'a T> {
    states
        .get(name)
        .or_else(|| states.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, s)| s))
}
