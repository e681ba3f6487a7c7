//! An AF_XDP socket is closed and bound again, as a restarted process does with each of its ports.

use std::{
    os::fd::AsFd as _,
    time::{Duration, Instant},
};

use abi::verdict::Verdict;
use afxdp::{BindError, Config, Socket};
use msee::fastpath::FastPath;

use crate::{
    bench::{Bench, expire},
    soak,
    traffic::Traffic,
};

/// Five times the goal, because the machine is shared.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

fn count(fast_path: &FastPath, verdict: Verdict) -> u64 {
    fast_path.counters().unwrap()[usize::from(verdict.number())]
}

#[test]
fn a_socket_is_closed_and_bound_again_a_hundred_times() {
    let (bench, mut fast_path) = Bench::start();
    let slot = fast_path.ports().iter().find(|port| port.name == "eth1").unwrap().slot;
    let traffic = Traffic::start(&bench.hosts);
    let rounds = soak::rounds(100, 1_000);
    let (mut longest, mut refused) = (Duration::ZERO, 0);
    for round in 1..=u64::from(rounds) {
        let started = Instant::now();
        let mut socket = Socket::bind("eth1", 0, &Config::default()).unwrap();
        fast_path.bind_punt(slot, socket.as_fd()).unwrap();
        longest = longest.max(started.elapsed());
        expire(&bench);
        assert!(socket.wait(Duration::from_secs(1)).unwrap(), "round {round}: a punt arrives");
        assert_eq!(socket.receive(), 1);
        socket.release();
        let frames = socket.accounting();
        assert_eq!((frames.held, frames.transmission), (0, 0));
        assert_eq!(frames.reception + frames.free, frames.total);
        drop(socket);
        // Nobody listens: a named loss, until the next socket.
        expire(&bench);
        refused += 1;
    }
    println!("{rounds} sockets, bound and registered within {longest:?}");
    assert!(longest < LONGEST_WAIT);
    let counted = (count(&fast_path, Verdict::TtlExpired), count(&fast_path, Verdict::PuntRefused));
    assert_eq!(counted, (u64::from(rounds), refused));
    traffic.stop("sockets closed and bound again");
    fast_path.shutdown().unwrap();
}

#[test]
fn a_queue_that_stays_busy_is_refused_at_the_deadline() {
    let bench = Bench::empty();
    let _held = Socket::bind("eth1", 0, &Config::default()).unwrap();
    let busy_deadline = Duration::from_millis(300);
    let config = Config { busy_deadline, ..Config::default() };
    let started = Instant::now();
    let error = Socket::bind("eth1", 0, &config).unwrap_err();
    assert!(matches!(error, BindError::Busy { queue: 0, .. }), "{error}");
    let waited = started.elapsed();
    assert!((busy_deadline..LONGEST_WAIT).contains(&waited), "{waited:?}");
    drop(bench);
}
