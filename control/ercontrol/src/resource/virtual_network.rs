//! `Microsoft.Network/virtualNetworks`: address spaces and subnets.

use std::{collections::BTreeMap, fmt};

use ipnetwork::Ipv4Network;

use super::{Fields, InvalidField, ResourceId, ResourceType, fields::Item};

/// Name of the subnet that gateways live in; ARM compares it without case.
pub const GATEWAY_SUBNET: &str = "GatewaySubnet";

/// Longest prefix of a GatewaySubnet: instances sit at `.12` and `.13`, so a /29 has no room.
const LONGEST_GATEWAY_SUBNET: u8 = 28;

/// A VNet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualNetwork {
    /// Its address spaces, sorted.
    pub prefixes: Vec<Ipv4Network>,
    /// Its subnets by lower-case name.
    pub subnets: BTreeMap<String, Ipv4Network>,
}

impl VirtualNetwork {
    pub(super) fn parse(body: &Fields<'_>) -> Result<Self, InvalidField> {
        let properties = body.object("properties")?;
        let space = properties.object("addressSpace")?;
        let mut prefixes = Vec::new();
        for item in space.list("addressPrefixes")? {
            let prefix = item.prefix()?;
            if let Some(other) = prefixes.iter().find(|other| overlap(prefix, **other)) {
                return Err(item.wrong(
                    format!("({prefix}) overlaps {other} of the same VNet"),
                    "leave one of the two out",
                ));
            }
            prefixes.push(prefix);
        }
        if prefixes.is_empty() {
            return Err(space.invalid(
                "addressPrefixes",
                "is missing",
                "list the VNet's address spaces, such as [\"10.0.0.0/16\"]",
            ));
        }
        prefixes.sort_unstable();
        let mut subnets = BTreeMap::new();
        for item in properties.list("subnets")? {
            let (name, prefix) = subnet(&item, &prefixes)?;
            if let Some((other, _)) = subnets.iter().find(|(_, other)| overlap(prefix, **other)) {
                return Err(item.wrong(
                    format!("({prefix}) overlaps subnet '{other}'"),
                    "give each subnet addresses of its own",
                ));
            }
            if subnets.insert(name.to_ascii_lowercase(), prefix).is_some() {
                return Err(item.wrong(
                    format!("is a second subnet '{name}'"),
                    "give each subnet its own name",
                ));
            }
        }
        Ok(Self { prefixes, subnets })
    }

    /// The prefix of one of its subnets.
    pub fn subnet(&self, name: &str) -> Option<Ipv4Network> {
        self.subnets.get(&name.to_ascii_lowercase()).copied()
    }
}

fn subnet<'a>(
    item: &Item<'a>,
    spaces: &[Ipv4Network],
) -> Result<(&'a str, Ipv4Network), InvalidField> {
    let fields = item.object()?;
    let name = fields.required("name", fields.text("name")?, "name the subnet")?;
    let properties = fields.object("properties")?;
    // Newer API versions send a list of one.
    let prefix = match properties.list("addressPrefixes")?.as_slice() {
        [] => properties.prefix("addressPrefix")?,
        [one] => Some(one.prefix()?),
        [_, second, ..] => {
            return Err(second.wrong("is a second prefix", "give each subnet one IPv4 prefix"));
        }
    };
    let prefix = properties.required("addressPrefix", prefix, "give the subnet's IPv4 prefix")?;
    if !spaces.iter().any(|space| space.is_supernet_of(prefix)) {
        return Err(properties.invalid(
            "addressPrefix",
            &format!("({prefix}) lies outside the VNet's address spaces"),
            "choose a part of one of addressSpace.addressPrefixes",
        ));
    }
    if name.eq_ignore_ascii_case(GATEWAY_SUBNET) && prefix.prefix() > LONGEST_GATEWAY_SUBNET {
        return Err(properties.invalid(
            "addressPrefix",
            &format!("({prefix}) is too small for a gateway, whose instances are .12 and .13"),
            "use a /28 or larger; /27 is usual",
        ));
    }
    Ok((name, prefix))
}

/// Whether two prefixes share an address.
pub fn overlap(a: Ipv4Network, b: Ipv4Network) -> bool {
    a.is_supernet_of(b) || b.is_supernet_of(a)
}

/// The id of a subnet: `VNET/subnets/NAME`. A subnet is a part of its VNet's document, no resource
/// of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetId {
    /// The VNet.
    pub network: ResourceId,
    /// The subnet's name.
    pub name: String,
}

impl SubnetId {
    /// Reads `{"id": "..."}` at `name`.
    pub(super) fn read(fields: &Fields<'_>, name: &str) -> Result<Self, InvalidField> {
        const CURE: &str = "give the subnet's id, .../virtualNetworks/VNET/subnets/NAME";
        let reference = fields.object(name)?;
        let text = reference.required("id", reference.text("id")?, CURE)?;
        Self::split(text).ok_or_else(|| reference.invalid("id", "is not the id of a subnet", CURE))
    }

    fn split(text: &str) -> Option<Self> {
        let (rest, name) = text.rsplit_once('/')?;
        let (network, word) = rest.rsplit_once('/')?;
        let network: ResourceId = network.parse().ok()?;
        let is_subnet = word.eq_ignore_ascii_case("subnets")
            && network.kind() == ResourceType::VirtualNetwork
            && !name.is_empty();
        is_subnet.then(|| Self { network, name: name.to_owned() })
    }
}

impl fmt::Display for SubnetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/subnets/{}", self.network, self.name)
    }
}

#[cfg(test)]
mod tests;
