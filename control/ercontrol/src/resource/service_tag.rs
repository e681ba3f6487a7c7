//! The provider's S-tag, which the customer sees as the circuit's read-only `stag`.
//!
//! It is the provider's to choose, so no document holds it: our own action `provision` brings it.

use desired::{ServiceEthertype, Tags};
use serde::{Deserialize, Serialize};

use super::{CircuitPeering, Fields, Held, InvalidField};

/// The outer tag on both links of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTag {
    /// VLAN id, 1 to 4094.
    pub vlan: u16,
    /// What the MSEEs send it as.
    #[serde(default)]
    pub ethertype: ServiceEthertype,
}

/// What a call of `provision` says about the tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagOrder {
    /// Nothing: a circuit that comes back has the tag it had.
    Keep,
    /// This one, or none.
    Set(Option<ServiceTag>),
}

impl TagOrder {
    /// Reads the body of `provision`.
    ///
    /// # Errors
    /// Names the property that does not fit, and the cure.
    pub fn read(body: &Fields<'_>) -> Result<Self, InvalidField> {
        let vlan = body.number("stag", 0..=4094)?;
        let ethertype = body.parsed("serviceEthertype", "0x8100 or 0x88a8")?;
        match vlan.map(u16::try_from) {
            Some(Ok(vlan @ 1..)) => {
                Ok(Self::Set(Some(ServiceTag { vlan, ethertype: ethertype.unwrap_or_default() })))
            }
            _ if ethertype.is_some() => Err(body.invalid(
                "serviceEthertype",
                "is the type of a tag that is not there",
                "give stag too, from 1 to 4094, or leave both out",
            )),
            Some(_) => Ok(Self::Set(None)),
            None => Ok(Self::Keep),
        }
    }

    /// Carries it out.
    pub fn apply(self, held: &mut Held) {
        if let Self::Set(tag) = self {
            held.service_tag = tag;
        }
    }
}

/// The tags of a circuit's links. `None` is an S-tag with no customer tag inside, which is no link.
pub fn tags(peering: &CircuitPeering, circuit: &Held) -> Option<Tags> {
    match (circuit.service_tag, peering.vlan) {
        (None, None) => Some(Tags::Untagged),
        (None, Some(vlan)) => Some(Tags::Dot1q { vlan }),
        (Some(ServiceTag { vlan: service, ethertype }), Some(customer)) => {
            Some(Tags::Qinq { service, customer, ethertype })
        }
        (Some(_), None) => None,
    }
}

#[cfg(test)]
mod tests;
