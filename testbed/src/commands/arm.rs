//! Reading ARM resources: the commands print what the API says, under the API's own names.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Failure, open_lab::OpenLab};
use crate::{
    control::ids,
    lifecycle::{self, InForce},
};

/// How long a dataplane that is being restarted, or that `ercontrol` has not heard from since its
/// own restart, may take to apply a change.
const PATIENCE: Duration = Duration::from_secs(10);

/// A value of `resource` at a JSON pointer, as one would print it; empty when absent.
pub(super) fn text_at(resource: &Value, pointer: &str) -> String {
    match resource.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The name of the resource that the id at `pointer` refers to.
pub(super) fn reference(resource: &Value, pointer: &str) -> String {
    ids::name_of(&text_at(resource, pointer)).to_owned()
}

/// The members of a list answer.
pub(super) fn members(list: &Value) -> Vec<Value> {
    list["value"].as_array().cloned().unwrap_or_default()
}

/// `key: value` lines, empty values left out.
pub(super) fn lines(pairs: &[(&str, String)]) -> String {
    pairs
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .fold(String::new(), |text, (key, value)| text + key + ": " + value + "\n")
}

/// How far a change has come. The API answers a change when all dataplanes it hears from forward by
/// it, or after its own deadline; here those are waited for that it does not hear from. Then the
/// laggards are named and the command fails.
pub(super) async fn applied(lab: &OpenLab) -> Result<String, Failure> {
    let in_force = lifecycle::in_force(lab.lab(), Instant::now() + PATIENCE).await;
    let InForce { revision, dataplanes } = in_force.map_err(Failure::failed)?;
    Ok(format!("revision {revision}, applied by {}", dataplanes.join(", ")))
}

#[cfg(test)]
mod tests;
