//! The way of an injected packet, told in sentences: each stage with the names of the user's own
//! resources. It runs the packet thread's own functions on a copy, and counts nothing.

use abi::verdict::{Stage, Verdict};
use packet::probe::{ExplainedStep, Explanation, InjectRequest, SOME_STATION};

use crate::{
    path::{check, frame::Packet, instance, lookup, out, ttl},
    state::Snapshot,
};

/// All that the sentences are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    /// Name of the gateway.
    pub(crate) gateway: &'a str,
    /// Its fabric port.
    pub(crate) interface: &'a str,
    /// The packet.
    pub(crate) request: &'a InjectRequest,
    /// The state in force.
    pub(crate) state: Option<&'a Snapshot>,
}

/// Names another port than the one there is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{port} is no port of gateway {gateway}; its only one is {interface}")]
pub(crate) struct NoSuchPort {
    port: String,
    gateway: String,
    interface: String,
}

impl Context<'_> {
    /// The frame, as an MSEE would send it: to an instance in service; to the first one when none
    /// is, so that the verdict says so.
    pub(crate) fn frame(&self) -> Result<Vec<u8>, NoSuchPort> {
        if let Some(port) = self.request.port.as_deref().filter(|port| *port != self.interface) {
            let (gateway, interface) = (self.gateway.to_owned(), self.interface.to_owned());
            return Err(NoSuchPort { port: port.to_owned(), gateway, interface });
        }
        let instances = self.state.map(Snapshot::instances).unwrap_or_default();
        let chosen = instances.iter().find(|one| one.in_service).or(instances.first());
        let to = chosen.map_or(SOME_STATION, |instance| instance.mac);
        Ok(self.request.frame(to, SOME_STATION, &[]))
    }

    /// Tells the way of `frame` after the XDP program, which has `admitted` it or not.
    pub(crate) fn explain(&self, frame: &mut [u8], admitted: bool) -> Explanation {
        let mut steps = vec![step(Stage::Port, format!("fabric port {}", self.interface))];
        let ended = if admitted { self.walk(frame, &mut steps) } else { Err(Verdict::GwNoSocket) };
        let verdict = match ended {
            Ok(()) => Verdict::GwForwarded,
            Err(verdict) => {
                steps.push(step(verdict.stage(), self.ending(verdict)));
                verdict
            }
        };
        if let Some(last) = steps.last_mut() {
            last.verdict = Some(verdict.name());
        }
        Explanation {
            steps,
            verdict: verdict.name(),
            text: verdict.text(),
            leaves_by: ended.is_ok().then(|| self.interface.to_owned()),
            generation: self.state.map_or(0, |state| state.revision.0),
        }
    }

    /// The stages of [`crate::path::forward`], each with what it found.
    fn walk(&self, frame: &mut [u8], steps: &mut Vec<ExplainedStep>) -> Result<(), Verdict> {
        let Packet { ethernet, mut ip } = check::check(frame)?;
        steps.push(step(Stage::GwCheck, "ok".to_owned()));
        let state = self.state.ok_or(Verdict::GwNoState)?;
        let instance = instance::instance(ethernet, state)?;
        let found = format!("{} instance {}", self.gateway, instance.address);
        steps.push(step(Stage::GwInstance, found));
        let endpoint = lookup::lookup(&ip, state)?;
        let found = format!("{} -> VM {}", self.request.destination, endpoint.vm());
        steps.push(step(Stage::GwLookup, found));
        let before = self.request.ttl;
        ttl::ttl(&mut ip)?;
        steps.push(step(Stage::GwTtl, format!("{before} -> {}", before.saturating_sub(1))));
        out::out(ethernet, instance, endpoint);
        steps.push(step(Stage::GwOut, format!("{} to VM {}", self.interface, endpoint.vm())));
        Ok(())
    }

    /// The sentence of a stage that ended the way, with what it was about.
    fn ending(&self, verdict: Verdict) -> String {
        let InjectRequest { destination, ttl, .. } = self.request;
        let text = verdict.text();
        match verdict {
            Verdict::GwNoEndpoint => format!("{destination}: {text}"),
            Verdict::GwTtlExpiredSilent => format!("ttl {ttl}: {text}"),
            _ => text.to_owned(),
        }
    }
}

fn step(stage: Stage, text: String) -> ExplainedStep {
    ExplainedStep { stage: stage.name(), verdict: None, text }
}

#[cfg(test)]
mod tests;
