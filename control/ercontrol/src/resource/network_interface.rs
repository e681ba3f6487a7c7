//! `Microsoft.Network/networkInterfaces`: a VM, as the network sees it.

use std::net::Ipv4Addr;

use desired::MacAddress;

use super::{Fields, InvalidField, SubnetId};

/// The network interface of a VM; its name is the VM's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInterface {
    /// Its MAC address. Azure chooses one; here the lab's plumbing says which it is. Without one
    /// no packet can be sent to the VM.
    pub mac: Option<MacAddress>,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its subnet.
    pub subnet: SubnetId,
}

impl NetworkInterface {
    pub(super) fn parse(body: &Fields<'_>) -> Result<Self, InvalidField> {
        let properties = body.object("properties")?;
        let configurations = properties.list("ipConfigurations")?;
        let [configuration] = configurations.as_slice() else {
            return Err(properties.invalid(
                "ipConfigurations",
                &format!("has {} elements", configurations.len()),
                "give exactly one, with privateIPAddress and subnet.id",
            ));
        };
        let configuration = configuration.object()?.object("properties")?;
        let address = configuration.parsed("privateIPAddress", "an IPv4 address")?;
        Ok(Self {
            mac: properties.parsed("macAddress", "a MAC address such as 02:00:00:00:00:01")?,
            address: configuration.required(
                "privateIPAddress",
                address,
                "choose an address of the subnet; none is allocated by itself here",
            )?,
            subnet: SubnetId::read(&configuration, "subnet")?,
        })
    }
}
