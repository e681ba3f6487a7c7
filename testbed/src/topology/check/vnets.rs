//! VNets: address spaces, GatewaySubnets, VMs, peerings.

use std::{collections::BTreeMap, net::Ipv4Addr};

use crate::topology::{
    file::Vnet,
    located::Located,
    mistake::{Mistake, PlanError},
    quantity::Prefix,
};

use super::{Checker, joined::Joined};

/// Instance `.13` must be a usable address of the GatewaySubnet.
const SMALLEST_GATEWAY_SUBNET: u8 = 28;

impl Checker<'_> {
    pub(super) fn vnets(&self) -> Result<(), PlanError> {
        let expressroute = &self.topology.expressroute;
        let joined = Joined::of(expressroute);
        let mut earlier: Vec<(&str, &Prefix)> = Vec::new();
        for (name, vnet) in expressroute.vnets.iter() {
            self.known("region", &vnet.region, expressroute.regions.names())?;
            self.no_host_bits(&vnet.cidr)?;
            for (owner, other) in &earlier {
                if vnet.cidr.overlaps(other.0) && joined.are(name, owner) {
                    let mistake = Mistake::Overlap {
                        prefix: vnet.cidr.to_string(),
                        other: other.to_string(),
                        owner: format!("VNet `{owner}`"),
                    };
                    return self.fail(vnet.cidr.span, mistake);
                }
            }
            earlier.push((name, &vnet.cidr.value));
            self.gateway_subnet(name, vnet)?;
            self.vms(name, vnet)?;
        }
        Ok(())
    }

    fn gateway_subnet(&self, name: &Located<String>, vnet: &Vnet) -> Result<(), PlanError> {
        let Some(subnet) = &vnet.gateway_subnet else {
            return match &vnet.gateway {
                None => Ok(()),
                Some(gateway) => {
                    self.fail(gateway.name.span, Mistake::Gateway("the VNet has no GatewaySubnet"))
                }
            };
        };
        self.no_host_bits(subnet)?;
        if subnet.prefix() > SMALLEST_GATEWAY_SUBNET {
            let expected = "GatewaySubnet of /28 or larger (Azure recommends /27)";
            let mistake = Mistake::PrefixLength { prefix: subnet.to_string(), expected };
            return self.fail(subnet.span, mistake);
        }
        if !subnet.is_subnet_of(vnet.cidr.value.0) {
            let mistake = outside(&subnet.value, name, &vnet.cidr);
            return self.fail(subnet.span, mistake);
        }
        Ok(())
    }

    fn vms(&self, name: &Located<String>, vnet: &Vnet) -> Result<(), PlanError> {
        let mut taken: BTreeMap<Ipv4Addr, &str> = BTreeMap::new();
        for (vm, address) in vnet.vms.iter() {
            if !vnet.cidr.contains(address.value) {
                let mistake = outside(&address.value, name, &vnet.cidr);
                return self.fail(address.span, mistake);
            }
            let owner = match (&vnet.gateway_subnet, taken.get(&address.value)) {
                (_, Some(other)) => format!("`{other}`"),
                (Some(subnet), _) if subnet.contains(address.value) => {
                    "the GatewaySubnet".to_owned()
                }
                _ => {
                    taken.insert(address.value, vm);
                    continue;
                }
            };
            let mistake = Mistake::AddressTwice { address: address.to_string(), owner };
            return self.fail(address.span, mistake);
        }
        Ok(())
    }

    pub(super) fn peerings(&self) -> Result<(), PlanError> {
        let vnets = &self.topology.expressroute.vnets;
        for peering in &self.topology.expressroute.peerings {
            self.known("VNet", &peering.hub, vnets.names())?;
            self.known("VNet", &peering.spoke, vnets.names())?;
            let (Some(hub), Some(spoke)) = (vnets.find(&peering.hub), vnets.find(&peering.spoke))
            else {
                continue;
            };
            let span = peering.spoke.span;
            if peering.hub == peering.spoke {
                return self.fail(span, Mistake::DuplicateName(peering.spoke.value.clone()));
            }
            if hub.region != spoke.region {
                return self.fail(span, Mistake::PeeringRegions(peering.spoke.value.clone()));
            }
            if peering.gateway_transit && hub.gateway.is_none() {
                let mistake = Mistake::Gateway("gateway transit through a hub without a gateway");
                return self.fail(peering.hub.span, mistake);
            }
            if peering.gateway_transit && spoke.gateway.is_some() {
                let mistake = Mistake::Gateway("gateway transit for a spoke with its own gateway");
                return self.fail(span, mistake);
            }
        }
        Ok(())
    }

    pub(super) fn no_host_bits(&self, prefix: &Located<Prefix>) -> Result<(), PlanError> {
        let network = prefix.value.masked();
        if network == prefix.value.0 {
            return Ok(());
        }
        let mistake =
            Mistake::HostBits { prefix: prefix.to_string(), network: network.to_string() };
        self.fail(prefix.span, mistake)
    }
}

fn outside(inner: &dyn ToString, vnet: &str, outer: &Located<Prefix>) -> Mistake {
    Mistake::Outside {
        inner: inner.to_string(),
        what: format!("the address space of VNet `{vnet}`"),
        outer: outer.to_string(),
    }
}
