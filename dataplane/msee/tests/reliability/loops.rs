//! R27: two routers send packets to each other. Each packet is forwarded as often as its TTL allows, and
//! ends; other packets of the same routers are not touched.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use abi::verdict::{self, Verdict};
use desired::{Adjacency, CircuitPort, MacAddress, MseeState, Revision, Tags};
use msee::{daemon::Router, fastpath::Loader};

use crate::{
    bench::{Bench, eventually},
    frames::Packet,
    host::Host,
    ledger::Ledger,
    namespace::ip,
    rig::{self, ETH1, ETH3, mac},
    station::{Pace, Station},
    traffic::Traffic,
};

const PACKETS: u64 = 10_000;
/// Each packet is 63 packets on the link between the routers.
const RATE: u32 = 2_000;
const TTL: u8 = 64;
const LOST: &str = "20.0.0.0/8";

/// The router at hand: what is for nobody goes out of `eth3`.
fn near() -> MseeState {
    let mut state = rig::state();
    let routes = rig::vrf(&[(LOST, Adjacency::Ce { port: "eth3".to_owned() })]).routes;
    state.vrfs.get_mut("circuit").unwrap().routes.extend(routes);
    state
}

/// The router at the other end of `eth3`: sends all of it back.
fn far() -> MseeState {
    let back = || Adjacency::Ce { port: "eth3p".to_owned() };
    let link = CircuitPort {
        circuit: "CIRCUIT_FAR".to_owned(),
        vrf: "far".to_owned(),
        interface: "eth3p".to_owned(),
        tags: Tags::Untagged,
        cpu: None,
        address: "172.16.3.1/30".parse().unwrap(),
        peer: [172, 16, 3, 2].into(),
        peer_mac: Some(MacAddress(mac(ETH3))),
        ipv6: None,
        bandwidth: None,
        validate_source: false,
    };
    MseeState {
        circuit_ports: [("eth3p".to_owned(), link)].into(),
        vrfs: [("far".to_owned(), rig::vrf(&[(LOST, back()), ("172.16.1.0/30", back())]))].into(),
        ..MseeState::default()
    }
}

type Counters = [u64; verdict::COUNT];

/// The far router, in a host of its own.
struct Far {
    host: Host,
    router: Arc<Mutex<Option<Router>>>,
}

impl Far {
    fn start(bench: &Bench) -> Self {
        let host = Host::start();
        ip(&format!("link set eth3p netns {}", host.thread));
        let pins = bench.namespace.bpffs().join("msee-b");
        let router = host.run(move || {
            ip("link set eth3p up");
            let (mut router, _) = Router::start(Loader::default().load(&pins).unwrap()).unwrap();
            router.apply(Revision(1), &far()).unwrap();
            Arc::new(Mutex::new(Some(router)))
        });
        Self { host, router }
    }

    fn counters(&self) -> Counters {
        let router = Arc::clone(&self.router);
        self.host.run(move || router.lock().unwrap().as_mut().unwrap().counters().unwrap())
    }

    fn shutdown(self) {
        let router = self.router;
        self.host.run(move || router.lock().unwrap().take().unwrap().shutdown().unwrap());
    }
}

/// Packets by what they are numbered with in the quotes of Time Exceeded.
fn answers(station: &Station) -> HashMap<u16, u32> {
    let mut answers = HashMap::new();
    while let Some(frame) = station.receive(mac(ETH1)) {
        let is_time_exceeded = frame[23] == 1 && frame[34] == 11;
        if is_time_exceeded {
            let number = u16::from_be_bytes([frame[46], frame[47]]);
            *answers.entry(number).or_default() += 1;
        }
    }
    answers
}

#[test]
fn a_loop_of_two_routers_ends_with_the_ttl() {
    let bench = Bench::empty();
    let far = Far::start(&bench);
    let (mut near_router, _) =
        Router::start(Loader::default().load(&bench.pins()).unwrap()).unwrap();
    near_router.apply(Revision(1), &near()).unwrap();
    Traffic::check(&bench.hosts);
    let ledgers = [near_router.counters().unwrap(), far.counters()].map(|now| Ledger::open(&now));
    let traffic = Traffic::run(&bench.hosts);
    let station = Station::open(&bench.hosts.customer, "eth1p");
    let (mut sent, mut pace) = (0, Pace::new(RATE));
    while sent < PACKETS {
        for _ in 0..pace.next().min(PACKETS - sent) {
            let packet = Packet::udp(ETH1, [172, 16, 1, 1], [20, 0, 0, 1]).with(|header| {
                header.time_to_live = TTL;
                header.identification = u16::try_from(sent).unwrap();
            });
            station.send(&packet.bytes());
            sent += 1;
        }
    }
    let reports = traffic.stop("beside a loop");
    let mut now = [near_router.counters().unwrap(), far.counters()];
    let is_over = eventually(|| {
        now = [near_router.counters().unwrap(), far.counters()];
        let expired = ledgers[1].of(Verdict::TtlExpired, &now[1]);
        let ended = ledgers[1].dropped(&now[1]);
        expired == PACKETS && ended == PACKETS
    });
    let of = |router: usize, verdict| ledgers[router].of(verdict, &now[router]);
    let told = of(1, Verdict::IcmpTimeExceeded);
    // What passes the router at hand besides: the other traffic, and what the far one tells.
    let others = reports[1].sent + told;
    let forwards = [of(0, Verdict::ForwardedCe) - others, of(1, Verdict::ForwardedCe)];
    println!("{PACKETS} packets with TTL {TTL}: forwarded {forwards:?} times, {told} answered");
    ledgers[1].settle("at the far router", &now[1], PACKETS, 0);
    ledgers[0].settle("at the router at hand", &now[0], 0, 0);
    assert!(is_over, "{:?}", of(1, Verdict::TtlExpired));
    assert_eq!(forwards, [PACKETS * 32, PACKETS * 31], "63 times each");
    std::thread::sleep(Duration::from_millis(50));
    let answers = answers(&station);
    assert_eq!(answers.len() as u64, told, "what is told arrives");
    assert!(answers.values().all(|count| *count == 1), "told once");
    assert!(told > 0);
    far.shutdown();
    near_router.shutdown().unwrap();
}
