//! What `ercontrol` keeps beside a user's document: secrets, and state that only actions change.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ResourceType, service_tag::ServiceTag};

/// Kept beside a document. Which fields matter depends on the type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Held {
    /// Authorization: its key. Connection: the key it was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<AuthorizationKey>,
    /// Circuit: the GUID that names it towards the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_key: Option<String>,
    /// Circuit: whether the provider has done its part.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub provisioned: bool,
    /// Circuit: the provider's outer tag on its links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tag: Option<ServiceTag>,
    /// Gateway: indices (0, 1) of the instances taken out of service.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub failed_instances: BTreeSet<usize>,
}

impl Held {
    /// What a resource of this type starts with.
    pub fn of_new(kind: ResourceType) -> Self {
        let guid = || Uuid::new_v4().to_string();
        Self {
            key: (kind == ResourceType::CircuitAuthorization).then(|| AuthorizationKey(guid())),
            service_key: (kind == ResourceType::ExpressRouteCircuit).then(guid),
            ..Self::default()
        }
    }
}

/// A key that lets one connection of another subscription use a circuit. It has no `Display`, and
/// `Debug` hides it, so that no log line can hold it by accident.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthorizationKey(String);

impl AuthorizationKey {
    /// A key as a user typed it.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_ascii_lowercase())
    }

    /// The key itself, for the answers that are meant to show it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Takes as long for a near miss as for a far one; the length of a GUID is no secret.
impl PartialEq for AuthorizationKey {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        let differences = a
            .iter()
            .zip(b)
            .fold(0, |differences, (x, y)| differences | std::hint::black_box(x ^ y));
        a.len() == b.len() && differences == 0
    }
}

impl Eq for AuthorizationKey {}

impl fmt::Debug for AuthorizationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationKey(hidden)")
    }
}
