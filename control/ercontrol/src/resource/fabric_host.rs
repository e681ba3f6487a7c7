//! `Erlab.Edge/fabricHosts`: a host of a VXLAN fabric and what runs on it, as the lab's plumbing
//! reports it.

use std::net::Ipv4Addr;

use desired::MacAddress;

use super::{Fields, InvalidField, ResourceId};

/// A host; its name is its own in desired states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FabricHost {
    /// Its tunnel endpoint.
    pub address: Ipv4Addr,
    /// MAC address of the endpoint; without one an MSEE asks for it.
    pub mac: Option<MacAddress>,
    /// The network interfaces of the VMs on it, sorted.
    pub network_interfaces: Vec<ResourceId>,
    /// The gateways on it, sorted.
    pub gateways: Vec<ResourceId>,
}

impl FabricHost {
    pub(super) fn parse(body: &Fields<'_>) -> Result<Self, InvalidField> {
        let properties = body.object("properties")?;
        let address = properties.parsed("address", "an IPv4 address such as 100.64.0.11")?;
        let ids = |name| {
            let mut ids = Vec::new();
            for item in properties.list(name)? {
                ids.push(item.reference()?);
            }
            ids.sort_unstable();
            ids.dedup();
            Ok(ids)
        };
        Ok(Self {
            address: properties.required("address", address, "give the tunnel endpoint")?,
            mac: properties.parsed("macAddress", "a MAC address such as 02:00:00:00:00:01")?,
            network_interfaces: ids("networkInterfaces")?,
            gateways: ids("gateways")?,
        })
    }

    /// Whether a VM's network interface or a gateway is on it.
    pub fn carries(&self, guest: &ResourceId) -> bool {
        self.network_interfaces.contains(guest) || self.gateways.contains(guest)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_host_needs_an_endpoint_and_ids() {
        for (properties, message) in [
            (json!({}), "properties.address is missing: give the tunnel endpoint"),
            (json!({ "address": "fd00::1" }), "properties.address is not an IPv4 address"),
            (
                json!({ "address": "100.64.0.3", "macAddress": "1" }),
                "properties.macAddress is not a MAC address",
            ),
            (
                json!({ "address": "100.64.0.3", "gateways": [{}] }),
                "properties.gateways[0].id is missing",
            ),
        ] {
            let body = json!({ "properties": properties });
            let error = FabricHost::parse(&Fields::root(body.as_object().unwrap())).unwrap_err();
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }
}
