//! `Microsoft.Network/networkInterfaces`: a VM, as the network sees it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use desired::MacAddress;

use super::{Fields, InvalidField, SubnetId, fields::Item};

/// The network interface of a VM; its name is the VM's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInterface {
    /// Its MAC address. Azure chooses one; here the lab's plumbing says which it is. Without one
    /// no packet can be sent to the VM.
    pub mac: Option<MacAddress>,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its IPv6 address, if it has one.
    pub address_ipv6: Option<Ipv6Addr>,
    /// Its subnet.
    pub subnet: SubnetId,
}

const CONFIGURATIONS: &str = "ipConfigurations";
const CURE: &str = "give one with privateIPAddress and subnet.id, and for IPv6 a second with \
                    privateIPAddressVersion IPv6";

impl NetworkInterface {
    pub(super) fn parse(body: &Fields<'_>) -> Result<Self, InvalidField> {
        let properties = body.object("properties")?;
        let (mut ipv4, mut ipv6) = (None, None);
        let configurations = properties.list(CONFIGURATIONS)?;
        for item in &configurations {
            let (address, subnet) = configuration(item)?;
            let second = match address {
                IpAddr::V4(address) => ipv4.replace((address, subnet)).is_some(),
                IpAddr::V6(address) => ipv6.replace((address, subnet)).is_some(),
            };
            if second {
                return Err(item.wrong("is a second address of its family", CURE));
            }
        }
        let count = configurations.len();
        let missing = || properties.invalid(CONFIGURATIONS, &without_ipv4(count), CURE);
        let (address, subnet) = ipv4.ok_or_else(missing)?;
        let address_ipv6 = ipv6.as_ref().map(|(address, _)| *address);
        if ipv6.is_some_and(|(_, other)| !other.is(&subnet)) {
            return Err(properties.invalid(
                CONFIGURATIONS,
                "are in two subnets",
                "give both addresses the same subnet.id: a VM's interface is in one subnet",
            ));
        }
        let mac = properties.parsed("macAddress", "a MAC address such as 02:00:00:00:00:01")?;
        Ok(Self { mac, address, address_ipv6, subnet })
    }

    /// Its addresses.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        std::iter::once(self.address.into()).chain(self.address_ipv6.map(IpAddr::from))
    }
}

fn without_ipv4(count: usize) -> String {
    if count == 0 { "is missing".to_owned() } else { "has no IPv4 address".to_owned() }
}

/// One address and its subnet.
fn configuration(item: &Item<'_>) -> Result<(IpAddr, SubnetId), InvalidField> {
    let properties = item.object()?.object("properties")?;
    let version = properties.text("privateIPAddressVersion")?.unwrap_or("IPv4");
    let ipv6 = version.eq_ignore_ascii_case("IPv6");
    if !ipv6 && !version.eq_ignore_ascii_case("IPv4") {
        let expected = "write IPv4 or IPv6";
        return Err(properties.invalid("privateIPAddressVersion", "is neither", expected));
    }
    let name = "privateIPAddress";
    let address = if ipv6 {
        properties.parsed::<Ipv6Addr>(name, "an IPv6 address")?.map(IpAddr::from)
    } else {
        properties.parsed::<Ipv4Addr>(name, "an IPv4 address")?.map(IpAddr::from)
    };
    let cure = "choose an address of the subnet; none is allocated by itself here";
    let address = properties.required(name, address, cure)?;
    Ok((address, SubnetId::read(&properties, "subnet")?))
}

#[cfg(test)]
mod tests;
