//! Telling `ercontrol` what the file describes, through the API any user has.
//!
//! One file a resource family builds the requests; here is their order. Nothing waits for the
//! dataplanes in between: only the last revision matters, and `readiness` waits for that one.

mod circuit;
mod connection;
mod fabric_host;
mod gateway;
mod network_interface;
mod peering;
mod router;
mod scopes;
mod virtual_network;

use serde_json::Value;

use self::scopes::Scopes;
use crate::{
    control::{Client, ClientError},
    topology::{Topology, plan::Plan},
};

/// One request of the registration.
#[derive(Clone, Debug, PartialEq)]
struct Request {
    method: Method,
    path: String,
    body: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Put,
    Post,
}

impl Request {
    fn put(path: String, body: Value) -> Self {
        Self { method: Method::Put, path, body: Some(body) }
    }

    fn post(path: String, body: Value) -> Self {
        Self { method: Method::Post, path, body: Some(body) }
    }
}

/// Why the control plane does not know the lab.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RegistrationError {
    /// A request was refused or not answered.
    #[error("ercontrol did not take {resource}")]
    Request {
        /// Path of the resource below its provider.
        resource: String,
        /// The answer.
        #[source]
        #[diagnostic_source]
        source: ClientError,
    },
    /// An authorization came without its key.
    #[error("ercontrol made authorization `{authorization}` without a key")]
    #[diagnostic(help(
        "erlab and ercontrol are of different versions: install both from one build"
    ))]
    NoKey {
        /// The authorization.
        authorization: String,
    },
}

/// Registers everything in the file; `plan` is the plan of `topology`.
pub(super) async fn register(
    client: &Client,
    topology: &Topology,
    plan: &Plan,
) -> Result<(), RegistrationError> {
    for request in resources(topology, plan) {
        send(client, request).await?;
    }
    connection::register(client, topology, &Scopes::of(topology)).await
}

/// Everything but the connections: those need keys that only an answer tells.
fn resources(topology: &Topology, plan: &Plan) -> Vec<Request> {
    let scopes = Scopes::of(topology);
    let azure = &topology.expressroute;
    let mut requests = Vec::new();
    requests.extend(virtual_network::requests(azure, &scopes));
    requests.extend(network_interface::requests(azure, plan, &scopes));
    requests.extend(gateway::requests(azure, plan, &scopes));
    requests.extend(peering::requests(azure, &scopes));
    requests.extend(circuit::requests(azure, &scopes));
    requests.extend(fabric_host::requests(plan, &scopes));
    requests.extend(router::requests(topology, plan, &scopes));
    requests
}

async fn send(client: &Client, request: Request) -> Result<Value, RegistrationError> {
    let Request { method, path, body } = request;
    let immediate = format!("{path}?wait=false");
    let answer = match method {
        Method::Put => client.put(&immediate, body).await,
        Method::Post => client.post(&immediate, body).await,
    };
    answer.map_err(|source| RegistrationError::Request {
        resource: below_provider(&path).to_owned(),
        source,
    })
}

/// `virtualNetworks/hub` of a full resource path.
fn below_provider(path: &str) -> &str {
    let rest = path.split_once("/providers/").map_or(path, |(_, rest)| rest);
    rest.split_once('/').map_or(rest, |(_, resource)| resource)
}

#[cfg(test)]
mod tests;
