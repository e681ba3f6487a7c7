//! `expressRouteCircuits/{c}/peerings/AzurePrivatePeering`: the two links and the customer's ASN.

use ipnetwork::Ipv4Network;

use super::{Fields, InvalidField, virtual_network::overlap};

/// The only peering that is modelled.
pub const PRIVATE_PEERING: &str = "AzurePrivatePeering";

/// The private peering of a circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircuitPeering {
    /// The customer's AS number.
    pub peer_asn: Option<u32>,
    /// The customer's tag (C-tag), 1 to 4094, the same on both links. Azure demands one; here a
    /// link may be untagged.
    pub vlan: Option<u16>,
    /// Link to the primary MSEE: the customer has the first usable address, the MSEE the second.
    pub primary: Ipv4Network,
    /// Link to the secondary MSEE.
    pub secondary: Ipv4Network,
}

impl CircuitPeering {
    pub(super) fn parse(body: &Fields<'_>) -> Result<Self, InvalidField> {
        let properties = body.object("properties")?;
        let kind = properties.text("peeringType")?.unwrap_or(PRIVATE_PEERING);
        if !kind.eq_ignore_ascii_case(PRIVATE_PEERING) {
            return Err(properties.invalid(
                "peeringType",
                "is not AzurePrivatePeering",
                "write AzurePrivatePeering; no other peering is modelled",
            ));
        }
        let vlan = properties.number("vlanId", 0..=4094)?.filter(|vlan| *vlan > 0);
        let vlan = vlan.and_then(|vlan| u16::try_from(vlan).ok());
        let peer_asn = properties.number("peerASN", 1..=u32::MAX)?;
        // 12076 is the MSEEs' own and 65515 to 65520 are reserved by Azure.
        if peer_asn.is_some_and(|asn| asn == 12076 || (65515..=65520).contains(&asn)) {
            return Err(properties.invalid(
                "peerASN",
                "is an AS number that Azure uses itself",
                "use another, such as 65001",
            ));
        }
        let primary = link(&properties, "primaryPeerAddressPrefix")?;
        let secondary = link(&properties, "secondaryPeerAddressPrefix")?;
        if overlap(primary, secondary) {
            return Err(properties.invalid(
                "secondaryPeerAddressPrefix",
                "is the primary link's prefix",
                "give each of the two links a /30 of its own",
            ));
        }
        Ok(Self { peer_asn, vlan, primary, secondary })
    }
}

fn link(properties: &Fields<'_>, name: &str) -> Result<Ipv4Network, InvalidField> {
    const CURE: &str = "give a /30, such as 172.16.1.0/30";
    let prefix = properties.required(name, properties.prefix(name)?, CURE)?;
    if prefix.prefix() == 30 {
        Ok(prefix)
    } else {
        Err(properties.invalid(name, &format!("({prefix}) is not a /30"), CURE))
    }
}
