//! Probe traffic between two nodes: numbered UDP packets at an even pace, and what became of them.
//!
//! A flow has a thread in the sender's namespace and one in the receiver's. Each packet carries its
//! flow, its number and when it was sent, so the receiver tells loss, duplication, reordering and
//! latency apart without talking to the sender; the TTL it arrives with tells how many routers it
//! passed. Both ends read the same clock, so latency is one way.
//!
//! ```no_run
//! # use erlab::traffic::{Flow, FlowError, FlowSpec, render_table};
//! # fn change_a_connection() {}
//! # fn main() -> Result<(), FlowError> {
//! let flow = Flow::start(FlowSpec {
//!     name: "ce1-hub".to_owned(),
//!     from_namespace: "fastpath-ce1".to_owned(),
//!     to_namespace: "fastpath-hub-vm".to_owned(),
//!     to_address: [10, 255, 10, 4].into(),
//!     pps: 1_000,
//!     duration: None,
//! })?;
//! change_a_connection();
//! print!("{}", render_table(&[flow.stop()?]));
//! # Ok(())
//! # }
//! ```

mod analysis;
mod error;
mod latency;
mod pacing;
mod payload;
mod receiver;
mod report;
mod sender;
mod sequence;
mod shared;
mod table;

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    net::IpAddr,
    ops::ControlFlow,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use nix::time::{ClockId, clock_gettime};

pub use self::{
    error::FlowError,
    report::{Latency, Report},
    table::render_table,
};
use self::{pacing::MOST_PPS, receiver::Receiver, sender::Sender, shared::Shared};

/// How often [`run`] tells its progress.
const PROGRESS: Duration = Duration::from_millis(250);

/// A flow to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowSpec {
    /// Name in the report.
    pub name: String,
    /// Network namespace of the sender, as under /run/netns.
    pub from_namespace: String,
    /// Network namespace of the receiver.
    pub to_namespace: String,
    /// Address of the receiver.
    pub to_address: IpAddr,
    /// Packets/s, 1 to 300,000.
    pub pps: u32,
    /// How long to send; `None`: until stopped.
    pub duration: Option<Duration>,
}

/// A running flow. Dropping it stops the sender and waits for nothing.
#[derive(Debug)]
pub struct Flow {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Flow {
    /// Starts to send. Returns when both ends are ready.
    pub fn start(spec: FlowSpec) -> Result<Self, FlowError> {
        if !(1..=MOST_PPS).contains(&spec.pps) {
            return Err(FlowError::Rate(spec.pps));
        }
        let number = RandomState::new().build_hasher().finish();
        let shared = Arc::new(Shared::new(&spec, number));
        let mut flow = Self { shared, threads: Vec::new() };

        let receiving = spec.clone();
        let port = flow.spawn(
            move || {
                let receiver = Receiver::open(&receiving)?;
                let port = receiver.port().map_err(|source| FlowError::Receive {
                    address: receiving.to_address,
                    namespace: receiving.to_namespace,
                    call: "getsockname",
                    source,
                })?;
                Ok((receiver, port))
            },
            Receiver::run,
        )?;
        flow.spawn(move || Ok((Sender::open(&spec, number, port)?, ())), Sender::run)
            .inspect_err(|_| flow.shared.end_sending(Duration::ZERO))?;
        Ok(flow)
    }

    /// What is known so far.
    pub fn snapshot(&self) -> Report {
        self.shared.report()
    }

    /// Whether the flow has come to the end of its duration and its stragglers.
    pub fn is_finished(&self) -> bool {
        self.shared.is_finished()
    }

    /// Ends the flow and waits for stragglers: until all have arrived, or nothing has for 500 ms.
    pub fn stop(self) -> Result<Report, FlowError> {
        self.shared.stop();
        self.wait()
    }

    /// Waits for the end of the flow's duration and its stragglers. Never returns for a flow without
    /// duration.
    pub fn wait(mut self) -> Result<Report, FlowError> {
        for thread in self.threads.drain(..) {
            thread.join().map_err(|_| FlowError::Panicked)?;
        }
        Ok(self.shared.report())
    }

    /// Makes a thread that opens an end of the flow, tells whether it could, and runs it.
    fn spawn<End, Told: Send + 'static>(
        &mut self,
        open: impl FnOnce() -> Result<(End, Told), FlowError> + Send + 'static,
        run: impl FnOnce(End, &Shared) + Send + 'static,
    ) -> Result<Told, FlowError> {
        let (tell, told) = mpsc::channel();
        let shared = Arc::clone(&self.shared);
        let body = move || match open() {
            Ok((end, ready)) => {
                // The starter waits for this.
                let _ = tell.send(Ok(ready));
                run(end, &shared);
            }
            Err(error) => {
                let _ = tell.send(Err(error));
            }
        };
        let thread = thread::Builder::new().name("traffic".to_owned()).spawn(body);
        self.threads.push(thread.map_err(FlowError::Thread)?);
        told.recv().map_err(|_| FlowError::Panicked)?
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

/// Runs a flow to its end and tells its progress four times a second; `Break` stops it early.
pub fn run(
    spec: FlowSpec,
    mut progress: impl FnMut(&Report) -> ControlFlow<()>,
) -> Result<Report, FlowError> {
    let flow = Flow::start(spec)?;
    while !flow.is_finished() {
        thread::sleep(PROGRESS);
        if progress(&flow.snapshot()).is_break() {
            return flow.stop();
        }
    }
    flow.wait()
}

/// `CLOCK_MONOTONIC`.
fn monotonic() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default()
}

#[cfg(test)]
mod tests;
