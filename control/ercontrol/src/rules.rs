//! What resources demand of each other.
//!
//! A change is tried on a copy of all resources and checked before it is committed; whatever was
//! accepted before fulfils the rules, so a violation found now is the change's doing. Refusals name
//! the object, the rule and the cure.

mod addresses;
mod connections;
mod links;
mod references;
mod topology;
mod violation;

use std::sync::Arc;

use crate::{
    resource::{Resource, ResourceId},
    resources::Resources,
};

pub use connections::user_of_key;
pub use violation::Violation;

/// What is to change.
#[derive(Clone, Debug)]
pub enum Change {
    /// A resource is made or replaced.
    Put(Arc<Resource>),
    /// A resource goes, and its parts with it.
    Delete(ResourceId),
}

impl Change {
    /// The resource it is about.
    pub fn id(&self) -> &ResourceId {
        match self {
            Self::Put(resource) => &resource.id,
            Self::Delete(id) => id,
        }
    }

    /// Every key it removes.
    pub fn deletes(&self, before: &Resources) -> Vec<String> {
        match self {
            Self::Put(_) => Vec::new(),
            Self::Delete(id) => {
                let parts = before.children(id).map(|part| part.id.key().to_owned());
                std::iter::once(id.key().to_owned()).chain(parts).collect()
            }
        }
    }

    /// All resources as they will be.
    pub fn applied_to(&self, before: &Resources) -> Resources {
        let mut after = before.clone();
        for key in self.deletes(before) {
            after.remove(&key);
        }
        if let Self::Put(resource) = self {
            after.insert(Arc::clone(resource));
        }
        after
    }
}

/// Checks `change`, which leads from `before` to `after`.
///
/// # Errors
/// The first rule that would be broken.
pub fn check(change: &Change, before: &Resources, after: &Resources) -> Result<(), Violation> {
    if let Change::Put(resource) = change {
        references::parent_exists(resource, after)?;
        topology::name_is_unique(resource, after)?;
        topology::peering_is_private(resource)?;
        topology::one_gateway_a_network(resource, after)?;
    }
    references::all_resolve(change, after)?;
    references::group_is_empty(change, after)?;
    topology::one_remote_gateway(after)?;
    connections::once_a_circuit(change, after)?;
    connections::authorized(change, before, after)?;
    connections::circuit_is_provisioned(change, before, after)?;
    connections::fastpath_is_eligible(after)?;
    links::tags_are_whole(after)?;
    links::links_are_distinct(after)?;
    addresses::interfaces_fit(change, after)?;
    addresses::spaces_are_distinct(after)
}

#[cfg(test)]
mod tests;
