//! Reading ARM resources: the commands print what the API says, under the API's own names.

use serde_json::Value;

use super::{Failure, open_lab::OpenLab};
use crate::control::ids;

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

/// How far a change has come: which dataplanes forward by it. The API answers a change when all do,
/// or after its deadline; then the laggards are named and the command fails.
pub(super) async fn applied(lab: &OpenLab) -> Result<String, Failure> {
    let status = lab.control().get("/erlab/status").await?;
    let revision = status["revision"].as_u64().unwrap_or(0);
    let dataplanes = status["dataplanes"].as_array().cloned().unwrap_or_default();
    let (current, behind): (Vec<_>, Vec<_>) = dataplanes
        .iter()
        .partition(|dataplane| dataplane["applied"].as_u64().is_some_and(|at| at >= revision));
    if behind.is_empty() {
        let names: Vec<_> = current.iter().map(|dataplane| text_at(dataplane, "/name")).collect();
        return Ok(format!("revision {revision}, applied by {}", names.join(", ")));
    }
    let laggards =
        behind.iter().map(|dataplane| describe(dataplane)).collect::<Vec<_>>().join("; ");
    Err(Failure::failed(Behind { revision, laggards }))
}

fn describe(dataplane: &Value) -> String {
    let name = text_at(dataplane, "/name");
    if dataplane["connected"] == Value::Bool(false) {
        return format!("{name} is not connected");
    }
    let error = text_at(dataplane, "/error");
    if error.is_empty() {
        return format!("{name} is at revision {}", text_at(dataplane, "/applied"));
    }
    format!("{name}: {error}")
}

/// A change is stored but not in force everywhere.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error(
    "the change is stored as revision {revision}, but not every dataplane has applied it: {laggards}"
)]
#[diagnostic(help(
    "it will be applied as soon as they are back; `erlab inspect` shows the state of each node"
))]
struct Behind {
    revision: u64,
    laggards: String,
}

#[cfg(test)]
mod tests;
