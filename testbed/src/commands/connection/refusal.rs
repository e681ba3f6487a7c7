//! Why a connection was not made, and by which names the cure goes.

use super::Create;
use crate::{
    commands::{Failure, arm, by_name::ByName, open_lab::OpenLab},
    control::{ClientError, Subject},
};

/// The refusal of `create`, with the names that the command and the lab know.
pub(super) async fn refusal(error: ClientError, create: &Create, lab: &OpenLab) -> Failure {
    let code = error.code().unwrap_or_default();
    if code == "InvalidResourceReference"
        && let Err(unknown) = ByName::Gateway(&create.gateway).read(lab).await
    {
        return unknown;
    }
    let other = match code {
        "AuthorizationKeyInUse" => user_of_key(create, lab).await,
        "ConnectionExists" => connection_between(create, lab).await,
        _ => None,
    };
    let subject = Subject {
        connection: Some(&create.connection),
        gateway: Some(&create.gateway),
        circuit: Some(&create.circuit),
        other: other.as_deref(),
    };
    error.about(subject).into()
}

/// The connection that uses the key.
async fn user_of_key(create: &Create, lab: &OpenLab) -> Option<String> {
    let key = create.authorization_key.as_deref()?;
    let path = lab.circuit_scope(&create.circuit).ok()?.authorizations(&create.circuit);
    let authorizations = arm::members(&lab.control().get(&path).await.ok()?);
    let mut authorizations = authorizations.iter();
    let used = authorizations
        .find(|authorization| arm::text_at(authorization, "/properties/authorizationKey") == key)?;
    Some(arm::reference(used, "/properties/connectionResourceUri")).filter(|name| !name.is_empty())
}

/// The connection that already joins the gateway and the circuit.
async fn connection_between(create: &Create, lab: &OpenLab) -> Option<String> {
    let list = lab.control().get(&lab.gateways().list("connections")).await.ok()?;
    let connections = arm::members(&list);
    let is = |connection, pointer, name: &str| {
        arm::reference(connection, pointer).eq_ignore_ascii_case(name)
    };
    let found = connections.iter().find(|connection| {
        is(connection, "/properties/virtualNetworkGateway1/id", &create.gateway)
            && is(connection, "/properties/peer/id", &create.circuit)
    })?;
    Some(arm::text_at(found, "/name"))
}
