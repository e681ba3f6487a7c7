//! ARM resource ids.
//!
//! ARM compares ids without case and clients do send `resourcegroups`, so the lower-case text is
//! the key of everything; the user's own spelling is kept for display only.

use std::{cmp::Ordering, fmt, hash, str::FromStr, sync::Arc};

use super::ResourceType;

/// The id of a resource of a type we know; cheap to copy.
#[derive(Clone)]
pub struct ResourceId(Arc<Parts>);

struct Parts {
    kind: ResourceType,
    subscription: String,
    group: String,
    /// One name for each type segment; for a resource group its own name.
    names: Vec<String>,
    key: String,
}

/// Text that is not a usable resource id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Wrong shape.
    #[error(
        "'{0}' is not a resource id such as /subscriptions/SUBSCRIPTION/resourceGroups/GROUP\
         /providers/Microsoft.Network/virtualNetworks/NAME"
    )]
    Shape(String),
    /// A type that is not modelled.
    #[error("there is no resource type '{0}' here; docs/api.md lists those there are")]
    Type(String),
    /// A name with characters or a length ARM does not allow.
    #[error(
        "'{0}' cannot be the name of a resource: use 1 to 80 letters, digits and the \
         characters _ . - ( )"
    )]
    Name(String),
}

impl ResourceId {
    /// An id from its parts; `names` has one name for each segment of the type.
    ///
    /// # Errors
    /// A name ARM would not allow, or the wrong number of names.
    pub fn new(
        kind: ResourceType,
        subscription: &str,
        group: &str,
        names: &[&str],
    ) -> Result<Self, IdError> {
        if names.len() != kind.segments().len() {
            return Err(IdError::Shape(names.join("/")));
        }
        for name in [subscription, group].iter().chain(names) {
            check_name(name)?;
        }
        let mut parts = Parts {
            kind,
            subscription: subscription.to_owned(),
            group: group.to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            key: String::new(),
        };
        parts.key = parts.to_string().to_ascii_lowercase();
        Ok(Self(Arc::new(parts)))
    }

    /// Its type.
    pub fn kind(&self) -> ResourceType {
        self.0.kind
    }

    /// Its subscription.
    pub fn subscription(&self) -> &str {
        &self.0.subscription
    }

    /// Its resource group.
    pub fn group(&self) -> &str {
        &self.0.group
    }

    /// Its own name, without its parents'.
    pub fn name(&self) -> &str {
        self.0.names.last().map_or("", String::as_str)
    }

    /// The id in lower case: equal for equal ids.
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// The resource this one is a part of.
    pub fn parent(&self) -> Option<Self> {
        let (_, names) = self.0.names.split_last()?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Self::new(self.0.kind.parent()?, &self.0.subscription, &self.0.group, &names).ok()
    }

    /// Whether both lie in the same subscription.
    pub fn same_subscription(&self, other: &Self) -> bool {
        self.0.subscription.eq_ignore_ascii_case(&other.0.subscription)
    }

    /// The words ARM uses for it in messages: `Microsoft.Network/connections/conn1`.
    pub fn type_and_name(&self) -> String {
        self.0.type_and_name()
    }
}

impl Parts {
    fn type_and_name(&self) -> String {
        let mut text = self.kind.provider().to_owned();
        for (segment, name) in self.kind.segments().iter().zip(&self.names) {
            text.push('/');
            text.push_str(segment);
            text.push('/');
            text.push_str(name);
        }
        text
    }
}

fn check_name(name: &str) -> Result<(), IdError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-()".contains(c);
    if (1..=80).contains(&name.len()) && name.chars().all(allowed) {
        Ok(())
    } else {
        Err(IdError::Name(name.chars().take(100).collect()))
    }
}

impl FromStr for ResourceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let shape = || IdError::Shape(text.chars().take(300).collect());
        let parts: Vec<&str> = text.strip_prefix('/').ok_or_else(shape)?.split('/').collect();
        let [subscriptions, subscription, groups, group, rest @ ..] = parts.as_slice() else {
            return Err(shape());
        };
        let words = subscriptions.eq_ignore_ascii_case("subscriptions")
            && groups.eq_ignore_ascii_case("resourceGroups");
        if !words {
            return Err(shape());
        }
        let (providers, provider, pairs) = match rest {
            [] => return Self::new(ResourceType::ResourceGroup, subscription, group, &[group]),
            [providers, provider, pairs @ ..] => (providers, provider, pairs),
            [_] => return Err(shape()),
        };
        if !providers.eq_ignore_ascii_case("providers") || pairs.is_empty() {
            return Err(shape());
        }
        let (pairs, []) = pairs.as_chunks::<2>() else { return Err(shape()) };
        let segments: Vec<&str> = pairs.iter().map(|[segment, _]| *segment).collect();
        let names: Vec<&str> = pairs.iter().map(|[_, name]| *name).collect();
        let kind = ResourceType::find(provider, &segments)
            .ok_or_else(|| IdError::Type(format!("{provider}/{}", segments.join("/"))))?;
        Self::new(kind, subscription, group, &names)
    }
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/subscriptions/{}/resourceGroups/{}", self.subscription, self.group)?;
        if self.kind == ResourceType::ResourceGroup {
            return Ok(());
        }
        write!(f, "/providers/{}", self.type_and_name())
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }
}

impl Eq for ResourceId {}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.key.cmp(&other.0.key)
    }
}

impl hash::Hash for ResourceId {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.key.hash(state);
    }
}

#[cfg(test)]
mod tests;
