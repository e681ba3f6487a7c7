//! Making a lab out of a file, completely or not at all.

use std::{
    fs, io,
    time::{Duration, Instant},
};

use super::{
    DestroyError, Interrupt, Interrupted, Lab, LabState, ProbeError, ReadinessError,
    RegistrationError, RunDirectory, bpf_filesystem, destroy,
    guardian::{self, StartError},
    probe, readiness, registration,
    run_directory::write_json,
};
use crate::{
    control::Client,
    network::{self, BuildError},
    topology::{self, PlanError, Topology},
};

/// How long daemons may take to come up, and again to apply what they are told. The slowest part,
/// loading XDP on each MSEE, takes a second or two on a small machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Receives one line for each step of a deployment.
pub type Progress<'a> = &'a mut (dyn FnMut(&str) + Send);

/// Why a lab was not deployed. Nothing of it is left, except after [`DeployError::Rollback`].
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum DeployError {
    /// The file describes something that cannot be.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Plan(#[from] PlanError),
    /// This machine cannot run labs.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Probe(#[from] ProbeError),
    /// There is a lab of this name.
    #[error("lab `{lab}` is already running")]
    #[diagnostic(help(
        "remove it first with `erlab destroy --name {lab}`, or deploy beside it under another \
         name with `erlab deploy --name OTHER`"
    ))]
    AlreadyRunning {
        /// Its name.
        lab: String,
    },
    /// A file of the run directory could not be written.
    #[error("cannot write {what}")]
    Files {
        /// Which one.
        what: &'static str,
        /// The call's error.
        #[source]
        source: io::Error,
    },
    /// Namespaces, interfaces or addresses could not be made.
    #[error("the lab's network could not be built")]
    Network(
        #[from]
        #[diagnostic_source]
        BuildError,
    ),
    /// The agent was not started.
    #[error("the lab's agent was not started")]
    Agent(
        #[from]
        #[diagnostic_source]
        StartError,
    ),
    /// The control plane refused something of the file.
    #[error("the lab could not be registered with ercontrol")]
    Registration(
        #[from]
        #[diagnostic_source]
        RegistrationError,
    ),
    /// A node did not come up.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NotReady(#[from] ReadinessError),
    /// Ctrl-C.
    #[error("interrupted: the deployment was taken back")]
    Interrupted,
    /// The deployment failed, and taking it back failed too.
    #[error("{failure}; taking the deployment back failed too")]
    #[diagnostic(help("run `erlab destroy --name {lab}` again"))]
    Rollback {
        /// The lab.
        lab: String,
        /// The first failure.
        failure: Box<DeployError>,
        /// The second.
        #[source]
        source: DestroyError,
    },
}

impl From<Interrupted> for DeployError {
    fn from(Interrupted: Interrupted) -> Self {
        Self::Interrupted
    }
}

/// Deploys the lab of a file and returns when it forwards: every dataplane has applied everything
/// the file says. A failure or a Ctrl-C takes everything back first.
///
/// From the call on Ctrl-C does not end the process by itself; see [`Interrupt`].
pub async fn deploy(topology: &Topology, progress: Progress<'_>) -> Result<Lab, DeployError> {
    let plan = topology::plan(topology)?;
    probe(&plan).await?;
    let directory = RunDirectory::of(&plan.lab);
    let lab = Lab::new(directory, LabState { topology: topology.clone(), plan });
    let interrupt = Interrupt::on_signals()
        .map_err(|source| DeployError::Files { what: "signal handlers", source })?;
    lab.directory().make().map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => DeployError::AlreadyRunning { lab: lab.name().to_owned() },
        _ => DeployError::Files { what: "the run directory", source },
    })?;
    match bring_up(&lab, interrupt, progress).await {
        Ok(()) => Ok(lab),
        // Remains of a lab that lost its run directory: not of this deployment, so not its to remove.
        Err(failure @ DeployError::Network(BuildError::Exists { .. })) => {
            let _ = fs::remove_dir_all(lab.directory().path());
            Err(failure)
        }
        Err(failure) => {
            progress("taking the deployment back");
            match destroy(lab.name()).await {
                Ok(_) => Err(failure),
                Err(source) => Err(DeployError::Rollback {
                    lab: lab.name().to_owned(),
                    failure: Box::new(failure),
                    source,
                }),
            }
        }
    }
}

/// Everything after the run directory.
async fn bring_up(
    lab: &Lab,
    mut interrupt: Interrupt,
    progress: Progress<'_>,
) -> Result<(), DeployError> {
    let directory = lab.directory();
    progress(&format!("network: {} nodes", lab.plan().nodes.len()));
    // Not cut short by a Ctrl-C: what is half made could then be made during the rollback.
    let built = network::build(lab.plan()).await?;
    for warning in &built.warnings {
        progress(&warning.to_string());
    }
    interrupt.check()?;
    write_json(&directory.state_file(), lab.state())
        .map_err(|source| DeployError::Files { what: "the lab's state", source })?;
    progress("agent: wires and daemons");
    bpf_filesystem::ensure()
        .map_err(|source| DeployError::Files { what: "the bpffs of the MSEEs", source })?;
    guardian::start(directory)?;
    tokio::select! {
        done = configure(lab, progress) => done,
        interrupted = interrupt.received() => Err(interrupted.into()),
    }
}

/// Everything that waits for daemons.
async fn configure(lab: &Lab, progress: Progress<'_>) -> Result<(), DeployError> {
    readiness::control_answers(lab, Instant::now() + PATIENCE).await?;
    progress("ercontrol: registering circuits, gateways, VNets and VMs");
    let client = Client::connect(lab.control_socket());
    registration::register(&client, lab.topology(), lab.plan()).await?;
    progress("dataplanes: applying");
    let revision = readiness::all_ready(lab, Instant::now() + PATIENCE).await?;
    progress(&format!("ready at revision {revision}"));
    Ok(())
}
