//! `erlab connection`: what joins a gateway to a circuit, and carries the FastPath switch.

mod refusal;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Failure, arm,
    by_name::ByName,
    open_lab::OpenLab,
    output::{Printer, table},
};
use crate::control::{ClientError, Subject};

/// Connections between ExpressRoute gateways and circuits
#[derive(Debug, Args)]
#[command(after_help = "\
A connection with `--express-route-gateway-bypass true` has FastPath: the MSEE sends packets for the
hub straight to the VM, and the gateway leaves the data path.

Examples:
  erlab connection create conn1 --gateway ERGW1 --circuit CIRCUIT_EQUINIX \\
      --authorization-key KEY --express-route-gateway-bypass true
  erlab connection update conn1 --express-route-gateway-bypass false
  erlab connection show conn1 -f json")]
pub(super) struct ConnectionArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Connect a gateway to a circuit
    Create(Create),
    /// Show one connection
    Show {
        /// Name of the connection
        connection: String,
    },
    /// Change a live connection
    Update(Update),
    /// Disconnect; frees the authorization key
    Delete {
        /// Name of the connection
        connection: String,
    },
    /// List all connections
    List,
}

#[derive(Debug, Args)]
struct Create {
    /// Name of the connection
    connection: String,
    /// ExpressRoute gateway
    #[arg(long, env = "ERLAB_GATEWAY", hide_env_values = true)]
    gateway: String,
    /// Circuit
    #[arg(long, env = "ERLAB_CIRCUIT", hide_env_values = true)]
    circuit: String,
    /// Key of an authorization of the circuit; needed when the circuit is in another subscription
    #[arg(long, env = "ERLAB_AUTHORIZATION_KEY", hide_env_values = true)]
    authorization_key: Option<String>,
    /// FastPath: bypass the gateway (needs UltraPerformance or ErGw3AZ)
    #[arg(long, value_name = "true|false", default_value_t = false, action = clap::ArgAction::Set)]
    express_route_gateway_bypass: bool,
    /// Preference among a gateway's connections, 0 to 32000; the highest wins
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=32000))]
    routing_weight: u16,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Changes {
    /// FastPath: bypass the gateway (needs UltraPerformance or ErGw3AZ)
    #[arg(long, value_name = "true|false", action = clap::ArgAction::Set)]
    express_route_gateway_bypass: Option<bool>,
    /// Preference among a gateway's connections, 0 to 32000; the highest wins
    #[arg(long, value_parser = clap::value_parser!(u16).range(0..=32000))]
    routing_weight: Option<u16>,
}

#[derive(Debug, Args)]
struct Update {
    /// Name of the connection
    connection: String,
    #[command(flatten)]
    changes: Changes,
}

/// Runs the verb.
pub(super) async fn run(
    args: ConnectionArgs,
    lab: &OpenLab,
    printer: Printer,
) -> Result<(), Failure> {
    match args.verb {
        Verb::Create(create) => create_connection(create, lab, printer).await,
        Verb::Show { connection } => {
            let resource = ByName::Connection(&connection).read(lab).await?;
            printer.show(&resource, details)
        }
        Verb::Update(update) => update_connection(update, lab, printer).await,
        Verb::Delete { connection } => delete_connection(&connection, lab, printer).await,
        Verb::List => {
            let list = lab.control().get(&lab.gateways().list("connections")).await?;
            printer.show(&list, overview)
        }
    }
}

async fn create_connection(create: Create, lab: &OpenLab, printer: Printer) -> Result<(), Failure> {
    let Create {
        connection,
        gateway,
        circuit,
        authorization_key,
        express_route_gateway_bypass,
        routing_weight,
    } = &create;
    let gateways = lab.gateways();
    let mut body = json!({
        "location": lab.location_of_gateway(gateway),
        "properties": {
            "connectionType": "ExpressRoute",
            "virtualNetworkGateway1": { "id": gateways.gateway(gateway) },
            "peer": { "id": lab.circuit_scope(circuit)?.circuit(circuit) },
            "routingWeight": routing_weight,
            "expressRouteGatewayBypass": express_route_gateway_bypass,
        }
    });
    if let Some(key) = authorization_key {
        body["properties"]["authorizationKey"] = Value::String(key.clone());
    }
    let resource = match lab.control().put(&gateways.connection(connection), Some(body)).await {
        Ok(resource) => resource,
        Err(error) => return Err(refusal::refusal(error, &create, lab).await),
    };
    let applied = arm::applied(lab).await?;
    printer.show(&resource, |resource| {
        format!("connection {connection} created ({applied})\n{}", details(resource))
    })
}

async fn update_connection(update: Update, lab: &OpenLab, printer: Printer) -> Result<(), Failure> {
    let Update { connection, changes } = update;
    let named = ByName::Connection(&connection);
    let id = named.id(lab)?;
    let resource = match changed(&id, &changes, lab).await {
        // Somebody else was faster. Twice in a row is for the user to know.
        Err(error) if error.is_precondition_failed() => changed(&id, &changes, lab).await,
        resource => resource,
    };
    let resource = match resource {
        Ok(resource) => resource,
        Err(error) => return Err(named.refusal(error, lab).await),
    };
    let applied = arm::applied(lab).await?;
    printer.show(&resource, |resource| {
        format!("connection {connection} updated ({applied})\n{}", details(resource))
    })
}

/// Reads the connection, changes what is to be changed, and writes exactly that version back: ARM has
/// no PATCH for it, and a PUT alone would undo what somebody else changed in between.
async fn changed(id: &str, changes: &Changes, lab: &OpenLab) -> Result<Value, ClientError> {
    let mut body = lab.control().get(id).await?;
    if let Some(bypass) = changes.express_route_gateway_bypass {
        body["properties"]["expressRouteGatewayBypass"] = Value::Bool(bypass);
    }
    if let Some(weight) = changes.routing_weight {
        body["properties"]["routingWeight"] = Value::from(weight);
    }
    let etag = arm::text_at(&body, "/etag");
    let gateway = arm::reference(&body, "/properties/virtualNetworkGateway1/id");
    let circuit = arm::reference(&body, "/properties/peer/id");
    lab.control().replace(id, body, &etag).await.map_err(|error| {
        let (gateway, circuit) = (Some(gateway.as_str()), Some(circuit.as_str()));
        error.about(Subject { gateway, circuit, ..Subject::default() })
    })
}

async fn delete_connection(
    connection: &str,
    lab: &OpenLab,
    printer: Printer,
) -> Result<(), Failure> {
    let named = ByName::Connection(connection);
    // ARM's DELETE of what is not there succeeds; a person who mistyped a name wants to know.
    named.read(lab).await?;
    let id = named.id(lab)?;
    lab.control().delete(&id, None).await?;
    let applied = arm::applied(lab).await?;
    printer.show(&json!({ "id": id, "deleted": true }), |_| {
        format!("connection {connection} deleted ({applied})")
    })
}

fn details(resource: &Value) -> String {
    arm::lines(&[
        ("name", arm::text_at(resource, "/name")),
        ("gateway", arm::reference(resource, "/properties/virtualNetworkGateway1/id")),
        ("circuit", arm::reference(resource, "/properties/peer/id")),
        ("connectionStatus", arm::text_at(resource, "/properties/connectionStatus")),
        ("provisioningState", arm::text_at(resource, "/properties/provisioningState")),
        (
            "expressRouteGatewayBypass",
            arm::text_at(resource, "/properties/expressRouteGatewayBypass"),
        ),
        ("routingWeight", arm::text_at(resource, "/properties/routingWeight")),
    ])
}

/// The table of all connections; `inspect` shows it too.
pub(super) fn overview(list: &Value) -> String {
    table(
        &["CONNECTION", "GATEWAY", "CIRCUIT", "STATUS", "EXPRESSROUTEGATEWAYBYPASS"],
        arm::members(list).iter().map(|connection| {
            vec![
                arm::text_at(connection, "/name"),
                arm::reference(connection, "/properties/virtualNetworkGateway1/id"),
                arm::reference(connection, "/properties/peer/id"),
                arm::text_at(connection, "/properties/connectionStatus"),
                arm::text_at(connection, "/properties/expressRouteGatewayBypass"),
            ]
        }),
    )
}

#[cfg(test)]
mod tests;
