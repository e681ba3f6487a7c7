//! `Erlab.Edge/gatewayHosts`: where a gateway runs, as the lab's plumbing reports it.

use desired::MacAddress;

use super::{Fields, InvalidField, ResourceId, virtual_network_gateway::INSTANCES};

/// The host of one gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayHost {
    /// The gateway.
    pub gateway: ResourceId,
    /// MAC address of each instance, first to last: `.12` and `.13` of the GatewaySubnet.
    pub instances: Vec<MacAddress>,
}

impl GatewayHost {
    pub(super) fn parse(body: &Fields<'_>) -> Result<Self, InvalidField> {
        let properties = body.object("properties")?;
        let gateway = properties.reference("gateway")?;
        let gateway = properties.required("gateway", gateway, "give the gateway's id")?;
        let mut instances = Vec::new();
        for item in properties.list("instances")? {
            let fields = item.object()?;
            let mac = fields.parsed("macAddress", "a MAC address such as 02:00:00:00:00:01")?;
            instances.push(fields.required(
                "macAddress",
                mac,
                "give the instance's MAC address",
            )?);
        }
        if instances.len() > INSTANCES {
            return Err(properties.invalid(
                "instances",
                &format!("has {} elements", instances.len()),
                "a gateway has two instances",
            ));
        }
        Ok(Self { gateway, instances })
    }
}
