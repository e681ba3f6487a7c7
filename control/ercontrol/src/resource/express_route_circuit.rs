//! `Microsoft.Network/expressRouteCircuits`: what the customer orders from a provider.

use super::{Fields, InvalidField};

/// A circuit. Whether the provider has provisioned it is in [`super::Held`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpressRouteCircuit {
    /// Bits per second; each of its two links carries as much.
    pub bandwidth: Option<u64>,
}

impl ExpressRouteCircuit {
    pub(super) fn parse(body: &Fields<'_>) -> Result<Self, InvalidField> {
        let properties = body.object("properties")?;
        if properties.item("expressRoutePort").is_some() {
            return Err(properties.invalid(
                "expressRoutePort",
                "asks for ExpressRoute Direct",
                "describe a provider's circuit in serviceProviderProperties; Direct is not modelled",
            ));
        }
        let provider = properties.object("serviceProviderProperties")?;
        provider.text("serviceProviderName")?;
        provider.text("peeringLocation")?;
        let bandwidth = provider.number("bandwidthInMbps", 1..=400_000)?;
        Ok(Self { bandwidth: bandwidth.map(|megabits| u64::from(megabits) * 1_000_000) })
    }
}
