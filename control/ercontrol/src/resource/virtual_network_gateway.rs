//! `Microsoft.Network/virtualNetworkGateways`: ExpressRoute gateways.

use std::{fmt, str::FromStr};

use super::{Fields, InvalidField, SubnetId, virtual_network::GATEWAY_SUBNET};

/// Instances of a gateway; Azure has two.
pub const INSTANCES: usize = 2;

/// An ExpressRoute gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualNetworkGateway {
    /// Its size.
    pub sku: Sku,
    /// The GatewaySubnet it lives in.
    pub subnet: SubnetId,
}

/// Size of an ExpressRoute gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Azure's own and say all there is to say")]
pub enum Sku {
    Standard,
    HighPerformance,
    UltraPerformance,
    ErGw1AZ,
    ErGw2AZ,
    ErGw3AZ,
    ErGwScale,
}

impl Sku {
    const ALL: [Self; 7] = [
        Self::Standard,
        Self::HighPerformance,
        Self::UltraPerformance,
        Self::ErGw1AZ,
        Self::ErGw2AZ,
        Self::ErGw3AZ,
        Self::ErGwScale,
    ];
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Sku {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|sku| sku.to_string().eq_ignore_ascii_case(text)).ok_or(())
    }
}

impl VirtualNetworkGateway {
    pub(super) fn parse(body: &Fields<'_>) -> Result<Self, InvalidField> {
        let properties = body.object("properties")?;
        let kind = properties.text("gatewayType")?.unwrap_or("ExpressRoute");
        if !kind.eq_ignore_ascii_case("ExpressRoute") {
            return Err(properties.invalid(
                "gatewayType",
                "is not ExpressRoute",
                "write ExpressRoute; VPN gateways are not modelled",
            ));
        }
        let sku = properties.object("sku")?;
        let names = "one of Standard, HighPerformance, UltraPerformance, ErGw1AZ, ErGw2AZ, \
                     ErGw3AZ, ErGwScale";
        let sku = sku.required("name", sku.parsed("name", names)?, names)?;
        let configurations = properties.list("ipConfigurations")?;
        let Some(configuration) = configurations.first() else {
            return Err(properties.invalid(
                "ipConfigurations",
                "is missing",
                "give one, with the id of the VNet's GatewaySubnet in properties.subnet.id",
            ));
        };
        let configuration = configuration.object()?.object("properties")?;
        let subnet = SubnetId::read(&configuration, "subnet")?;
        if !subnet.name.eq_ignore_ascii_case(GATEWAY_SUBNET) {
            return Err(configuration.invalid(
                "subnet",
                "is not a GatewaySubnet",
                "gateways live in the subnet named GatewaySubnet",
            ));
        }
        Ok(Self { sku, subnet })
    }
}
