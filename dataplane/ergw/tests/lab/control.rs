//! An `ercontrol` that says what the test says.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use desired::{GatewayState, Revision, State};
use southbound::{DataplaneKind, FromControl, FromDataplane, PROTOCOL};

use super::DEADLINE;

/// The control plane's end of the stream.
pub(crate) struct Control {
    inner: Arc<Mutex<Inner>>,
    reports: Receiver<FromDataplane>,
}

#[derive(Default)]
struct Inner {
    line: Option<String>,
    stream: Option<UnixStream>,
}

impl Control {
    pub(crate) fn start(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let inner = Arc::new(Mutex::new(Inner::default()));
        let (sender, reports) = channel();
        let thread_inner = Arc::clone(&inner);
        // Ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &thread_inner, &sender);
            }
        });
        Self { inner, reports }
    }

    /// Sends a state without waiting.
    pub(crate) fn send(&self, revision: u64, state: State) {
        let message = FromControl::Desired { revision: Revision(revision), state };
        let line = serde_json::to_string(&message).unwrap() + "\n";
        let mut inner = self.inner.lock().unwrap();
        if let Some(stream) = &mut inner.stream {
            let _ = stream.write_all(line.as_bytes());
        }
        inner.line = Some(line);
    }

    /// Sends a state and waits until it is reported as applied.
    pub(crate) fn apply(&self, revision: u64, state: GatewayState) {
        self.send(revision, State::Ergw(state));
        self.wait_applied(revision);
    }

    pub(crate) fn wait_applied(&self, revision: u64) {
        let report = self.report();
        assert_eq!(report, FromDataplane::Applied { revision: Revision(revision) });
    }

    pub(crate) fn report(&self) -> FromDataplane {
        self.reports.recv_timeout(DEADLINE).unwrap()
    }
}

fn serve(mut stream: UnixStream, inner: &Mutex<Inner>, reports: &Sender<FromDataplane>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(hello)) = lines.next() else { return };
    let hello: FromDataplane = serde_json::from_str(&hello).unwrap();
    let name = "ERGW1".to_owned();
    let expected = FromDataplane::Hello { protocol: PROTOCOL, kind: DataplaneKind::Ergw, name };
    assert_eq!(hello, expected);
    {
        let mut inner = inner.lock().unwrap();
        if let Some(line) = &inner.line {
            let _ = stream.write_all(line.as_bytes());
        }
        inner.stream = Some(stream);
    }
    for line in lines {
        let Ok(line) = line else { return };
        let _ = reports.send(serde_json::from_str(&line).unwrap());
    }
}
