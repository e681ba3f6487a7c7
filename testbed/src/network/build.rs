//! Making a lab's network.

use std::{
    collections::BTreeMap,
    io,
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use miette::Diagnostic;

use crate::topology::plan::Plan;

use super::{
    addresses, configure,
    connection::{ConnectError, Connection, NetlinkError},
    ecmp::{self, EcmpError, EcmpWarning},
    layout::{Layout, layout},
    mark,
    namespace::{self, NamespaceError},
    remove::{self, RemoveError},
    sysctl::{self, SysctlError},
};

/// What [`build`] has to tell.
#[derive(Debug)]
pub struct Built {
    /// How long it took.
    pub took: Duration,
    /// What the lab will not do on this kernel.
    pub warnings: Vec<EcmpWarning>,
}

/// Why a network could not be built. Nothing of it is left, except with `Rollback`.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum BuildError {
    /// The lab is there.
    #[error("the lab {lab} has namespaces already ({namespace})")]
    #[diagnostic(help("`erlab destroy --name {lab}` removes them"))]
    Exists {
        /// Its name.
        lab: String,
        /// One of them.
        namespace: String,
    },
    /// A namespace.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Namespace(#[from] NamespaceError),
    /// A namespace could not be opened for configuration.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Connect(#[from] ConnectError),
    /// A netlink request.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Netlink(#[from] NetlinkError),
    /// A kernel setting.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Sysctl(#[from] SysctlError),
    /// The offloads of an interface.
    #[error("cannot set the offloads of {interface} in {namespace} (SIOCETHTOOL)")]
    Offload {
        /// The interface.
        interface: String,
        /// Where.
        namespace: String,
        /// The ioctl(2) error.
        source: io::Error,
    },
    /// An interface that was made is not there.
    #[error("the interface {interface} has vanished from {namespace}")]
    #[diagnostic(help("does another program move or rename interfaces? Stop it and deploy again"))]
    Vanished {
        /// The interface.
        interface: String,
        /// Where.
        namespace: String,
    },
    /// The search for a hash seed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Ecmp(#[from] EcmpError),
    /// Other labs could not be looked at, or a failed build could not be taken back.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Remove(#[from] RemoveError),
    /// The build failed, and taking it back failed too.
    #[error("{failure}; and what was made could not be removed")]
    #[diagnostic(help("`erlab destroy --name {lab}` tries again"))]
    Rollback {
        /// The lab.
        lab: String,
        /// Why the build failed.
        failure: Box<BuildError>,
        /// Why the removal failed.
        source: Box<RemoveError>,
    },
}

/// Builds the network of a plan. When it fails, everything it made is removed again.
pub async fn build(plan: &Plan) -> Result<Built, BuildError> {
    let start = Instant::now();
    if let Some(namespace) = remove::owned(&plan.lab).await?.into_iter().next() {
        return Err(BuildError::Exists { lab: plan.lab.clone(), namespace });
    }
    match make(plan).await {
        Ok(warnings) => {
            let took = start.elapsed();
            let milliseconds = took.as_millis();
            tracing::info!(event = "network_built", lab = plan.lab, milliseconds);
            for warning in &warnings {
                tracing::warn!(event = "network_warning", lab = plan.lab, %warning);
            }
            Ok(Built { took, warnings })
        }
        Err(failure) => match remove::remove(&plan.lab).await {
            Ok(_) => Err(failure),
            Err(source) => {
                let lab = plan.lab.clone();
                let (failure, source) = (Box::new(failure), Box::new(source));
                Err(BuildError::Rollback { lab, failure, source })
            }
        },
    }
}

async fn make(plan: &Plan) -> Result<Vec<EcmpWarning>, BuildError> {
    let layout = layout(plan);
    let namespaces = make_namespaces(plan, &layout).await?;
    configure::links(plan, &layout, &namespaces).await?;
    addresses::addresses(plan, &layout, &namespaces).await?;
    Ok(ecmp::pin(plan).await?)
}

/// The lab's open namespaces by name.
pub(super) type Namespaces = BTreeMap<String, Connection>;

async fn make_namespaces(plan: &Plan, layout: &Layout) -> Result<Namespaces, BuildError> {
    let mark = mark(&plan.lab);
    let made = layout.namespaces.iter().map(|(name, role)| {
        let (role, mark) = (*role, mark.as_str());
        async move {
            namespace::reserve(name, mark)?;
            let made = Connection::unnamed(name, move || -> Result<(), BuildError> {
                Ok(sysctl::apply(role)?)
            });
            let made = made.await?;
            configure::loopback(&made, mark).await?;
            namespace::attach(name, made.file())?;
            Ok::<_, BuildError>((name.clone(), made))
        }
    });
    Ok(try_join_all(made).await?.into_iter().collect())
}
