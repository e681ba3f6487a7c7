//! POST: what can be done with a resource beside replacing its document.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use serde_json::{Map, Value, json};

use super::{Call, Refusal, answer, effective_routes, write::Refused};
use crate::{
    code::Code,
    resource::{
        Fields, Held, InvalidField, ResourceId, ResourceType, TagOrder,
        virtual_network_gateway::INSTANCES,
    },
    resources::Resources,
    rules::Change,
};

/// Actions by type, as the error message lists them.
fn known(kind: ResourceType) -> &'static [&'static str] {
    match kind {
        ResourceType::VirtualNetworkGateway => &["failInstance", "restoreInstance"],
        ResourceType::ExpressRouteCircuit => &["provision", "deprovision"],
        ResourceType::CircuitAuthorization => &["listKeys"],
        ResourceType::NetworkInterface => &["effectiveRouteTable"],
        _ => &[],
    }
}

impl Call {
    /// Does `action` to a resource.
    pub(super) async fn act(
        &self,
        id: ResourceId,
        action: &str,
        body: Map<String, Value>,
    ) -> Result<Response, Refusal> {
        let known = known(id.kind());
        let Some(action) = known.iter().find(|known| known.eq_ignore_ascii_case(action)) else {
            let text = match known {
                [] => format!("A resource of type {} has no actions.", id.kind()),
                known => format!(
                    "A resource of type {} has no action '{action}', only {}.",
                    id.kind(),
                    known.join(" and ")
                ),
            };
            return Err(Refusal::new(Code::UnknownAction, text, id.to_string()));
        };
        match *action {
            "listKeys" => self.list_keys(&id),
            "effectiveRouteTable" => {
                let snapshot = self.control.snapshot();
                let rows = effective_routes::rows(&id, &snapshot.resources)
                    .ok_or_else(|| Refusal::not_found(&id))?;
                Ok(answer(StatusCode::OK, None, json!({ "value": rows })))
            }
            "failInstance" | "restoreInstance" => {
                let failed = *action == "failInstance";
                let instances = instances(&Fields::root(&body))?;
                self.hold(id, |held| {
                    for instance in &instances {
                        if failed {
                            held.failed_instances.insert(*instance);
                        } else {
                            held.failed_instances.remove(instance);
                        }
                    }
                })
                .await
            }
            "provision" => {
                let order = TagOrder::read(&Fields::root(&body))?;
                self.hold(id, |held| {
                    held.provisioned = true;
                    order.apply(held);
                })
                .await
            }
            _ => self.hold(id, |held| held.provisioned = false).await,
        }
    }

    /// Shows an authorization's key, as newer API versions do instead of a GET.
    fn list_keys(&self, id: &ResourceId) -> Result<Response, Refusal> {
        let snapshot = self.control.snapshot();
        let resource = snapshot.resources.get(id).ok_or_else(|| Refusal::not_found(id))?;
        let key = resource.held.key.as_ref().map(|key| key.reveal().to_owned());
        Ok(answer(StatusCode::OK, None, json!({ "authorizationKey": key })))
    }

    /// Changes what `ercontrol` holds beside the document.
    async fn hold(
        &self,
        id: ResourceId,
        edit: impl FnOnce(&mut Held),
    ) -> Result<Response, Refusal> {
        let decide = |resources: &Resources| -> Result<_, Refused> {
            let before = resources.get(&id).ok_or_else(|| Refusal::not_found(&id))?;
            let mut held = before.held.clone();
            edit(&mut held);
            let changed = held != before.held;
            Ok(changed.then(|| Change::Put(Arc::new(before.with_held(held)))))
        };
        let now = self.control.change(decide).await.map_err(|error| error.about(&id))?;
        let resource = now.resources.get(&id).ok_or_else(|| Refusal::not_found(&id))?;
        Ok(self.changed(StatusCode::OK, resource, &now).await)
    }
}

/// The instances an action names: one, or all when it names none.
fn instances(body: &Fields<'_>) -> Result<Vec<usize>, InvalidField> {
    Ok(match body.number("instance", 0..=1)? {
        Some(instance) => vec![instance as usize],
        None => (0..INSTANCES).collect(),
    })
}
