//! What a path means.

use super::Refusal;
use crate::{
    code::Code,
    resource::{IdError, ResourceId, ResourceType},
};

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// `/erlab/status`
    Status,
    /// One resource.
    Resource(ResourceId),
    /// All resources of a type whose key starts with `prefix`.
    Collection {
        /// The type.
        kind: ResourceType,
        /// In lower case, with a slash at the end.
        prefix: String,
    },
    /// `RESOURCE/ACTION`
    Action {
        /// The resource.
        id: ResourceId,
        /// The action, as the caller spelt it.
        action: String,
    },
}

/// Reads a path.
///
/// # Errors
/// `InvalidResourceId`, with the shape that was expected.
pub(super) fn parse(path: &str) -> Result<Target, Refusal> {
    let path = path.trim_end_matches('/');
    if path.eq_ignore_ascii_case("/erlab/status") {
        return Ok(Target::Status);
    }
    let error = match path.parse::<ResourceId>() {
        Ok(id) => return Ok(Target::Resource(id)),
        Err(error) => error,
    };
    if let Some(collection) = collection(path) {
        return Ok(collection);
    }
    // Not a resource and not a type: the last word may be an action on what is before it.
    match path.rsplit_once('/').and_then(|(id, action)| Some((id.parse().ok()?, action))) {
        Some((id, action)) => Ok(Target::Action { id, action: action.to_owned() }),
        None => Err(refusal(error)),
    }
}

fn refusal(error: IdError) -> Refusal {
    match error {
        IdError::Shape(_) => Refusal::new(
            Code::InvalidResourceId,
            "The path is not one of this API: see docs/api.md.".to_owned(),
            None,
        ),
        other => other.into(),
    }
}

fn collection(path: &str) -> Option<Target> {
    let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let is = |part: &str, word: &str| part.eq_ignore_ascii_case(word);
    let (kind, scope) = match parts.as_slice() {
        [s, _, groups] if is(s, "subscriptions") && is(groups, "resourceGroups") => {
            return Some(Target::Collection {
                kind: ResourceType::ResourceGroup,
                prefix: format!("{}/", path.to_ascii_lowercase()),
            });
        }
        [s, _, providers, provider, kind]
            if is(s, "subscriptions") && is(providers, "providers") =>
        {
            (ResourceType::find(provider, &[kind])?, 2)
        }
        [s, _, g, _, providers, provider, kind]
            if is(s, "subscriptions") && is(g, "resourceGroups") && is(providers, "providers") =>
        {
            (ResourceType::find(provider, &[kind])?, 4)
        }
        [_, _, _, _, _, provider, outer, _, inner] => {
            (ResourceType::find(provider, &[outer, inner])?, 8)
        }
        _ => return None,
    };
    let prefix = format!("/{}/", parts.get(..scope)?.join("/").to_ascii_lowercase());
    Some(Target::Collection { kind, prefix })
}

#[cfg(test)]
mod tests;
