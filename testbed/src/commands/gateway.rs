//! `erlab gateway`: ExpressRoute gateways and their two instances.

use std::fmt::Write;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Failure, arm,
    by_name::ByName,
    open_lab::OpenLab,
    output::{Printer, table, thousands},
};

/// ExpressRoute gateways
#[derive(Debug, Args)]
#[command(after_help = "\
A gateway has two instances (.12 and .13 of its GatewaySubnet). With both failed its VNets are
withdrawn from the circuit, FastPath or not; with one failed FastPath does not notice.

Examples:
  erlab gateway list
  erlab gateway show ERGW1
  erlab gateway fail ERGW1 --instance 0
  erlab gateway restore ERGW1")]
pub(super) struct GatewayArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List all gateways
    List,
    /// Show one gateway, its instances and what it delivered to each VM
    Show {
        /// Name of the gateway
        gateway: String,
    },
    /// Fail an instance, or both
    Fail(Instance),
    /// Bring an instance back, or both
    Restore(Instance),
}

#[derive(Debug, Args)]
struct Instance {
    /// Name of the gateway
    gateway: String,
    /// Instance: 0 is .12, 1 is .13; both when absent
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=1))]
    instance: Option<u8>,
}

/// Runs the verb.
pub(super) async fn run(args: GatewayArgs, lab: &OpenLab, printer: Printer) -> Result<(), Failure> {
    match args.verb {
        Verb::List => {
            let list = lab.control().get(&lab.gateways().list("virtualNetworkGateways")).await?;
            printer.show(&list, overview)
        }
        Verb::Show { gateway } => {
            let mut resource = ByName::Gateway(&gateway).read(lab).await?;
            // A gateway that is killed or frozen is still a resource: show it without counters.
            resource["counters"] =
                lab.admin(&gateway).get("/counters").await.unwrap_or(Value::Null);
            printer.show(&resource, details)
        }
        Verb::Fail(instance) => act(lab, printer, &instance, "failInstance", "failed").await,
        Verb::Restore(instance) => {
            act(lab, printer, &instance, "restoreInstance", "restored").await
        }
    }
}

async fn act(
    lab: &OpenLab,
    printer: Printer,
    instance: &Instance,
    action: &str,
    done: &str,
) -> Result<(), Failure> {
    let Instance { gateway, instance } = instance;
    let named = ByName::Gateway(gateway);
    let id = named.id(lab)?;
    let body = instance.map_or_else(|| json!({}), |instance| json!({ "instance": instance }));
    if let Err(error) = lab.control().post(&format!("{id}/{action}"), Some(body)).await {
        return Err(named.refusal(error, lab).await);
    }
    let applied = arm::applied(lab).await?;
    let resource = lab.control().get(&id).await?;
    let which = instance
        .map_or_else(|| "both instances".to_owned(), |instance| format!("instance {instance}"));
    printer.show(&resource, |resource| {
        format!("gateway {gateway}: {which} {done} ({applied})\n{}", details(resource))
    })
}

/// The table of all gateways; `inspect` shows it too.
pub(super) fn overview(list: &Value) -> String {
    table(
        &["GATEWAY", "SKU", "INSTANCES"],
        arm::members(list).iter().map(|gateway| {
            vec![
                arm::text_at(gateway, "/name"),
                arm::text_at(gateway, "/properties/sku/name"),
                instances(gateway).join(", "),
            ]
        }),
    )
}

fn details(resource: &Value) -> String {
    let mut text = arm::lines(&[
        ("name", arm::text_at(resource, "/name")),
        ("sku", arm::text_at(resource, "/properties/sku/name")),
        ("instances", instances(resource).join(", ")),
        ("provisioningState", arm::text_at(resource, "/properties/provisioningState")),
    ]);
    let endpoints = resource["counters"]["endpoints"].as_object();
    for (vm, packets) in endpoints.into_iter().flatten() {
        let packets = thousands(packets.as_u64().unwrap_or(0));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "delivered to {vm}: {packets} packets");
    }
    text
}

/// `10.255.0.12 healthy` for each instance.
fn instances(gateway: &Value) -> Vec<String> {
    gateway["properties"]["instances"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|instance| {
            format!("{} {}", arm::text_at(instance, "/address"), arm::text_at(instance, "/state"))
        })
        .collect()
}

#[cfg(test)]
mod tests;
