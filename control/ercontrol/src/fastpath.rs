//! Who gets FastPath: the rules of the 2020 profile.
//!
//! The trap: FastPath is decided by destination, not by connection. With FastPath on, a hub's VM
//! is reached directly while the spoke behind the same gateway is not. Rules are tried in order and
//! the first that applies decides; the last one always does.
//!
//! The 2020 profile follows Microsoft's "About ExpressRoute FastPath" as of March 2020. Route
//! tables on the GatewaySubnet, basic load balancers and private endpoints, which stay on the
//! gateway too, are not modelled yet and have no rule here.

use crate::resource::Sku;

/// The connection a packet would arrive by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival<'a> {
    /// Name of the connection.
    pub connection: &'a str,
    /// Its `expressRouteGatewayBypass`.
    pub bypass: bool,
    /// Size of its gateway.
    pub sku: Sku,
}

/// Where a packet is going, seen from the gateway's VNet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// An address of a VM in the gateway's own VNet.
    HubMachine,
    /// Any other address of the gateway's own VNet.
    HubPrefix,
    /// Any IPv6 address of the gateway's own VNet, a VM's or not.
    HubIpv6,
    /// An address of a peered VNet that uses the gateway.
    SpokePrefix,
}

/// How the MSEE sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which way.
    pub way: Way,
    /// Why, as a sentence fragment for traces.
    pub why: String,
}

/// The two ways into a VNet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Straight to the VM.
    Direct,
    /// Through an instance of the gateway.
    Gateway,
}

/// How well a rule is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// Microsoft's documentation says so.
    Documented,
    /// Follows from documentation or captures, but is said nowhere.
    Inferred,
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// Where it is from.
    pub source: &'static str,
    /// How well it is known.
    pub confidence: Confidence,
    apply: fn(&Arrival<'_>, Destination) -> Option<Decision>,
}

const ABOUT_2020: &str = "Microsoft, About ExpressRoute FastPath, 2020-03-25";

/// The rules, in the order they are tried.
pub const RULES: [Rule; 6] = [
    Rule {
        name: "bypass_off",
        source: ABOUT_2020,
        confidence: Confidence::Documented,
        apply: bypass_off,
    },
    Rule {
        name: "sku_not_eligible",
        source: ABOUT_2020,
        confidence: Confidence::Documented,
        apply: sku_not_eligible,
    },
    Rule {
        name: "spoke_on_gateway",
        source: ABOUT_2020,
        confidence: Confidence::Documented,
        apply: spoke_on_gateway,
    },
    Rule {
        name: "ipv6_on_gateway",
        source: "the text of 2020 knows no IPv6 (private peering had none); that of 2025-11-05 has \
                 FastPath to IPv6 of the hub on ExpressRoute Direct alone",
        confidence: Confidence::Inferred,
        apply: ipv6_on_gateway,
    },
    Rule {
        name: "hub_machine_direct",
        source: ABOUT_2020,
        confidence: Confidence::Documented,
        apply: hub_machine_direct,
    },
    Rule {
        name: "no_machine_on_gateway",
        source: "FastPath entries are per IP address (the limits published since 2021 count \
                 addresses), so an address without a VM has none",
        confidence: Confidence::Inferred,
        apply: no_machine_on_gateway,
    },
];

/// Which way packets to `destination` go.
pub fn decide(arrival: &Arrival<'_>, destination: Destination) -> Decision {
    RULES
        .iter()
        .find_map(|rule| (rule.apply)(arrival, destination))
        .unwrap_or_else(|| gateway("no FastPath rule applies".to_owned()))
}

/// Whether a gateway of this size may have FastPath connections.
pub fn eligible(sku: Sku) -> bool {
    matches!(sku, Sku::UltraPerformance | Sku::ErGw3AZ)
}

fn gateway(why: String) -> Decision {
    Decision { way: Way::Gateway, why }
}

fn bypass_off(arrival: &Arrival<'_>, _: Destination) -> Option<Decision> {
    (!arrival.bypass).then(|| gateway(format!("FastPath is off on {}", arrival.connection)))
}

/// The API refuses this combination; the rule keeps the compiler right by itself.
fn sku_not_eligible(arrival: &Arrival<'_>, _: Destination) -> Option<Decision> {
    (!eligible(arrival.sku)).then(|| gateway(format!("SKU {} has no FastPath", arrival.sku)))
}

fn spoke_on_gateway(_: &Arrival<'_>, destination: Destination) -> Option<Decision> {
    (destination == Destination::SpokePrefix)
        .then(|| gateway("spoke prefix: not in FastPath".to_owned()))
}

fn ipv6_on_gateway(_: &Arrival<'_>, destination: Destination) -> Option<Decision> {
    (destination == Destination::HubIpv6)
        .then(|| gateway("IPv6: not in FastPath (profile 2020)".to_owned()))
}

fn hub_machine_direct(arrival: &Arrival<'_>, destination: Destination) -> Option<Decision> {
    (destination == Destination::HubMachine).then(|| Decision {
        way: Way::Direct,
        why: format!("FastPath: hub VM of {}", arrival.connection),
    })
}

fn no_machine_on_gateway(_: &Arrival<'_>, destination: Destination) -> Option<Decision> {
    (destination == Destination::HubPrefix)
        .then(|| gateway("hub address without a VM: not in FastPath".to_owned()))
}

#[cfg(test)]
mod tests;
