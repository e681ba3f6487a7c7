//! VLAN tags of a circuit's link.

use serde::{Deserialize, Serialize};

/// The tags that every frame of a link carries, and that tell it from the others of its interface.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Tags {
    /// None.
    #[default]
    Untagged,
    /// One 802.1Q tag.
    Dot1q {
        /// VLAN id, 1 to 4094.
        vlan: u16,
    },
    /// Two tags: the provider's around the customer's.
    Qinq {
        /// Outer VLAN id (S-tag), 1 to 4094: the provider's, the same on both paths of a circuit.
        service: u16,
        /// Inner VLAN id (C-tag), 1 to 4094: the customer's choice, the same on both paths.
        customer: u16,
        /// Type of the outer tag on frames that the MSEE sends; it takes either.
        #[serde(default)]
        ethertype: ServiceEthertype,
    },
}

/// EtherType of an outer tag.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum ServiceEthertype {
    /// 0x8100, what the MSEEs of Azure send.
    #[default]
    #[serde(rename = "0x8100")]
    Dot1q,
    /// 0x88a8, 802.1ad.
    #[serde(rename = "0x88a8")]
    Dot1ad,
}

impl ServiceEthertype {
    /// The two bytes on the wire, as a number.
    pub const fn number(self) -> u16 {
        match self {
            Self::Dot1q => 0x8100,
            Self::Dot1ad => 0x88a8,
        }
    }
}

impl std::fmt::Display for ServiceEthertype {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#06x}", self.number())
    }
}

/// Text that names no EtherType of an outer tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceEthertypeError;

impl std::fmt::Display for ServiceEthertypeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an outer tag's EtherType is 0x8100 or 0x88a8")
    }
}

impl std::error::Error for ServiceEthertypeError {}

impl std::str::FromStr for ServiceEthertype {
    type Err = ServiceEthertypeError;

    fn from_str(text: &str) -> Result<Self, ServiceEthertypeError> {
        [Self::Dot1q, Self::Dot1ad]
            .into_iter()
            .find(|ethertype| ethertype.to_string().eq_ignore_ascii_case(text))
            .ok_or(ServiceEthertypeError)
    }
}

impl Tags {
    /// Bytes the tags add to a frame: 0, 4 or 8.
    pub const fn length(self) -> u32 {
        match self {
            Self::Untagged => 0,
            Self::Dot1q { .. } => 4,
            Self::Qinq { .. } => 8,
        }
    }
}

impl std::fmt::Display for Tags {
    /// Nothing, `.100` or `.20.100` (S-tag first): what follows the interface in a link's name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Untagged => Ok(()),
            Self::Dot1q { vlan } => write!(f, ".{vlan}"),
            Self::Qinq { service, customer, .. } => write!(f, ".{service}.{customer}"),
        }
    }
}
