//! Interfaces come, go, flap and change, and virtual machines appear, without a restart: the router
//! settles, and has as many descriptors and frames afterwards as before.

use std::{
    fs,
    net::UdpSocket,
    thread::sleep,
    time::{Duration, Instant},
};

use afxdp::Accounting as Frames;
use desired::{MseeState, Revision};
use msee::{daemon::Router, fastpath::Loader};

use crate::{
    bench::{Bench, eventually, expire},
    host::Host,
    namespace::{ip, veth},
    rig::{self, ETH2, HUB_VM},
    soak,
};

/// Five times the goal, because the machine is shared.
const SETTLED: Duration = Duration::from_secs(5);
/// Half of a flap at 1 Hz.
const DOWN: Duration = Duration::from_millis(500);

struct Story {
    bench: Bench,
    router: Router,
    state: MseeState,
    revision: u64,
    sink: UdpSocket,
    source: UdpSocket,
    longest: Duration,
}

impl Story {
    fn begin() -> Self {
        let bench = Bench::empty();
        let (router, _) = Router::start(Loader::default().load(&bench.pins()).unwrap()).unwrap();
        let sink = bench.hosts.vm.run(|| {
            let socket = UdpSocket::bind("0.0.0.0:9").unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
            socket
        });
        let source = bench.hosts.customer.run(|| UdpSocket::bind("172.16.1.1:0").unwrap());
        let (state, longest) = (rig::state(), Duration::ZERO);
        let mut story = Self { bench, router, state, revision: 0, sink, source, longest };
        story.apply();
        story
    }

    fn apply(&mut self) {
        self.revision += 1;
        self.router.apply(Revision(self.revision), &self.state).unwrap();
    }

    /// Does what the daemon does when it is told of a change, until a packet arrives that was sent
    /// after it.
    fn settle(&mut self, change: &str) {
        let started = Instant::now();
        self.revision += 1;
        let token = self.revision.to_ne_bytes();
        loop {
            if self.router.interfaces_changed() {
                // Fails while an interface is missing.
                let _ = self.router.apply(Revision(self.revision), &self.state);
            }
            let _ = self.source.send_to(&token, "10.255.10.4:9");
            let mut received = [0; 8];
            if self.sink.recv(&mut received).is_ok() && received == token {
                break;
            }
            assert!(started.elapsed() < SETTLED, "not settled: {change}");
        }
        self.longest = self.longest.max(started.elapsed());
        // What is punted is answered too, by a frame of the port's socket.
        expire(&self.bench);
    }

    fn descriptors() -> usize {
        fs::read_dir("/proc/self/fd").unwrap().count()
    }

    /// Of each socket, in no order: an interface made anew has another index.
    fn frames(&self) -> Vec<Frames> {
        let mut frames: Vec<_> = self.router.accounting().into_values().collect();
        frames.sort_unstable_by_key(|it| (it.reception, it.held, it.transmission));
        frames
    }
}

fn connect(vm: &Host) {
    vm.connect("eth2p", "10.255.10.4/16", "10.255.0.4", "02:00:00:00:00:02");
}

#[test]
fn interfaces_come_go_and_change_without_a_trace() {
    let mut story = Story::begin();
    story.settle("start");
    // At rest: no answer is under way.
    let is_at_rest = |frames: &[Frames]| frames.iter().all(|it| it.held + it.transmission == 0);
    assert!(eventually(|| is_at_rest(&story.frames())));
    let (descriptors, frames) = (Story::descriptors(), story.frames());
    assert_eq!(frames.len(), 3);
    let rounds = soak::rounds(3, 300);
    for round in 0..rounds {
        let vm = &story.bench.hosts.vm;
        vm.run(|| ip("link set eth2p down"));
        sleep(DOWN);
        vm.run(|| {
            ip("link set eth2p up");
            ip("neigh replace 10.255.0.4 lladdr 02:00:00:00:00:02 dev eth2p nud permanent");
            ip("route replace default via 10.255.0.4 dev eth2p onlink");
        });
        story.settle("carrier lost and found");

        ip("link del eth2");
        // Noticed before it is back, or not.
        if round % 2 == 0 {
            assert!(story.router.interfaces_changed());
            story.router.apply(Revision(0), &story.state).unwrap_err();
        }
        veth("eth2", ETH2, "eth2p", HUB_VM);
        connect(&story.bench.hosts.vm);
        story.settle("interface deleted and made anew");

        for mtu in [1_400, 1_500] {
            ip(&format!("link set eth2 mtu {mtu}"));
            assert!(story.router.interfaces_changed());
            story.settle("MTU changed");
            assert!(!story.router.interfaces_changed());
        }

        let vrf = story.state.vrfs.get_mut("circuit").unwrap();
        let route = format!("10.255.10.{}/32", 100 + round % 100);
        vrf.routes.extend(rig::vrf(&[(&route, rig::direct(0x60))]).routes);
        story.apply();
        story.settle("another VM");
    }
    println!("{rounds} rounds, settled within {:?}", story.longest);
    let mut now = (0, Vec::new());
    let is_as_before = eventually(|| {
        now = (Story::descriptors(), story.frames());
        now.0 == descriptors && now.1 == frames
    });
    assert!(is_as_before, "{now:?}, before {:?}", (descriptors, frames));
    println!("{descriptors} descriptors and frames {:?}, as before", now.1);
    story.router.shutdown().unwrap();
}
