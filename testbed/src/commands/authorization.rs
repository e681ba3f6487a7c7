//! `erlab authorization`: the circuit owner's permission for one connection from another
//! subscription.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Failure, arm,
    by_name::ByName,
    open_lab::OpenLab,
    output::{Printer, table},
};
use crate::control::Subject;

/// Authorizations of a circuit
#[derive(Debug, Args)]
#[command(after_help = "\
The owner of a circuit creates an authorization and hands its key to the owner of a gateway in
another subscription. One key serves one connection and is free again when that is deleted.

Examples:
  erlab authorization create auth1 --circuit CIRCUIT_EQUINIX
  erlab authorization create auth1 --circuit CIRCUIT_EQUINIX -f json | \\
      jq -r .properties.authorizationKey
  erlab authorization list --circuit CIRCUIT_EQUINIX")]
pub(super) struct AuthorizationArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Create an authorization and print its key
    Create(Named),
    /// List the authorizations of a circuit
    List {
        #[command(flatten)]
        circuit: Circuit,
    },
    /// Delete an authorization
    Delete(Named),
}

#[derive(Debug, Args)]
struct Named {
    /// Name of the authorization
    authorization: String,
    #[command(flatten)]
    circuit: Circuit,
}

#[derive(Debug, Args)]
struct Circuit {
    /// Circuit
    #[arg(long, env = "ERLAB_CIRCUIT", hide_env_values = true)]
    circuit: String,
}

/// Runs the verb.
pub(super) async fn run(
    args: AuthorizationArgs,
    lab: &OpenLab,
    printer: Printer,
) -> Result<(), Failure> {
    match args.verb {
        Verb::Create(Named { authorization, circuit: Circuit { circuit } }) => {
            let scope = lab.circuit_scope(&circuit)?;
            let id = scope.authorization(&circuit, &authorization);
            let resource = lab.control().put(&id, Some(json!({ "properties": {} }))).await?;
            printer.show(&resource, |resource| {
                format!("authorization {authorization} created in {scope}\n{}", details(resource))
            })
        }
        Verb::List { circuit: Circuit { circuit } } => {
            let id = lab.circuit_scope(&circuit)?.authorizations(&circuit);
            printer.show(&lab.control().get(&id).await?, overview)
        }
        Verb::Delete(Named { authorization, circuit: Circuit { circuit } }) => {
            let named = ByName::Authorization { circuit: &circuit, name: &authorization };
            let (id, resource) = (named.id(lab)?, named.read(lab).await?);
            if let Err(error) = lab.control().delete(&id, None).await {
                let user = arm::reference(&resource, "/properties/connectionResourceUri");
                let other = Some(user.as_str()).filter(|user| !user.is_empty());
                return Err(error.about(Subject { other, ..Subject::default() }).into());
            }
            printer.show(&json!({ "id": id, "deleted": true }), |_| {
                format!("authorization {authorization} of {circuit} deleted")
            })
        }
    }
}

fn details(resource: &Value) -> String {
    arm::lines(&[
        ("name", arm::text_at(resource, "/name")),
        ("authorizationKey", arm::text_at(resource, "/properties/authorizationKey")),
        ("authorizationUseStatus", arm::text_at(resource, "/properties/authorizationUseStatus")),
    ])
}

fn overview(list: &Value) -> String {
    table(
        &["AUTHORIZATION", "KEY", "USE", "CONNECTION"],
        arm::members(list).iter().map(|authorization| {
            vec![
                arm::text_at(authorization, "/name"),
                arm::text_at(authorization, "/properties/authorizationKey"),
                arm::text_at(authorization, "/properties/authorizationUseStatus"),
                arm::reference(authorization, "/properties/connectionResourceUri"),
            ]
        }),
    )
}
