//! The refusals and their texts.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use crate::{
    code::Code,
    resource::{ResourceId, Sku, SubnetId},
};

/// A rule that a change would break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each variant and field means")]
pub enum Violation {
    #[error(
        "'{}' is a part of '{}', which does not exist: PUT that first",
        id.type_and_name(),
        parent.type_and_name()
    )]
    ParentNotFound { id: ResourceId, parent: ResourceId },

    #[error(
        "'{}' refers to '{}', which does not exist: PUT that first, or correct the id",
        id.type_and_name(),
        reference
    )]
    ReferenceNotFound { id: ResourceId, reference: String },

    #[error(
        "'{}' cannot go while '{}' uses it: delete that first",
        id.type_and_name(),
        user.type_and_name()
    )]
    InUse { id: ResourceId, user: ResourceId },

    #[error(
        "subnet '{}' cannot go while '{}' uses it: delete that first",
        subnet.name,
        user.type_and_name()
    )]
    SubnetInUse { subnet: SubnetId, user: ResourceId },

    #[error(
        "'{other}' has the same name in another resource group, and dataplanes and traces know \
         resources by name alone: choose another name than '{}'",
        id.name()
    )]
    NameNotUnique { id: ResourceId, other: ResourceId },

    #[error(
        "'{}' is not a peering that is modelled: name it AzurePrivatePeering",
        id.name()
    )]
    UnknownPeering { id: ResourceId },

    #[error(
        "VNet '{}' already has gateway '{}': delete that first",
        network.name(),
        other.name()
    )]
    GatewayExists { network: ResourceId, other: ResourceId },

    #[error(
        "VNet '{}' would use remote gateways of '{}' beside {beside}: set useRemoteGateways to \
         true on one peering at most, and on none where the VNet has a gateway of its own",
        network.name(),
        hub.name()
    )]
    RemoteGateway { network: ResourceId, hub: ResourceId, beside: String },

    #[error(
        "gateway '{}' is already connected to circuit '{}' by '{}': change that connection instead",
        gateway.name(),
        circuit.name(),
        other.name()
    )]
    ConnectionExists { gateway: ResourceId, circuit: ResourceId, other: ResourceId },

    #[error(
        "circuit '{}' is in subscription '{}' and connection '{}' in '{}': give the \
         authorizationKey that the circuit's owner gets by PUT {circuit}/authorizations/NAME",
        circuit.name(),
        circuit.subscription(),
        id.name(),
        id.subscription()
    )]
    KeyRequired { id: ResourceId, circuit: ResourceId },

    #[error(
        "circuit '{}' has no authorization with the authorizationKey of connection '{}': ask the \
         circuit's owner for a key, which POST .../authorizations/NAME/listKeys shows",
        circuit.name(),
        id.name()
    )]
    KeyInvalid { id: ResourceId, circuit: ResourceId },

    #[error(
        "the authorizationKey of connection '{}' is already used by connection '{}', and a key is \
         for one connection: make another authorization of circuit '{}', or delete that connection",
        id.name(),
        other.name(),
        circuit.name()
    )]
    KeyInUse { id: ResourceId, circuit: ResourceId, other: ResourceId },

    #[error(
        "circuit '{}' is not Provisioned, so '{}' cannot be connected to it: let the provider \
         provision it, POST {circuit}/provision",
        circuit.name(),
        id.name()
    )]
    NotProvisioned { id: ResourceId, circuit: ResourceId },

    #[error(
        "connection '{}' has FastPath (expressRouteGatewayBypass), which needs a gateway of SKU \
         UltraPerformance or ErGw3AZ, and gateway '{}' would be {sku}: change the gateway's \
         sku.name, or set expressRouteGatewayBypass to false",
        connection.name(),
        gateway.name()
    )]
    FastPathSku { connection: ResourceId, gateway: ResourceId, sku: Sku },

    #[error(
        "circuit '{}' has S-tag {stag}, and its private peering no vlanId to be inside it: set \
         vlanId on the peering first, or POST {circuit}/provision with \"stag\": 0",
        circuit.name()
    )]
    VlanIdRequired { circuit: ResourceId, stag: u16 },

    #[error(
        "circuits '{}' and '{}' would both be link {port} of router '{}', and no frame could tell \
         which of the two it belongs to: give one of them another vlanId or S-tag, or an interface \
         of its own",
        other.name(),
        circuit.name(),
        router.name()
    )]
    VlanTagsInUse { router: ResourceId, port: String, circuit: ResourceId, other: ResourceId },

    #[error(
        "{address} of '{}' is outside subnet '{}' ({}): {}",
        id.name(),
        subnet.name,
        list(prefixes),
        inside(*address, prefixes)
    )]
    OutsideSubnet { id: ResourceId, address: IpAddr, subnet: SubnetId, prefixes: Vec<IpNetwork> },

    #[error(
        "'{}' would be in the GatewaySubnet, which is for gateways alone: choose another subnet",
        id.name()
    )]
    InGatewaySubnet { id: ResourceId },

    #[error(
        "{address} of '{}' is the address of '{}' in the same VNet: choose another",
        id.name(),
        other.name()
    )]
    AddressInUse { id: ResourceId, address: IpAddr, other: ResourceId },

    #[error(
        "{a_prefix} of VNet '{}' overlaps {b_prefix} of VNet '{}', and {joined} joins the two: \
         give one of them other addresses",
        a.name(),
        b.name()
    )]
    Overlap {
        a: ResourceId,
        a_prefix: IpNetwork,
        b: ResourceId,
        b_prefix: IpNetwork,
        /// "circuit 'NAME'" or "their peering".
        joined: String,
    },
}

fn list(prefixes: &[IpNetwork]) -> String {
    prefixes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn inside(address: IpAddr, prefixes: &[IpNetwork]) -> &'static str {
    if prefixes.iter().any(|prefix| prefix.is_ipv4() == address.is_ipv4()) {
        "choose an address in it"
    } else {
        "give the subnet an IPv6 prefix too, or leave this address out"
    }
}

impl Violation {
    /// Its code.
    pub fn code(&self) -> Code {
        match self {
            Self::ParentNotFound { .. } => Code::ParentResourceNotFound,
            Self::ReferenceNotFound { .. } => Code::InvalidResourceReference,
            Self::InUse { .. } | Self::SubnetInUse { .. } => Code::InUseResourceCannotBeDeleted,
            Self::NameNotUnique { .. } => Code::NameNotUnique,
            Self::UnknownPeering { .. } => Code::UnknownPeering,
            Self::GatewayExists { .. } => Code::GatewayExists,
            Self::RemoteGateway { .. } => Code::RemoteGatewayConflict,
            Self::ConnectionExists { .. } => Code::ConnectionExists,
            Self::KeyRequired { .. } => Code::AuthorizationKeyRequired,
            Self::KeyInvalid { .. } => Code::AuthorizationKeyInvalid,
            Self::KeyInUse { .. } => Code::AuthorizationKeyInUse,
            Self::NotProvisioned { .. } => Code::CircuitNotProvisioned,
            Self::FastPathSku { .. } => Code::FastPathSkuNotEligible,
            Self::VlanIdRequired { .. } => Code::VlanIdRequired,
            Self::VlanTagsInUse { .. } => Code::VlanTagsInUse,
            Self::OutsideSubnet { .. } | Self::InGatewaySubnet { .. } => Code::InvalidParameter,
            Self::AddressInUse { .. } => Code::AddressInUse,
            Self::Overlap { .. } => Code::AddressSpaceOverlap,
        }
    }
}
