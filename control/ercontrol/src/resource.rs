//! One resource: its id, the document the user wrote, and what it means.
//!
//! The document is kept as the user sent it, unknown properties too; read-only properties are
//! dropped on the way in and computed on the way out. The meaning ([`Typed`]) is parsed once, when
//! the document is accepted or loaded, so that nothing after this module reads JSON.

pub mod circuit_authorization;
pub mod circuit_peering;
pub mod connection;
pub mod express_route_circuit;
pub mod fabric_host;
pub mod fields;
pub mod gateway_host;
pub mod held;
pub mod id;
pub mod network_interface;
pub mod resource_type;
pub mod router;
pub mod service_tag;
pub mod virtual_network;
pub mod virtual_network_gateway;
pub mod virtual_network_peering;

use desired::Revision;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use circuit_authorization::CircuitAuthorization;
pub use circuit_peering::CircuitPeering;
pub use connection::Connection;
pub use express_route_circuit::ExpressRouteCircuit;
pub use fabric_host::FabricHost;
pub use fields::{Fields, InvalidField};
pub use gateway_host::GatewayHost;
pub use held::{AuthorizationKey, Held};
pub use id::{IdError, ResourceId};
pub use network_interface::NetworkInterface;
pub use resource_type::ResourceType;
pub use router::Router;
pub use service_tag::{ServiceTag, TagOrder};
pub use virtual_network::{SubnetId, VirtualNetwork};
pub use virtual_network_gateway::{Sku, VirtualNetworkGateway};
pub use virtual_network_peering::VirtualNetworkPeering;

/// A resource as accepted.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its id, in the case the user first wrote it.
    pub id: ResourceId,
    /// Changes with every accepted change: `W/"guid"`.
    pub etag: String,
    /// The commit that last changed it; 0 before the first commit.
    pub revision: Revision,
    /// The user's document, without read-only properties.
    pub body: Map<String, Value>,
    /// What `ercontrol` itself decides or keeps secret.
    pub held: Held,
    /// What the document means.
    pub typed: Typed,
}

/// The meaning of a document, by type.
#[derive(Clone, Debug)]
pub enum Typed {
    /// A resource group: a name only.
    ResourceGroup,
    /// `Microsoft.Network/virtualNetworks`
    VirtualNetwork(VirtualNetwork),
    /// `Microsoft.Network/virtualNetworks/virtualNetworkPeerings`
    VirtualNetworkPeering(VirtualNetworkPeering),
    /// `Microsoft.Network/networkInterfaces`
    NetworkInterface(NetworkInterface),
    /// `Microsoft.Network/virtualNetworkGateways`
    VirtualNetworkGateway(VirtualNetworkGateway),
    /// `Microsoft.Network/expressRouteCircuits`
    ExpressRouteCircuit(ExpressRouteCircuit),
    /// `Microsoft.Network/expressRouteCircuits/peerings`
    CircuitPeering(CircuitPeering),
    /// `Microsoft.Network/expressRouteCircuits/authorizations`
    CircuitAuthorization(CircuitAuthorization),
    /// `Microsoft.Network/connections`
    Connection(Connection),
    /// `Erlab.Edge/routers`
    Router(Router),
    /// `Erlab.Edge/gatewayHosts`
    GatewayHost(GatewayHost),
    /// `Erlab.Edge/fabricHosts`
    FabricHost(FabricHost),
}

/// The stored form of a resource. `version` is raised when a field changes its meaning, and the
/// reader then converts; adding an optional field needs no new version.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    version: u32,
    id: String,
    etag: String,
    body: Map<String, Value>,
    #[serde(default)]
    held: Held,
}

const RECORD_VERSION: u32 = 1;

/// Why a stored resource could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The bytes are not a record.
    #[error("the stored resource {key} is not a readable record")]
    Json {
        /// Its key in the store.
        key: String,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
    /// A newer program wrote it.
    #[error(
        "the stored resource {key} has record version {found}, this ercontrol reads version \
         {RECORD_VERSION}: start the newer ercontrol, or another store"
    )]
    Version {
        /// Its key in the store.
        key: String,
        /// The version found.
        found: u32,
    },
    /// The id in it is not an id.
    #[error("the stored resource {key} has a bad id")]
    Id {
        /// Its key in the store.
        key: String,
        /// What is wrong.
        #[source]
        source: IdError,
    },
    /// Its document is no longer valid.
    #[error("the stored resource {key} is not valid")]
    Field {
        /// Its key in the store.
        key: String,
        /// What is wrong.
        #[source]
        source: InvalidField,
    },
}

impl Resource {
    /// Reads a document that a user PUT. `before` is the resource it replaces: its id keeps its
    /// spelling, and what the document leaves unsaid about secrets stays as it was.
    ///
    /// # Errors
    /// Names the first property that does not fit the type, and the cure.
    pub fn from_put(
        id: ResourceId,
        mut body: Map<String, Value>,
        before: Option<&Self>,
    ) -> Result<Self, InvalidField> {
        let kind = id.kind();
        let mut held = before.map_or_else(|| Held::of_new(kind), |before| before.held.clone());
        kind.take_read_only(&mut body)?;
        if kind == ResourceType::Connection {
            connection::take_key(&mut body, &mut held, before)?;
        }
        let typed = Typed::parse(kind, &body)?;
        Ok(Self {
            id: before.map_or(id, |before| before.id.clone()),
            etag: new_etag(),
            revision: Revision::default(),
            body,
            held,
            typed,
        })
    }

    /// The same resource with another `held`, as an action leaves it.
    #[must_use]
    pub fn with_held(&self, held: Held) -> Self {
        Self { held, etag: new_etag(), ..self.clone() }
    }

    /// Whether a user could tell this resource from `other` by anything but its etag.
    pub fn same_content(&self, other: &Self) -> bool {
        self.id == other.id && self.body == other.body && self.held == other.held
    }

    /// The bytes to store.
    ///
    /// # Errors
    /// Never in practice: a document is always serialisable.
    pub fn to_record(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Record {
            version: RECORD_VERSION,
            id: self.id.to_string(),
            etag: self.etag.clone(),
            body: self.body.clone(),
            held: self.held.clone(),
        })
    }

    /// Reads back what [`Resource::to_record`] wrote.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn from_record(key: &str, bytes: &[u8], revision: Revision) -> Result<Self, RecordError> {
        let key = || key.to_owned();
        let record: Record = serde_json::from_slice(bytes)
            .map_err(|source| RecordError::Json { key: key(), source })?;
        if record.version != RECORD_VERSION {
            return Err(RecordError::Version { key: key(), found: record.version });
        }
        let id: ResourceId =
            record.id.parse().map_err(|source| RecordError::Id { key: key(), source })?;
        let typed = Typed::parse(id.kind(), &record.body)
            .map_err(|source| RecordError::Field { key: key(), source })?;
        Ok(Self { id, etag: record.etag, revision, body: record.body, held: record.held, typed })
    }
}

impl Typed {
    fn parse(kind: ResourceType, body: &Map<String, Value>) -> Result<Self, InvalidField> {
        let body = Fields::root(body);
        Ok(match kind {
            ResourceType::ResourceGroup => Self::ResourceGroup,
            ResourceType::VirtualNetwork => Self::VirtualNetwork(VirtualNetwork::parse(&body)?),
            ResourceType::VirtualNetworkPeering => {
                Self::VirtualNetworkPeering(VirtualNetworkPeering::parse(&body)?)
            }
            ResourceType::NetworkInterface => {
                Self::NetworkInterface(NetworkInterface::parse(&body)?)
            }
            ResourceType::VirtualNetworkGateway => {
                Self::VirtualNetworkGateway(VirtualNetworkGateway::parse(&body)?)
            }
            ResourceType::ExpressRouteCircuit => {
                Self::ExpressRouteCircuit(ExpressRouteCircuit::parse(&body)?)
            }
            ResourceType::CircuitPeering => Self::CircuitPeering(CircuitPeering::parse(&body)?),
            ResourceType::CircuitAuthorization => Self::CircuitAuthorization(CircuitAuthorization),
            ResourceType::Connection => Self::Connection(Connection::parse(&body)?),
            ResourceType::Router => Self::Router(Router::parse(&body)?),
            ResourceType::GatewayHost => Self::GatewayHost(GatewayHost::parse(&body)?),
            ResourceType::FabricHost => Self::FabricHost(FabricHost::parse(&body)?),
        })
    }
}

fn new_etag() -> String {
    format!("W/\"{}\"", uuid::Uuid::new_v4())
}

#[cfg(test)]
mod tests;
