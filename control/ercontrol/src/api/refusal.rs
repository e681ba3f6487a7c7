//! Errors in ARM's shape.

use std::error::Error;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{
    code::Code,
    control::ChangeError,
    resource::{IdError, InvalidField, ResourceId},
    rules::Violation,
    store::CommitError,
};

/// An answer that says no: what, why and the cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its code, and by it the HTTP status.
    pub code: Code,
    /// The sentence.
    pub message: String,
    /// The id or property it is about.
    pub target: Option<String>,
}

impl Refusal {
    pub(super) fn new(
        code: Code,
        message: impl Into<String>,
        target: impl Into<Option<String>>,
    ) -> Self {
        Self { code, message: message.into(), target: target.into() }
    }

    /// A defect of ours.
    pub(super) fn internal(error: &dyn Error) -> Self {
        tracing::error!(event = "request_failed", %error);
        let text = "ercontrol failed at this request: its log says why.";
        Self::new(Code::InternalServerError, text, None)
    }

    /// ARM's own words, which clients look for.
    pub(super) fn not_found(id: &ResourceId) -> Self {
        let message = format!(
            "The Resource '{}' under resource group '{}' was not found.",
            id.type_and_name(),
            id.group()
        );
        Self::new(Code::ResourceNotFound, message, id.to_string())
    }

    /// A rule's refusal of a change to `id`.
    pub(super) fn violation(violation: &Violation, id: &ResourceId) -> Self {
        Self::new(violation.code(), sentence(&violation.to_string()), id.to_string())
    }
}

/// Messages start with the object's name in lower case; as a whole sentence they need an end.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

impl From<IdError> for Refusal {
    fn from(error: IdError) -> Self {
        Self::new(Code::InvalidResourceId, sentence(&error.to_string()), None)
    }
}

impl From<InvalidField> for Refusal {
    fn from(error: InvalidField) -> Self {
        let message = error.to_string() + ".";
        Self::new(Code::InvalidParameter, message, error.field)
    }
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        let code = match &error {
            ChangeError::Violation(violation) => violation.code(),
            ChangeError::Commit(CommitError::Conflict { .. }) => Code::PreconditionFailed,
            _ => Code::InternalServerError,
        };
        let mut message = sentence(&error.to_string());
        let mut source = error.source();
        if code == Code::InternalServerError {
            while let Some(cause) = source {
                message = format!("{message} Cause: {cause}.");
                source = cause.source();
            }
            tracing::error!(event = "change_failed", error = message);
        }
        Self::new(code, message, None)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { code, message, target } = self;
        let status = StatusCode::from_u16(code.status());
        let mut error = json!({ "code": code.to_string(), "message": message });
        if let (Some(target), Some(fields)) = (target, error.as_object_mut()) {
            fields.insert("target".to_owned(), target.into());
        }
        let body = Json(json!({ "error": error }));
        (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body).into_response()
    }
}
