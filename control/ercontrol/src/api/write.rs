//! PUT and DELETE.

use std::sync::Arc;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use super::{Call, Refusal, preconditions, warned};
use crate::{
    control::ChangeError,
    resource::{Resource, ResourceId},
    resources::Resources,
    rules::Change,
};

/// Gives a rule's refusal the resource that was to be changed as its target.
pub(super) struct Refused(pub(super) Result<ChangeError, Refusal>);

impl From<ChangeError> for Refused {
    fn from(error: ChangeError) -> Self {
        Self(Ok(error))
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(Err(refusal))
    }
}

impl Refused {
    pub(super) fn about(self, id: &ResourceId) -> Refusal {
        match self.0 {
            Ok(ChangeError::Violation(violation)) => Refusal::violation(&violation, id),
            Ok(other) => other.into(),
            Err(refusal) => refusal,
        }
    }
}

impl Call {
    /// Makes or replaces a resource: 201 or 200. A document that changes nothing commits nothing.
    pub(super) async fn put(
        &self,
        id: ResourceId,
        body: Map<String, Value>,
    ) -> Result<Response, Refusal> {
        let mut status = StatusCode::OK;
        let decide = |resources: &Resources| -> Result<_, Refused> {
            let before = resources.get(&id).map(Arc::as_ref);
            preconditions::check(&self.headers, &id, before)?;
            let resource = Resource::from_put(id.clone(), body, before).map_err(Refusal::from)?;
            if before.is_none() {
                status = StatusCode::CREATED;
            }
            let unchanged = before.is_some_and(|before| before.same_content(&resource));
            Ok((!unchanged).then(|| Change::Put(Arc::new(resource))))
        };
        let now = self.control.change(decide).await.map_err(|error| error.about(&id))?;
        let resource = now.resources.get(&id).ok_or_else(|| Refusal::not_found(&id))?;
        Ok(self.changed(status, resource, &now).await)
    }

    /// Deletes a resource and its parts: 200, or 204 when there is none.
    pub(super) async fn delete(&self, id: ResourceId) -> Result<Response, Refusal> {
        let mut status = StatusCode::NO_CONTENT;
        let decide = |resources: &Resources| -> Result<_, Refused> {
            let before = resources.get(&id).map(Arc::as_ref);
            preconditions::check(&self.headers, &id, before)?;
            if before.is_some() {
                status = StatusCode::OK;
            }
            Ok(before.map(|_| Change::Delete(id.clone())))
        };
        let now = self.control.change(decide).await.map_err(|error| error.about(&id))?;
        let laggards = self.settle(now.revision).await;
        Ok(warned(status.into_response(), now.revision, &laggards))
    }
}
