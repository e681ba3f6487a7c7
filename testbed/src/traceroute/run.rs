//! Starts the tool, passes its output on, and ends it when nobody answers any more.

use std::{
    io::{self, Read},
    net::Ipv4Addr,
    process::{Child, Command, Stdio},
};

use super::{Trace, TracerouteSpec, parse};
use crate::{
    agent::LAB_MARK,
    network::namespace::{self, NamespaceError},
};

/// The package's own name for it, and the name Debian's alternatives give the chosen traceroute.
const PROGRAMS: [&str; 2] = ["inetutils-traceroute", "traceroute"];

/// Why a traceroute has no result.
#[derive(Debug, thiserror::Error)]
pub enum TracerouteError {
    /// The tool is not installed, or the one installed is another.
    #[error(
        "GNU inetutils traceroute is not installed; `apt install inetutils-traceroute` (other \
         programs called traceroute have other options and output)"
    )]
    Missing,
    /// The namespace could not be entered.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
    /// The tool could not be run.
    #[error("cannot run {program}: {call} failed")]
    Run {
        /// The program.
        program: &'static str,
        /// What failed.
        call: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The tool gave up, most often because its node has no route to the destination.
    #[error("traceroute from {namespace} to {to}: {message}")]
    Failed {
        /// Where it ran.
        namespace: String,
        /// Destination.
        to: Ipv4Addr,
        /// What it wrote to standard error.
        message: String,
        /// What it had written to standard output.
        raw: String,
    },
}

/// Runs a traceroute to its end. `output` gets the tool's output piece by piece as it comes, also
/// in the middle of a line.
pub fn run(
    spec: &TracerouteSpec,
    mut output: impl FnMut(&str) + Send,
) -> Result<Trace, TracerouteError> {
    let program = program()?;
    let mut child = namespace::in_namespace(&spec.namespace, || command(program, spec).spawn())?
        .map_err(failure(program, "spawn"))?;
    let collected = collect(&mut child, spec.silent_hops, &mut output);
    if !matches!(collected, Ok(Collected { given_up: false, .. })) {
        // Already gone is as good.
        let _ = child.kill();
    }
    let ended = child.wait_with_output().map_err(failure(program, "wait"))?;
    let Collected { raw, given_up } = collected.map_err(failure(program, "read"))?;
    let message = String::from_utf8_lossy(&ended.stderr);
    let message = message.trim();
    // It fails without a word when the last hop was not the destination.
    if !given_up && !message.is_empty() {
        return Err(TracerouteError::Failed {
            namespace: spec.namespace.clone(),
            to: spec.to,
            message: message.to_owned(),
            raw,
        });
    }
    Ok(parse(spec.to, &raw))
}

fn command(program: &str, spec: &TracerouteSpec) -> Command {
    let seconds = spec.wait.as_secs() + u64::from(spec.wait.subsec_nanos() > 0);
    let mut command = Command::new(program);
    command
        .args(["-m", &spec.max_hops.max(1).to_string(), "-w", &seconds.clamp(1, 60).to_string()])
        .arg(spec.to.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(lab) = &spec.lab {
        command.env(LAB_MARK, lab);
    }
    command
}

struct Collected {
    raw: String,
    given_up: bool,
}

/// Reads to the end, or to the end of the last silent hop that is waited for.
fn collect(
    child: &mut Child,
    silent_hops: Option<usize>,
    output: &mut (impl FnMut(&str) + Send),
) -> io::Result<Collected> {
    let mut raw = String::new();
    let mut buffer = [0; 4_096];
    let Some(stdout) = &mut child.stdout else {
        return Ok(Collected { raw, given_up: false });
    };
    loop {
        let length = stdout.read(&mut buffer)?;
        if length == 0 {
            return Ok(Collected { raw, given_up: false });
        }
        // The tool writes nothing but ASCII.
        let piece = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
        output(&piece);
        raw += &piece;
        if silent_hops.is_some_and(|limit| trailing_silence(&raw) >= limit) {
            // The tool ends a line only with the first probe of the next.
            if !raw.ends_with('\n') {
                output("\n");
                raw.push('\n');
            }
            return Ok(Collected { raw, given_up: true });
        }
    }
}

/// Silent hops at the end, all probes of the last one included.
fn trailing_silence(raw: &str) -> usize {
    const PROBES: usize = 3;
    let hops = raw.lines().rev().map_while(parse::hop);
    let complete = hops.skip_while(|hop| hop.probes.len() < PROBES);
    complete.take_while(super::Hop::is_silent).count()
}

/// The first of [`PROGRAMS`] that is GNU's.
fn program() -> Result<&'static str, TracerouteError> {
    let is_ours = |program: &&str| {
        let version = Command::new(program).arg("--version").stdin(Stdio::null()).output();
        version.is_ok_and(|version| String::from_utf8_lossy(&version.stdout).contains("inetutils"))
    };
    PROGRAMS.into_iter().find(is_ours).ok_or(TracerouteError::Missing)
}

fn failure(program: &'static str, call: &'static str) -> impl FnOnce(io::Error) -> TracerouteError {
    move |source| TracerouteError::Run { program, call, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_carries_its_labs_mark() {
        let spec = TracerouteSpec::new("x-vm", Ipv4Addr::LOCALHOST);
        assert_eq!(command("traceroute", &spec).get_envs().count(), 0);
        let spec = TracerouteSpec { lab: Some("x".to_owned()), ..spec };
        let command = command("traceroute", &spec);
        let mark = command.get_envs().next().unwrap();
        assert_eq!(mark, (LAB_MARK.as_ref(), Some("x".as_ref())));
    }

    #[test]
    fn silence_counts_from_the_end_and_only_whole_hops() {
        let answered = "x, 64 hops max\n  1   10.0.0.1  1.000ms  1.000ms  1.000ms \n";
        assert_eq!(trailing_silence(answered), 0);
        assert_eq!(trailing_silence(&format!("{answered}  2   *  *  * ")), 1);
        assert_eq!(trailing_silence(&format!("{answered}  2   *  *  * \n  3   *  * ")), 1);
        assert_eq!(trailing_silence(&format!("{answered}  2   *  *  * \n  3   *  *  * ")), 2);
        assert_eq!(trailing_silence("x, 64 hops max\n  1   *  *  10.0.0.1  1.000ms "), 0);
    }
}
