//! `expressRouteCircuits/{c}/peerings/AzurePrivatePeering`: the two links and the customer's ASN.

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};

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
    /// The IPv6 side of both links; a circuit without it carries no IPv6.
    pub ipv6: Option<Ipv6Links>,
    /// Whether an MSEE takes from the customer only packets whose source he announced to it
    /// (RFC 3704). Ours: Azure has no such switch, and does not check.
    pub validate_source: bool,
}

/// The IPv6 side of a circuit's two links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6Links {
    /// Link to the primary MSEE: the customer has the first usable address, the MSEE the second.
    pub primary: Ipv6Network,
    /// Link to the secondary MSEE.
    pub secondary: Ipv6Network,
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
        let primary = link(&properties, PRIMARY)?;
        let secondary = link(&properties, SECONDARY)?;
        distinct(&properties, primary, secondary, "a /30")?;
        let ipv6 = match properties.item("ipv6PeeringConfig") {
            Some(item) => Some(Ipv6Links::parse(&item.object()?)?),
            None => None,
        };
        let validate_source = properties.boolean("erlabSourceValidation")?;
        Ok(Self { peer_asn, vlan, primary, secondary, ipv6, validate_source })
    }
}

impl Ipv6Links {
    fn parse(properties: &Fields<'_>) -> Result<Self, InvalidField> {
        let primary = ipv6_link(properties, PRIMARY)?;
        let secondary = ipv6_link(properties, SECONDARY)?;
        distinct(properties, primary, secondary, "a /126")?;
        Ok(Self { primary, secondary })
    }
}

const PRIMARY: &str = "primaryPeerAddressPrefix";
const SECONDARY: &str = "secondaryPeerAddressPrefix";

fn link(properties: &Fields<'_>, name: &str) -> Result<Ipv4Network, InvalidField> {
    const CURE: &str = "give a /30, such as 172.16.1.0/30";
    let prefix = properties.required(name, properties.ipv4_prefix(name)?, CURE)?;
    if prefix.prefix() == 30 {
        Ok(prefix)
    } else {
        Err(properties.invalid(name, &format!("({prefix}) is not a /30"), CURE))
    }
}

fn ipv6_link(properties: &Fields<'_>, name: &str) -> Result<Ipv6Network, InvalidField> {
    const CURE: &str = "give a /126, such as fd00:172:16:1::/126";
    let prefix = properties.required(name, properties.ipv6_prefix(name)?, CURE)?;
    if prefix.prefix() == 126 {
        Ok(prefix)
    } else {
        Err(properties.invalid(name, &format!("({prefix}) is not a /126"), CURE))
    }
}

fn distinct(
    properties: &Fields<'_>,
    primary: impl Into<IpNetwork>,
    secondary: impl Into<IpNetwork>,
    kind: &str,
) -> Result<(), InvalidField> {
    if !overlap(primary.into(), secondary.into()) {
        return Ok(());
    }
    let cure = format!("give each of the two links {kind} of its own");
    Err(properties.invalid(SECONDARY, "is the primary link's prefix", &cure))
}
