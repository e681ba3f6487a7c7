//! VNets: address spaces, GatewaySubnets, VMs, peerings.

use std::{collections::BTreeMap, net::IpAddr};

use crate::topology::{
    file::Vnet,
    located::{Located, Span},
    mistake::{Mistake, PlanError},
};

use super::{Checker, joined::Joined};

/// Instance `.13` must be a usable address of the GatewaySubnet.
const SMALLEST_GATEWAY_SUBNET: u8 = 28;

/// Azure's length of a subnet's IPv6 prefix; a VNet has room for one at least.
const IPV6_SUBNET: u8 = 64;

impl Checker<'_> {
    pub(super) fn vnets(&self) -> Result<(), PlanError> {
        let expressroute = &self.topology.expressroute;
        let joined = Joined::of(expressroute);
        let mut earlier: Vec<(&str, &Vnet)> = Vec::new();
        for (name, vnet) in expressroute.vnets.iter() {
            self.known("region", &vnet.region, expressroute.regions.names())?;
            self.no_host_bits(&vnet.cidr, vnet.cidr.masked())?;
            if let Some(cidr6) = &vnet.cidr6 {
                self.no_host_bits(cidr6, cidr6.masked())?;
                if cidr6.prefix() > IPV6_SUBNET {
                    let expected = "prefix of at most 64 bits, with room for a subnet";
                    let prefix = cidr6.to_string();
                    return self.fail(cidr6.span, Mistake::PrefixLength { prefix, expected });
                }
            }
            for (owner, other) in earlier.iter().filter(|(owner, _)| joined.are(name, owner)) {
                self.distinct(vnet, owner, other)?;
            }
            earlier.push((name, vnet));
            self.gateway_subnet(name, vnet)?;
            self.vms(name, vnet)?;
        }
        Ok(())
    }

    /// That two VNets that meet share no address.
    fn distinct(&self, vnet: &Vnet, owner: &str, other: &Vnet) -> Result<(), PlanError> {
        let (cidr, cidr6) = (&vnet.cidr, vnet.cidr6.as_ref().zip(other.cidr6.as_ref()));
        let overlap = if cidr.overlaps(other.cidr.0) {
            Some((cidr.span, cidr.to_string(), other.cidr.to_string()))
        } else {
            let overlapping = cidr6.filter(|(own, other)| own.overlaps(other.0));
            overlapping.map(|(own, other)| (own.span, own.to_string(), other.to_string()))
        };
        let Some((span, prefix, other)) = overlap else { return Ok(()) };
        self.fail(span, Mistake::Overlap { prefix, other, owner: format!("VNet `{owner}`") })
    }

    fn gateway_subnet(&self, name: &Located<String>, vnet: &Vnet) -> Result<(), PlanError> {
        self.needs(vnet.gateway_subnet6.as_ref(), "gateway_subnet", vnet.gateway_subnet.as_ref())?;
        let Some(subnet) = &vnet.gateway_subnet else {
            return match &vnet.gateway {
                None => Ok(()),
                Some(gateway) => {
                    self.fail(gateway.name.span, Mistake::Gateway("the VNet has no GatewaySubnet"))
                }
            };
        };
        self.no_host_bits(subnet, subnet.masked())?;
        if subnet.prefix() > SMALLEST_GATEWAY_SUBNET {
            let expected = "GatewaySubnet of /28 or larger (Azure recommends /27)";
            let mistake = Mistake::PrefixLength { prefix: subnet.to_string(), expected };
            return self.fail(subnet.span, mistake);
        }
        if !subnet.is_subnet_of(vnet.cidr.value.0) {
            return self.fail(subnet.span, outside(&subnet.value, name, &vnet.cidr));
        }
        let Some(subnet6) = &vnet.gateway_subnet6 else { return Ok(()) };
        self.no_host_bits(subnet6, subnet6.masked())?;
        self.needs(Some(subnet6), "cidr6", vnet.cidr6.as_ref())?;
        if subnet6.prefix() != IPV6_SUBNET {
            let expected = "/64, the only length of a subnet's IPv6 prefix in Azure";
            let mistake = Mistake::PrefixLength { prefix: subnet6.to_string(), expected };
            return self.fail(subnet6.span, mistake);
        }
        match &vnet.cidr6 {
            Some(cidr6) if !subnet6.is_subnet_of(cidr6.value.0) => {
                self.fail(subnet6.span, outside(&subnet6.value, name, cidr6))
            }
            _ => Ok(()),
        }
    }

    fn vms(&self, name: &Located<String>, vnet: &Vnet) -> Result<(), PlanError> {
        let mut taken: BTreeMap<IpAddr, &str> = BTreeMap::new();
        for (vm, addresses) in vnet.vms.iter() {
            let ipv4 = Located { value: addresses.ipv4, span: addresses.span };
            if !vnet.cidr.contains(ipv4.value) {
                return self.fail(ipv4.span, outside(&ipv4.value, name, &vnet.cidr));
            }
            let gateways = vnet.gateway_subnet.as_ref();
            let gateways = gateways.is_some_and(|subnet| subnet.contains(ipv4.value));
            self.own(ipv4.value.into(), ipv4.span, gateways, &taken)?;
            taken.insert(ipv4.value.into(), vm);

            let Some(ipv6) = &addresses.ipv6 else { continue };
            self.needs(Some(ipv6), "cidr6", vnet.cidr6.as_ref())?;
            if let Some(cidr6) = &vnet.cidr6
                && !cidr6.contains(ipv6.value)
            {
                return self.fail(ipv6.span, outside(&ipv6.value, name, cidr6));
            }
            let gateways = vnet.gateway_subnet6.as_ref();
            let gateways = gateways.is_some_and(|subnet| subnet.contains(ipv6.value));
            self.own(ipv6.value.into(), ipv6.span, gateways, &taken)?;
            taken.insert(ipv6.value.into(), vm);
        }
        Ok(())
    }

    /// That an address is neither another VM's nor the GatewaySubnet's.
    fn own(
        &self,
        address: IpAddr,
        span: Span,
        in_gateway_subnet: bool,
        taken: &BTreeMap<IpAddr, &str>,
    ) -> Result<(), PlanError> {
        let owner = match taken.get(&address) {
            Some(other) => format!("`{other}`"),
            None if in_gateway_subnet => "the GatewaySubnet".to_owned(),
            None => return Ok(()),
        };
        self.fail(span, Mistake::AddressTwice { address: address.to_string(), owner })
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
}

fn outside(inner: &dyn ToString, vnet: &str, outer: &dyn ToString) -> Mistake {
    Mistake::Outside {
        inner: inner.to_string(),
        what: format!("the address space of VNet `{vnet}`"),
        outer: outer.to_string(),
    }
}
