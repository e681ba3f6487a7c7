//! The error codes of the API.
//!
//! Azure publishes no list, and the codes it answers for a wrong FastPath SKU or a bad
//! authorization key are not documented anywhere. These are our own; where one has a name Azure
//! uses too, the situation is the same but the text is ours, `ResourceNotFound` excepted.

/// What went wrong, as a word that programs can rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "`meaning` holds the sentence for each")]
pub enum Code {
    AddressInUse,
    AddressSpaceOverlap,
    AuthorizationKeyInUse,
    AuthorizationKeyInvalid,
    AuthorizationKeyRequired,
    CircuitNotProvisioned,
    ConnectionExists,
    FastPathSkuNotEligible,
    GatewayExists,
    InUseResourceCannotBeDeleted,
    InternalServerError,
    InvalidParameter,
    InvalidRequestContent,
    InvalidResourceId,
    InvalidResourceReference,
    MethodNotAllowed,
    NameNotUnique,
    ParentResourceNotFound,
    PreconditionFailed,
    RemoteGatewayConflict,
    RequestTooLarge,
    ResourceNotFound,
    UnknownAction,
    UnknownPeering,
    VlanIdRequired,
    VlanTagsInUse,
}

impl Code {
    /// Every code, in alphabetical order.
    pub const ALL: [Self; 26] = [
        Self::AddressInUse,
        Self::AddressSpaceOverlap,
        Self::AuthorizationKeyInUse,
        Self::AuthorizationKeyInvalid,
        Self::AuthorizationKeyRequired,
        Self::CircuitNotProvisioned,
        Self::ConnectionExists,
        Self::FastPathSkuNotEligible,
        Self::GatewayExists,
        Self::InUseResourceCannotBeDeleted,
        Self::InternalServerError,
        Self::InvalidParameter,
        Self::InvalidRequestContent,
        Self::InvalidResourceId,
        Self::InvalidResourceReference,
        Self::MethodNotAllowed,
        Self::NameNotUnique,
        Self::ParentResourceNotFound,
        Self::PreconditionFailed,
        Self::RemoteGatewayConflict,
        Self::RequestTooLarge,
        Self::ResourceNotFound,
        Self::UnknownAction,
        Self::UnknownPeering,
        Self::VlanIdRequired,
        Self::VlanTagsInUse,
    ];

    /// The HTTP status it is answered with.
    pub fn status(self) -> u16 {
        match self {
            Self::AuthorizationKeyInvalid | Self::AuthorizationKeyRequired => 403,
            Self::InvalidResourceId
            | Self::ParentResourceNotFound
            | Self::ResourceNotFound
            | Self::UnknownAction => 404,
            Self::MethodNotAllowed => 405,
            Self::AddressInUse
            | Self::AddressSpaceOverlap
            | Self::AuthorizationKeyInUse
            | Self::CircuitNotProvisioned
            | Self::ConnectionExists
            | Self::GatewayExists
            | Self::InUseResourceCannotBeDeleted
            | Self::NameNotUnique
            | Self::RemoteGatewayConflict
            | Self::VlanTagsInUse => 409,
            Self::PreconditionFailed => 412,
            Self::RequestTooLarge => 413,
            Self::InternalServerError => 500,
            Self::FastPathSkuNotEligible
            | Self::InvalidParameter
            | Self::InvalidRequestContent
            | Self::InvalidResourceReference
            | Self::UnknownPeering
            | Self::VlanIdRequired => 400,
        }
    }

    /// When it is answered, as one sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::AddressInUse => "two network interfaces of one VNet would have the same address",
            Self::AddressSpaceOverlap => {
                "two VNets that one circuit or one peering joins would share addresses"
            }
            Self::AuthorizationKeyInUse => "another connection already uses this authorization key",
            Self::AuthorizationKeyInvalid => "no authorization of the circuit has this key",
            Self::AuthorizationKeyRequired => {
                "the circuit is in another subscription and the connection has no authorization key"
            }
            Self::CircuitNotProvisioned => "a new connection needs a circuit that is Provisioned",
            Self::ConnectionExists => "the gateway is already connected to this circuit",
            Self::FastPathSkuNotEligible => {
                "FastPath needs a gateway of SKU UltraPerformance or ErGw3AZ"
            }
            Self::GatewayExists => "the VNet already has a gateway",
            Self::InUseResourceCannotBeDeleted => {
                "another resource refers to what would be deleted or taken away"
            }
            Self::InternalServerError => "ercontrol or its store failed; its log says why",
            Self::InvalidParameter => "a property does not fit its type",
            Self::InvalidRequestContent => "the body is not a JSON object",
            Self::InvalidResourceId => "the path is not a resource id of a type there is",
            Self::InvalidResourceReference => "the body refers to a resource that does not exist",
            Self::MethodNotAllowed => "the path does not take this method",
            Self::NameNotUnique => {
                "a resource of this type and name exists in another resource group; dataplanes \
                 and traces know resources by name alone"
            }
            Self::ParentResourceNotFound => "the resource this one is a part of does not exist",
            Self::PreconditionFailed => "If-Match or If-None-Match does not hold",
            Self::RemoteGatewayConflict => {
                "a VNet would use a remote gateway beside its own, or two remote gateways"
            }
            Self::RequestTooLarge => "the body is larger than 4 MiB",
            Self::ResourceNotFound => "there is no such resource",
            Self::UnknownAction => "the resource has no such action",
            Self::UnknownPeering => "a circuit's peering must be named AzurePrivatePeering",
            Self::VlanIdRequired => "a circuit with an S-tag needs a vlanId on its private peering",
            Self::VlanTagsInUse => {
                "two circuits would have the same interface and VLAN tags on one router"
            }
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
