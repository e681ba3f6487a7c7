//! Can this machine run a lab? Asked before anything is made.

use nix::{sys::utsname::uname, unistd::geteuid};

use crate::{
    agent::{self, ProgramError},
    network::{self, probe::Feature},
    topology::plan::Plan,
};

/// Oldest kernel with everything the dataplane uses: XDP links and memory-mapped arrays are older,
/// AF_XDP with packets in several frames came with 6.6.
const MINIMUM_KERNEL: (u32, u32) = (6, 6);

/// What is missing on this machine.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ProbeError {
    /// Not root.
    #[error("labs need root: namespaces, XDP and AF_XDP")]
    #[diagnostic(help("run it with sudo"))]
    NotRoot,
    /// The kernel is too old.
    #[error("kernel {release} is too old: labs need {}.{} or newer", MINIMUM_KERNEL.0, MINIMUM_KERNEL.1)]
    #[diagnostic(help("boot a newer kernel; Debian 12 has one in bookworm-backports"))]
    Kernel {
        /// Release as uname(2) says it.
        release: String,
    },
    /// The kernel lacks something.
    #[error("this kernel lacks {name}: {cost}")]
    #[diagnostic(help("{cure}"))]
    Feature {
        /// What it lacks.
        name: &'static str,
        /// What that costs.
        cost: &'static str,
        /// How to get it.
        cure: &'static str,
    },
    /// A program is not there.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Program(#[from] ProgramError),
}

/// Checks that this machine can run `plan`, by trying; leaves nothing behind.
pub async fn probe(plan: &Plan) -> Result<(), ProbeError> {
    if !geteuid().is_root() {
        return Err(ProbeError::NotRoot);
    }
    let release = uname().map(|name| name.release().to_string_lossy().into_owned());
    if let Ok(release) = release
        && version(&release).is_some_and(|version| version < MINIMUM_KERNEL)
    {
        return Err(ProbeError::Kernel { release });
    }
    let features = network::probe::features().await;
    if let Some(&Feature { name, cost, cure, .. }) =
        features.iter().find(|feature| feature.is_missed_by(plan))
    {
        return Err(ProbeError::Feature { name, cost, cure });
    }
    for program in agent::daemon_programs(plan).into_iter().chain(["erlab"]) {
        agent::find_program(program)?;
    }
    Ok(())
}

/// Major and minor number of a release such as `6.1.0-18-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests;
