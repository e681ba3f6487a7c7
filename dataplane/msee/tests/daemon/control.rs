//! A stand-in for `ercontrol`: the server's side of the southbound stream, one line at a time.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    time::Duration,
};

use desired::{MseeState, Revision, State};
use southbound::{FromControl, FromDataplane};

pub(crate) struct Control(UnixListener);

pub(crate) struct Stream {
    lines: BufReader<UnixStream>,
    hello: FromDataplane,
}

impl Control {
    pub(crate) fn listen(path: &Path) -> Self {
        Self(UnixListener::bind(path).unwrap())
    }

    /// The next stream, after its hello.
    pub(crate) fn accept(&mut self) -> Stream {
        let (stream, _) = self.0.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut lines = BufReader::new(stream);
        let hello = read(&mut lines);
        Stream { lines, hello }
    }
}

impl Stream {
    pub(crate) fn hello(&self) -> FromDataplane {
        self.hello.clone()
    }

    pub(crate) fn send(&mut self, revision: u64, state: MseeState) {
        let revision = Revision(revision);
        let message = FromControl::Desired { revision, state: State::Msee(state) };
        let line = serde_json::to_string(&message).unwrap() + "\n";
        self.lines.get_mut().write_all(line.as_bytes()).unwrap();
    }

    pub(crate) fn report(&mut self) -> FromDataplane {
        read(&mut self.lines)
    }

    /// Sends a state and waits until it is in force.
    pub(crate) fn apply(&mut self, revision: u64, state: MseeState) {
        self.send(revision, state);
        let applied = |revision| FromDataplane::Applied { revision: Revision(revision) };
        let mut report = self.report();
        // That an interface has changed may be noticed before, and reported of the last revision.
        while revision > 1 && report == applied(revision - 1) {
            report = self.report();
        }
        assert_eq!(report, applied(revision));
    }
}

fn read(lines: &mut BufReader<UnixStream>) -> FromDataplane {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"))
}
