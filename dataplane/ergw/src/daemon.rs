//! Bringing the parts up, and down again.

use std::{
    error::Error,
    future::pending,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use admission::Limits;
use afxdp::{
    BindError, Config, QueuesError, Socket,
    selftest::{SelfTest, SelfTestError},
};
use nix::net::if_::if_nametoindex;
use privilege::{Capabilities, KeepError};
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    task::JoinError,
};

use crate::{
    admin::{self, Subject},
    cli::Arguments,
    control,
    counters::{Port, Sources},
    program::{AttachError, Program},
    worker::{self, Shared, WorkerError},
};

/// Frames of a socket, and entries of each of its rings: no ring can overflow, only frames can run
/// out. At 50,000 packets/s they last for 320 ms in which the process is not scheduled.
const FRAMES: u32 = 16_384;

/// What is left once the program is attached: nothing here opens or attaches anything later. Before
/// Linux 6.4 every bpf(2) needs it, reading the program's counters and detaching it included, where
/// `kernel.unprivileged_bpf_disabled` is set.
const KEPT: Capabilities = Capabilities::BPF;

/// The daemon could not start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The interface's queues are unknown.
    #[error(transparent)]
    Queues(#[from] QueuesError),
    /// No AF_XDP socket.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// No XDP program.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// No admin socket.
    #[error(transparent)]
    Admin(#[from] admission::BindError),
    /// Privileges could not be dropped.
    #[error(transparent)]
    Privileges(#[from] KeepError),
    /// The packet thread ended by itself.
    #[error("packets of {interface} can no longer be forwarded")]
    Worker {
        /// The interface.
        interface: String,
        #[source]
        #[doc = "Why."]
        source: WorkerError,
    },
    /// A task that never ends of itself ended, a defect.
    #[error("the {task} task ended")]
    Task {
        /// Which task.
        task: &'static str,
        #[source]
        #[doc = "The panic it ended with."]
        panic: Option<JoinError>,
    },
    /// The packet thread panicked, a defect.
    #[error("the packet thread panicked; the log above says where")]
    Panicked,
    /// Something every process needs is missing.
    #[error("{what}")]
    Process {
        /// What failed.
        what: &'static str,
        #[source]
        #[doc = "What the kernel said."]
        source: io::Error,
    },
}

/// Runs the gateway until SIGTERM or SIGINT.
pub fn run(arguments: &Arguments) -> Result<(), RunError> {
    let interface = arguments.interface.as_str();
    if let Err(error) = afxdp::raise_memory_limit() {
        tracing::warn!(event = "memory_limit_not_raised", call = "setrlimit", %error);
    }
    let queues = afxdp::queues(interface)?;
    let mut program = Program::load(arguments.pins.as_deref(), arguments.replace)?;
    let mut self_test = SelfTest::load();
    let mut sockets = Vec::new();
    for queue in 0..queues {
        let mut socket = Socket::bind(interface, queue, &socket_config())?;
        verify(&mut self_test, interface, queue, &mut socket)?;
        program.register(queue, &socket)?;
        sockets.push(socket);
    }
    let tally = Arc::new(program.tally()?);
    let shared = Shared::new(Arc::clone(&tally)).map_err(process("eventfd failed"))?;
    let shared = Arc::new(shared);
    let statistics = sockets.iter().map(Socket::statistics_source).collect::<Result<_, _>>();
    let statistics =
        statistics.map_err(process("the AF_XDP socket's descriptor could not be duplicated"))?;
    let ifindex = if_nametoindex(interface).map_err(io::Error::from);
    let ifindex = ifindex.map_err(process("the interface is gone"))?;
    let port = Port { interface: interface.to_owned(), ifindex };
    let sources = Sources::new(tally, program.counters()?, port, statistics);
    let program = Arc::new(Mutex::new(program));
    let subject = Subject {
        name: arguments.name.clone(),
        interface: arguments.interface.clone(),
        program: Arc::clone(&program),
        shared: Arc::clone(&shared),
        sources,
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(process("the runtime could not be made"))?;
    runtime.block_on(serve(arguments, &program, sockets, shared, subject))
}

/// Has a frame of ours show that what is redirected to a socket arrives there.
fn verify(
    test: &mut Result<SelfTest, SelfTestError>,
    interface: &str,
    queue: u32,
    socket: &mut Socket,
) -> Result<(), AttachError> {
    let heard = match test {
        Ok(test) => {
            // The socket is bound to it, so it was there a moment ago.
            let ifindex = if_nametoindex(interface).unwrap_or_default();
            test.is_heard(ifindex, queue, socket)
        }
        Err(error) => {
            tracing::warn!(event = "socket_unverified", interface, error = &*error as &dyn Error);
            return Ok(());
        }
    };
    match heard {
        Ok(true) => Ok(()),
        Ok(false) => Err(AttachError::Deaf { interface: interface.to_owned(), queue }),
        Err(error) => {
            tracing::warn!(event = "socket_unverified", interface, error = &error as &dyn Error);
            Ok(())
        }
    }
}

/// A panic while it was held leaves a program that is still one.
pub(crate) fn lock(program: &Mutex<Program>) -> MutexGuard<'_, Program> {
    program.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    arguments: &Arguments,
    program: &Mutex<Program>,
    mut sockets: Vec<Socket>,
    shared: Arc<Shared>,
    subject: Subject,
) -> Result<(), RunError> {
    let signals = "signal handlers could not be installed";
    let mut terminate = signal(SignalKind::terminate()).map_err(process(signals))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(process(signals))?;
    let (_socket_file, listener) = admission::bind(&arguments.admin)?;
    let queues = sockets.len();
    lock(program).attach(&arguments.interface)?;
    // Every other thread is started after this.
    privilege::keep(KEPT)?;

    let (ended, mut worker_ended) = oneshot::channel();
    let thread_shared = Arc::clone(&shared);
    let thread = thread::Builder::new()
        .name("packets".to_owned())
        .spawn(move || {
            let result = worker::run(&mut sockets, &thread_shared);
            let _ = ended.send(result);
        })
        .map_err(process("the packet thread could not be started"))?;
    let control =
        control::follow(arguments.control.clone(), arguments.name.clone(), Arc::clone(&shared));
    let mut control = tokio::spawn(control);
    let routes = admin::router(Arc::new(subject));
    let mut http = tokio::spawn(admission::serve(listener, routes, Limits::default(), pending()));
    tracing::info!(
        event = "gateway_started",
        name = arguments.name,
        interface = arguments.interface,
        queues,
    );

    let result = tokio::select! {
        ended = &mut worker_ended => worker_result(arguments, ended),
        // Neither returns of itself: a gateway that no longer listens to ercontrol, or answers
        // nobody, is better started anew.
        ended = &mut control => Err(RunError::Task { task: "control", panic: ended.err() }),
        ended = &mut http => Err(RunError::Task { task: "admin", panic: ended.err() }),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    control.abort();
    http.abort();
    shared.stop();
    thread.join().map_err(|_| RunError::Panicked)?;
    // After a defect the pins stay: frames are counted until the next start.
    result?;
    lock(program).detach(&arguments.interface)?;
    tracing::info!(event = "gateway_stopped", name = arguments.name);
    Ok(())
}

fn worker_result(
    arguments: &Arguments,
    ended: Result<Result<(), WorkerError>, oneshot::error::RecvError>,
) -> Result<(), RunError> {
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(source)) => Err(RunError::Worker { interface: arguments.interface.clone(), source }),
        Err(_) => Err(RunError::Panicked),
    }
}

fn socket_config() -> Config {
    Config {
        frames: FRAMES,
        receive: FRAMES,
        transmit: FRAMES,
        fill: FRAMES,
        completion: FRAMES,
        ..Config::default()
    }
}

fn process(what: &'static str) -> impl FnOnce(io::Error) -> RunError {
    move |source| RunError::Process { what, source }
}
