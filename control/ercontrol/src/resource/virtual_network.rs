//! `Microsoft.Network/virtualNetworks`: address spaces and subnets.

use std::{collections::BTreeMap, fmt};

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};

use super::{Fields, InvalidField, ResourceId, ResourceType, fields::Item};

/// Name of the subnet that gateways live in; ARM compares it without case.
pub const GATEWAY_SUBNET: &str = "GatewaySubnet";

/// Longest prefix of a GatewaySubnet: instances sit at `.12` and `.13`, so a /29 has no room.
const LONGEST_GATEWAY_SUBNET: u8 = 28;

/// Length of a subnet's IPv6 prefix: Azure takes no other.
const IPV6_SUBNET: u8 = 64;

/// A VNet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualNetwork {
    /// Its address spaces, IPv4 first, sorted.
    pub prefixes: Vec<IpNetwork>,
    /// Its subnets by lower-case name.
    pub subnets: BTreeMap<String, Subnet>,
}

/// A subnet: IPv4, and IPv6 beside it if it has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Its IPv4 prefix.
    pub ipv4: Ipv4Network,
    /// Its IPv6 prefix, a /64.
    pub ipv6: Option<Ipv6Network>,
}

impl Subnet {
    /// Its prefixes.
    pub fn prefixes(self) -> impl Iterator<Item = IpNetwork> {
        std::iter::once(self.ipv4.into()).chain(self.ipv6.map(IpNetwork::from))
    }
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
        if !prefixes.iter().any(IpNetwork::is_ipv4) {
            let problem = if prefixes.is_empty() { "is missing" } else { "has no IPv4 prefix" };
            return Err(space.invalid(
                "addressPrefixes",
                problem,
                "list the VNet's address spaces, such as [\"10.0.0.0/16\"]; IPv6 can be beside \
                 IPv4, not in its place",
            ));
        }
        prefixes.sort_unstable();
        let mut subnets = BTreeMap::new();
        for item in properties.list("subnets")? {
            let (name, subnet) = subnet(&item, &prefixes)?;
            for prefix in subnet.prefixes() {
                let overlapping = |other: &Subnet| other.prefixes().any(|o| overlap(prefix, o));
                if let Some((other, _)) = subnets.iter().find(|(_, other)| overlapping(other)) {
                    return Err(item.wrong(
                        format!("({prefix}) overlaps subnet '{other}'"),
                        "give each subnet addresses of its own",
                    ));
                }
            }
            if subnets.insert(name.to_ascii_lowercase(), subnet).is_some() {
                return Err(item.wrong(
                    format!("is a second subnet '{name}'"),
                    "give each subnet its own name",
                ));
            }
        }
        Ok(Self { prefixes, subnets })
    }

    /// One of its subnets.
    pub fn subnet(&self, name: &str) -> Option<Subnet> {
        self.subnets.get(&name.to_ascii_lowercase()).copied()
    }
}

fn subnet<'a>(item: &Item<'a>, spaces: &[IpNetwork]) -> Result<(&'a str, Subnet), InvalidField> {
    let fields = item.object()?;
    let name = fields.required("name", fields.text("name")?, "name the subnet")?;
    let properties = fields.object("properties")?;
    let (mut ipv4, mut ipv6) = (None, None);
    // Newer API versions send a list, also of one.
    let mut prefixes = properties.list("addressPrefixes")?;
    if prefixes.is_empty() {
        prefixes.extend(properties.item("addressPrefix"));
    }
    for prefix in prefixes {
        let second = match prefix.prefix()? {
            IpNetwork::V4(network) => ipv4.replace(network).is_some(),
            IpNetwork::V6(network) => ipv6.replace(network).is_some(),
        };
        if second {
            return Err(prefix.wrong(
                "is a second prefix of its family",
                "give each subnet one IPv4 prefix and at most one IPv6 prefix",
            ));
        }
    }
    let cure = "give the subnet's IPv4 prefix";
    let subnet = Subnet { ipv4: properties.required("addressPrefix", ipv4, cure)?, ipv6 };
    for prefix in subnet.prefixes() {
        if !spaces.iter().any(|space| covers(*space, prefix)) {
            return Err(properties.invalid(
                "addressPrefix",
                &format!("({prefix}) lies outside the VNet's address spaces"),
                "choose a part of one of addressSpace.addressPrefixes",
            ));
        }
    }
    if let Some(ipv6) = ipv6.filter(|ipv6| ipv6.prefix() != IPV6_SUBNET) {
        return Err(properties.invalid(
            "addressPrefixes",
            &format!("has {ipv6}, which is not a /64"),
            "give a subnet's IPv6 prefix 64 bits: Azure takes no other length",
        ));
    }
    if name.eq_ignore_ascii_case(GATEWAY_SUBNET) && subnet.ipv4.prefix() > LONGEST_GATEWAY_SUBNET {
        return Err(properties.invalid(
            "addressPrefix",
            &format!(
                "({}) is too small for a gateway, whose instances are .12 and .13",
                subnet.ipv4
            ),
            "use a /28 or larger; /27 is usual",
        ));
    }
    Ok((name, subnet))
}

fn covers(a: IpNetwork, b: IpNetwork) -> bool {
    match (a, b) {
        (IpNetwork::V4(a), IpNetwork::V4(b)) => a.is_supernet_of(b),
        (IpNetwork::V6(a), IpNetwork::V6(b)) => a.is_supernet_of(b),
        _ => false,
    }
}

/// Whether two prefixes share an address.
pub fn overlap(a: IpNetwork, b: IpNetwork) -> bool {
    covers(a, b) || covers(b, a)
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
    /// Whether both are the same subnet, whatever the case.
    pub fn is(&self, other: &Self) -> bool {
        self.network == other.network && self.name.eq_ignore_ascii_case(&other.name)
    }

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
