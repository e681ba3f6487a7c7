//! The whole set of resources at one revision: an immutable value that is cheap to copy.

use std::{collections::BTreeMap, sync::Arc};

use crate::resource::{
    CircuitAuthorization, CircuitPeering, Connection, ExpressRouteCircuit, FabricHost, GatewayHost,
    NetworkInterface, Resource, ResourceId, ResourceType, Router, Typed, VirtualNetwork,
    VirtualNetworkGateway, VirtualNetworkPeering,
};

/// All resources, ordered by id. Two sets with equal contents are walked in the same order,
/// whatever order they were filled in: the compiler's determinism rests on this.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    by_key: BTreeMap<String, Arc<Resource>>,
}

/// A meaning that can be asked for by its Rust type.
pub trait Kind: Sized + 'static {
    /// The meaning, if it is of this type.
    fn of(typed: &Typed) -> Option<&Self>;
}

macro_rules! kinds {
    ($($kind:ident),+ $(,)?) => {
        $(impl Kind for $kind {
            fn of(typed: &Typed) -> Option<&Self> {
                if let Typed::$kind(meaning) = typed { Some(meaning) } else { None }
            }
        })+
    };
}

kinds!(
    VirtualNetwork,
    VirtualNetworkPeering,
    NetworkInterface,
    VirtualNetworkGateway,
    ExpressRouteCircuit,
    CircuitPeering,
    CircuitAuthorization,
    Connection,
    Router,
    GatewayHost,
    FabricHost,
);

impl Resources {
    /// The resource with this id.
    pub fn get(&self, id: &ResourceId) -> Option<&Arc<Resource>> {
        self.by_key.get(id.key())
    }

    /// The meaning of the resource with this id, if it has this type.
    pub fn find<K: Kind>(&self, id: &ResourceId) -> Option<&K> {
        K::of(&self.get(id)?.typed)
    }

    /// Every resource, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.by_key.values()
    }

    /// Every resource of one type, with its meaning, by id.
    pub fn all<K: Kind>(&self) -> impl Iterator<Item = (&Resource, &K)> {
        self.iter().filter_map(|resource| Some((resource.as_ref(), K::of(&resource.typed)?)))
    }

    /// The resources that are parts of this one. Members of a resource group are not its parts.
    pub fn children(&self, id: &ResourceId) -> impl Iterator<Item = &Arc<Resource>> {
        let prefix = format!("{}/", id.key());
        let is_part = id.kind() != ResourceType::ResourceGroup;
        self.by_key
            .range(prefix.clone()..)
            .take_while(move |(key, _)| is_part && key.starts_with(&prefix))
            .map(|(_, resource)| resource)
    }

    /// Adds or replaces a resource.
    pub fn insert(&mut self, resource: Arc<Resource>) {
        self.by_key.insert(resource.id.key().to_owned(), resource);
    }

    /// Removes the resource with this key.
    pub fn remove(&mut self, key: &str) {
        self.by_key.remove(key);
    }
}

impl FromIterator<Resource> for Resources {
    fn from_iter<I: IntoIterator<Item = Resource>>(resources: I) -> Self {
        let mut all = Self::default();
        for resource in resources {
            all.insert(Arc::new(resource));
        }
        all
    }
}
