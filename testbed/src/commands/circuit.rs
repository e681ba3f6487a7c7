//! `erlab circuit`: the provider's side of a circuit.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Failure, arm,
    open_lab::OpenLab,
    output::{Printer, table},
};
use crate::control::ClientError;

/// ExpressRoute circuits
#[derive(Debug, Args)]
#[command(after_help = "\
A circuit carries traffic only while its provider has provisioned it. `provision` and `deprovision`
are the provider's act; Azure has no call for them. STAG and VLAN are the provider's and the
customer's tags on both links; empty is untagged.

Examples:
  erlab circuit list
  erlab circuit show CIRCUIT_EQUINIX
  erlab circuit deprovision CIRCUIT_EQUINIX")]
pub(super) struct CircuitArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List all circuits
    List,
    /// Show one circuit
    Show(Named),
    /// Act as the provider: turn the circuit on
    Provision(Named),
    /// Act as the provider: turn the circuit off
    Deprovision(Named),
}

#[derive(Debug, Args)]
struct Named {
    /// Name of the circuit
    #[arg(env = "ERLAB_CIRCUIT", hide_env_values = true)]
    circuit: String,
}

/// Runs the verb.
pub(super) async fn run(args: CircuitArgs, lab: &OpenLab, printer: Printer) -> Result<(), Failure> {
    match args.verb {
        Verb::List => printer.show(&all(lab).await?, overview),
        Verb::Show(Named { circuit }) => {
            let id = lab.circuit_scope(&circuit)?.circuit(&circuit);
            printer.show(&one(lab, &id).await?, details)
        }
        Verb::Provision(Named { circuit }) => act(lab, printer, &circuit, "provision").await,
        Verb::Deprovision(Named { circuit }) => act(lab, printer, &circuit, "deprovision").await,
    }
}

/// Every circuit of the lab, as a list answer.
pub(super) async fn all(lab: &OpenLab) -> Result<Value, ClientError> {
    let mut circuits = Vec::new();
    for name in lab.circuits() {
        // Their names are the lab's own.
        let Ok(scope) = lab.circuit_scope(&name) else { continue };
        circuits.push(one(lab, &scope.circuit(&name)).await?);
    }
    Ok(json!({ "value": circuits }))
}

/// A circuit with its peerings in it, as Azure shows it: the customer's VLAN is on the peering.
async fn one(lab: &OpenLab, id: &str) -> Result<Value, ClientError> {
    let mut circuit = lab.control().get(id).await?;
    let mut peerings = lab.control().get(&format!("{id}/peerings")).await?;
    circuit["properties"]["peerings"] = peerings["value"].take();
    Ok(circuit)
}

async fn act(lab: &OpenLab, printer: Printer, name: &str, action: &str) -> Result<(), Failure> {
    let id = lab.circuit_scope(name)?.circuit(name);
    lab.control().post(&format!("{id}/{action}"), None).await?;
    let applied = arm::applied(lab).await?;
    printer.show(&one(lab, &id).await?, |resource| {
        format!("circuit {name} {action}ed ({applied})\n{}", details(resource))
    })
}

const PROVIDER: &str = "/properties/serviceProviderProperties";
const PEERING: &str = "/properties/peerings/0/properties";

fn details(resource: &Value) -> String {
    let provider = |name: &str| arm::text_at(resource, &format!("{PROVIDER}/{name}"));
    let peering = |name: &str| arm::text_at(resource, &format!("{PEERING}/{name}"));
    let own = |name: &str| arm::text_at(resource, &format!("/properties/{name}"));
    arm::lines(&[
        ("name", arm::text_at(resource, "/name")),
        ("serviceProviderProvisioningState", own("serviceProviderProvisioningState")),
        ("provider", provider("serviceProviderName")),
        ("peeringLocation", provider("peeringLocation")),
        ("bandwidthInMbps", provider("bandwidthInMbps")),
        ("primaryPeerAddressPrefix", peering("primaryPeerAddressPrefix")),
        ("secondaryPeerAddressPrefix", peering("secondaryPeerAddressPrefix")),
        ("vlanId", vlan(resource)),
        ("erlabSourceValidation", peering("erlabSourceValidation")),
        ("stag", own("stag")),
        ("serviceEthertype", own("serviceEthertype")),
        ("provisioningState", own("provisioningState")),
    ])
}

/// The customer's VLAN; nothing for an untagged circuit.
fn vlan(circuit: &Value) -> String {
    let vlan = arm::text_at(circuit, &format!("{PEERING}/vlanId"));
    if vlan == "0" { String::new() } else { vlan }
}

/// The table of all circuits; `inspect` shows it too.
pub(super) fn overview(list: &Value) -> String {
    table(
        &["CIRCUIT", "PROVIDER", "MBPS", "STAG", "VLAN", "PROVIDER STATE"],
        arm::members(list).iter().map(|circuit| {
            vec![
                arm::text_at(circuit, "/name"),
                arm::text_at(circuit, &format!("{PROVIDER}/serviceProviderName")),
                arm::text_at(circuit, &format!("{PROVIDER}/bandwidthInMbps")),
                arm::text_at(circuit, "/properties/stag"),
                vlan(circuit),
                arm::text_at(circuit, "/properties/serviceProviderProvisioningState"),
            ]
        }),
    )
}

#[cfg(test)]
mod tests;
