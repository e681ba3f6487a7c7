//! Resources by their names: one that is not there is answered with those that are.

use serde_json::Value;

use super::{Failure, arm, open_lab::OpenLab};
use crate::control::ClientError;

/// What a word of the command line names.
#[derive(Clone, Copy, Debug)]
pub(super) enum ByName<'a> {
    /// A connection.
    Connection(&'a str),
    /// An ExpressRoute gateway.
    Gateway(&'a str),
    /// An authorization of a circuit.
    Authorization {
        /// The circuit.
        circuit: &'a str,
        /// The authorization.
        name: &'a str,
    },
}

impl ByName<'_> {
    /// Its resource id.
    pub(super) fn id(self, lab: &OpenLab) -> Result<String, Failure> {
        Ok(match self {
            Self::Connection(name) => lab.gateways().connection(name),
            Self::Gateway(name) => lab.gateways().gateway(name),
            Self::Authorization { circuit, name } => {
                lab.circuit_scope(circuit)?.authorization(circuit, name)
            }
        })
    }

    /// Reads it.
    pub(super) async fn read(self, lab: &OpenLab) -> Result<Value, Failure> {
        match lab.control().get(&self.id(lab)?).await {
            Ok(resource) => Ok(resource),
            Err(error) => Err(self.refusal(error, lab).await),
        }
    }

    /// What `error`, the answer to a request for it, means: where it does not exist, which there are.
    pub(super) async fn refusal(self, error: ClientError, lab: &OpenLab) -> Failure {
        if !error.is_not_found() {
            return error.into();
        }
        match self.siblings(lab).await {
            Ok(siblings) => self.unknown(&siblings, lab),
            // The lab's control plane went away in between; what it said before stands.
            Err(_) => error.into(),
        }
    }

    /// All of its kind.
    async fn siblings(self, lab: &OpenLab) -> Result<Value, Failure> {
        let path = match self {
            Self::Connection(_) => lab.gateways().list("connections"),
            Self::Gateway(_) => lab.gateways().list("virtualNetworkGateways"),
            Self::Authorization { circuit, .. } => {
                lab.circuit_scope(circuit)?.authorizations(circuit)
            }
        };
        Ok(lab.control().get(&path).await?)
    }

    fn unknown(self, siblings: &Value, lab: &OpenLab) -> Failure {
        let (what, name, shown_by) = match self {
            Self::Connection(name) => ("connection", name, "erlab connection list".to_owned()),
            Self::Gateway(name) => ("gateway", name, "erlab gateway list".to_owned()),
            Self::Authorization { circuit, name } => {
                ("authorization", name, format!("erlab authorization list --circuit {circuit}"))
            }
        };
        let names = arm::members(siblings).iter().map(|one| arm::text_at(one, "/name")).collect();
        Failure::failed(lab.unknown(what, name, names, shown_by))
    }
}
