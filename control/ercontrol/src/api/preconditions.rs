//! `If-Match` and `If-None-Match` (RFC 9110 sections 13.1.1 and 13.1.2), for optimistic writers.

use axum::http::{HeaderMap, header};

use super::Refusal;
use crate::{
    code::Code,
    resource::{Resource, ResourceId},
};

/// # Errors
/// `PreconditionFailed` when a condition of the caller does not hold.
pub(super) fn check(
    headers: &HeaderMap,
    id: &ResourceId,
    before: Option<&Resource>,
) -> Result<(), Refusal> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let lists = |tags: &str, resource: &Resource| {
        tags == "*" || tags.split(',').any(|tag| tag.trim() == resource.etag)
    };
    let failed = |text: &str| {
        let text = format!("'{}' {text}.", id.type_and_name());
        Err(Refusal::new(Code::PreconditionFailed, text, id.to_string()))
    };
    if let Some(tags) = header(header::IF_MATCH)
        && !before.is_some_and(|before| lists(tags, before))
    {
        return failed("is not the version that If-Match names: GET it again and retry");
    }
    if let Some(tags) = header(header::IF_NONE_MATCH)
        && before.is_some_and(|before| lists(tags, before))
    {
        return failed("exists already, and If-None-Match forbids to replace it");
    }
    Ok(())
}
