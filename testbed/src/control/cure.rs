//! What to type after a refusal of `ercontrol`'s.
//!
//! Its messages name requests of the API; a person at the command line wants the command. Names that
//! nobody has told stay words in capitals.

use super::ids;

/// The resources that a refused request is about, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The connection that was to be made or changed.
    pub connection: Option<&'a str>,
    /// Its gateway.
    pub gateway: Option<&'a str>,
    /// Its circuit, or the circuit of an authorization.
    pub circuit: Option<&'a str>,
    /// The connection that is in the way.
    pub other: Option<&'a str>,
}

impl<'a> Subject<'a> {
    /// What the target of an error, a resource id, says.
    pub(super) fn of_target(target: &'a str) -> Self {
        Self {
            connection: ids::name_in(target, "connections"),
            gateway: ids::name_in(target, "virtualNetworkGateways"),
            circuit: ids::name_in(target, "expressRouteCircuits"),
            other: None,
        }
    }

    /// These names, and where one is missing that of `less`.
    pub(super) fn or(self, less: Self) -> Self {
        Self {
            connection: self.connection.or(less.connection),
            gateway: self.gateway.or(less.gateway),
            circuit: self.circuit.or(less.circuit),
            other: self.other.or(less.other),
        }
    }
}

/// What cures a refusal with this code.
pub(super) fn cure(code: &str, subject: Subject<'_>) -> Option<String> {
    let Subject { connection, gateway, circuit, other } = subject;
    let circuit = circuit.unwrap_or("CIRCUIT");
    let new_key = || {
        let name = connection.map_or("NAME".to_owned(), |connection| format!("{connection}-auth"));
        format!("`erlab authorization create {name} --circuit {circuit}`")
    };
    Some(match code {
        "AuthorizationKeyRequired" => {
            format!("{} makes a key; pass it with --authorization-key", new_key())
        }
        "AuthorizationKeyInvalid" => {
            format!("`erlab authorization list --circuit {circuit}` shows the keys there are")
        }
        "AuthorizationKeyInUse" => format!(
            "{} makes another key, and `erlab connection delete {}` frees this one",
            new_key(),
            other.unwrap_or("NAME")
        ),
        "CircuitNotProvisioned" => {
            format!("`erlab circuit provision {circuit}` does the provider's part")
        }
        "ConnectionExists" => match other {
            Some(other) => format!("`erlab connection update {other}` changes it"),
            None => "`erlab connection list` shows it; change it with `erlab connection update`"
                .to_owned(),
        },
        "FastPathSkuNotEligible" => format!(
            "set `sku: ErGw3AZ` for {} in the topology file, `erlab destroy` and `erlab deploy`, or \
             go without FastPath: --express-route-gateway-bypass false",
            gateway.map_or("the gateway".to_owned(), |gateway| format!("gateway {gateway}"))
        ),
        "InUseResourceCannotBeDeleted" => match other {
            Some(other) => format!("`erlab connection delete {other}` comes first"),
            None => "`erlab connection list` shows what is connected".to_owned(),
        },
        "PreconditionFailed" => {
            "somebody else has changed it meanwhile: run the command again".to_owned()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
