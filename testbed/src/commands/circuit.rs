//! `erlab circuit`: the provider's side of a circuit.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{
    Failure, arm,
    open_lab::OpenLab,
    output::{Printer, table},
};

/// ExpressRoute circuits
#[derive(Debug, Args)]
#[command(after_help = "\
A circuit carries traffic only while its provider has provisioned it. `provision` and `deprovision`
are the provider's act; Azure has no call for them.

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
        Verb::List => {
            let mut circuits = Vec::new();
            for circuit in lab.circuits() {
                let id = lab.circuit_scope(&circuit)?.circuit(&circuit);
                circuits.push(lab.control().get(&id).await?);
            }
            printer.show(&serde_json::json!({ "value": circuits }), overview)
        }
        Verb::Show(Named { circuit }) => {
            let id = lab.circuit_scope(&circuit)?.circuit(&circuit);
            printer.show(&lab.control().get(&id).await?, details)
        }
        Verb::Provision(Named { circuit }) => act(lab, printer, &circuit, "provision").await,
        Verb::Deprovision(Named { circuit }) => act(lab, printer, &circuit, "deprovision").await,
    }
}

async fn act(lab: &OpenLab, printer: Printer, name: &str, action: &str) -> Result<(), Failure> {
    let id = lab.circuit_scope(name)?.circuit(name);
    lab.control().post(&format!("{id}/{action}"), None).await?;
    let applied = arm::applied(lab).await?;
    let resource = lab.control().get(&id).await?;
    printer.show(&resource, |resource| {
        format!("circuit {name} {action}ed ({applied})\n{}", details(resource))
    })
}

fn details(resource: &Value) -> String {
    let provider = "/properties/serviceProviderProperties";
    arm::lines(&[
        ("name", arm::text_at(resource, "/name")),
        (
            "serviceProviderProvisioningState",
            arm::text_at(resource, "/properties/serviceProviderProvisioningState"),
        ),
        ("provider", arm::text_at(resource, &format!("{provider}/serviceProviderName"))),
        ("peeringLocation", arm::text_at(resource, &format!("{provider}/peeringLocation"))),
        ("bandwidthInMbps", arm::text_at(resource, &format!("{provider}/bandwidthInMbps"))),
        ("provisioningState", arm::text_at(resource, "/properties/provisioningState")),
    ])
}

fn overview(list: &Value) -> String {
    let provider = "/properties/serviceProviderProperties";
    table(
        &["CIRCUIT", "PROVIDER", "MBPS", "PROVIDER STATE"],
        arm::members(list).iter().map(|circuit| {
            vec![
                arm::text_at(circuit, "/name"),
                arm::text_at(circuit, &format!("{provider}/serviceProviderName")),
                arm::text_at(circuit, &format!("{provider}/bandwidthInMbps")),
                arm::text_at(circuit, "/properties/serviceProviderProvisioningState"),
            ]
        }),
    )
}
