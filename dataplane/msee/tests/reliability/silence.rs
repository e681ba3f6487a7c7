//! R24: packets that must not be answered are not, however many: 12 kinds of each IP version, each of
//! which would be answered with Time Exceeded if it were of no such kind.

use std::{
    net::Ipv6Addr,
    thread::sleep,
    time::{Duration, Instant},
};

use abi::verdict::Verdict;
use desired::Revision;
use etherparse::{IpFragOffset, IpNumber, PacketBuilder};
use msee::{daemon::Router, fastpath::Loader};

use crate::{
    bench::{Bench, eventually},
    frames::{Packet, ethernet},
    ledger::Ledger,
    rig::{self, ETH1, mac},
    soak,
    station::{Pace, Station},
};

/// Below the budget of exceptions, so that manners decide and not the budget.
const RATE: u32 = 8_000;
const CUSTOMER: [u8; 4] = [172, 16, 1, 1];
const VM: [u8; 4] = [10, 255, 10, 4];
const CUSTOMER6: &str = "fd00:172::1";
const VM6: &str = "fd00:255:0:10::4";

fn expired(source: [u8; 4], destination: [u8; 4]) -> Packet {
    Packet::udp(ETH1, source, destination).with(|header| header.time_to_live = 1)
}

/// With this type of ICMP.
fn icmp(kind: u8) -> Vec<u8> {
    let mut packet = expired(CUSTOMER, VM).with(|header| header.protocol = IpNumber::ICMP);
    packet.payload[0] = kind;
    packet.bytes()
}

fn to(destination: [u8; 6], mut frame: Vec<u8>) -> Vec<u8> {
    frame[..6].copy_from_slice(&destination);
    frame
}

/// Kinds that RFC 1812 4.3.2.7 names, and those that follow from 5.3.7.
fn ipv4() -> [(&'static str, Vec<u8>); 12] {
    let later = |header: &mut etherparse::Ipv4Header| {
        header.fragment_offset = IpFragOffset::try_new(185).unwrap();
    };
    let mut wrong_sum = expired(CUSTOMER, VM).bytes();
    wrong_sum[24] ^= 1;
    let any = || expired(CUSTOMER, VM).bytes();
    [
        ("an ICMP destination unreachable", icmp(3)),
        ("an ICMP time exceeded", icmp(11)),
        ("an ICMP redirect", icmp(5)),
        ("a later fragment", expired(CUSTOMER, VM).with(later).bytes()),
        ("a wrong header checksum", wrong_sum),
        ("to the link's broadcast", to([0xff; 6], any())),
        ("to a group of the link", to([1, 0, 0x5e, 0, 0, 5], any())),
        ("to a group", expired(CUSTOMER, [224, 0, 0, 5]).bytes()),
        ("to the broadcast", expired(CUSTOMER, [255; 4]).bytes()),
        ("to the directed broadcast", expired(CUSTOMER, [172, 16, 1, 3]).bytes()),
        ("from nowhere", expired([0; 4], VM).bytes()),
        ("from a group", expired([239, 1, 1, 1], VM).bytes()),
    ]
}

fn expired6(source: &str, destination: &str) -> Vec<u8> {
    let [source, destination] =
        [source, destination].map(|it| it.parse::<Ipv6Addr>().unwrap().octets());
    let mut bytes = Vec::new();
    let builder = PacketBuilder::ipv6(source, destination, 1).udp(40_000, 7);
    builder.write(&mut bytes, b"payload").unwrap();
    ethernet(mac(ETH1), 0x86dd, &bytes)
}

/// With this next header, and this first byte behind the header.
fn carrying(next_header: u8, first: u8) -> Vec<u8> {
    let mut frame = expired6(CUSTOMER6, VM6);
    (frame[20], frame[54]) = (next_header, first);
    frame
}

/// Kinds that RFC 4443 2.4 (e) names, and those that follow from RFC 4291 2.5.
fn ipv6() -> [(&'static str, Vec<u8>); 12] {
    let mut later = carrying(44, 17);
    later[56..58].copy_from_slice(&(185_u16 << 3).to_be_bytes());
    let any = || expired6(CUSTOMER6, VM6);
    [
        ("an ICMPv6 destination unreachable", carrying(58, 1)),
        ("an ICMPv6 packet too big", carrying(58, 2)),
        ("an ICMPv6 time exceeded", carrying(58, 3)),
        ("an ICMPv6 error of no known type", carrying(58, 127)),
        ("an ICMPv6 redirect", carrying(58, 137)),
        ("a later fragment", later),
        ("to a group of the link", to([0x33, 0x33, 0, 0, 0, 1], any())),
        ("to a group", expired6(CUSTOMER6, "ff0e::1")),
        ("from nobody", expired6("::", VM6)),
        ("from a loopback address", expired6("::1", VM6)),
        ("from a group", expired6("ff0e::1", VM6)),
        ("from a mapped address", expired6("::ffff:10.0.0.1", VM6)),
    ]
}

/// The station with a router around it, and what it has seen of the router.
struct Silence {
    station: Station,
    router: Router,
}

impl Silence {
    /// Frames of the router so far.
    fn heard(&self) -> usize {
        std::iter::from_fn(|| self.station.receive(mac(ETH1))).count()
    }

    /// Sends one that is answered, and waits for the answer: all that was sent before it is through.
    fn expect_answer(&self, frame: &[u8]) {
        self.station.send(frame);
        let started = Instant::now();
        while self.heard() == 0 {
            assert!(started.elapsed() < Duration::from_secs(5), "the router answers nothing");
            sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn what_must_not_be_answered_is_not_however_often() {
    let bench = Bench::empty();
    let (mut router, _) = Router::start(Loader::default().load(&bench.pins()).unwrap()).unwrap();
    router.apply(Revision(1), &rig::state()).unwrap();
    let station = Station::open(&bench.hosts.customer, "eth1p");
    let mut test = Silence { station, router };
    let count = soak::rounds(1_000, 100_000);
    for (kinds, any) in
        [(ipv4(), expired(CUSTOMER, VM).bytes()), (ipv6(), expired6(CUSTOMER6, VM6))]
    {
        for (name, frame) in kinds {
            test.expect_answer(&any);
            let ledger = Ledger::open(&test.router.counters().unwrap());
            let (mut sent, mut pace) = (0, Pace::new(RATE));
            while sent < u64::from(count) {
                for _ in 0..pace.next().min(u64::from(count) - sent) {
                    test.station.send(&frame);
                    sent += 1;
                }
            }
            let mut now = test.router.counters().unwrap();
            let is_through = eventually(|| {
                now = test.router.counters().unwrap();
                ledger.dropped(&now) == sent
            });
            let over_budget = ledger.of(Verdict::BudgetException, &now);
            ledger.settle(name, &now, sent, 0);
            assert!(is_through);
            assert_eq!((test.heard(), over_budget), (0, 0), "{name}");
        }
    }
    test.expect_answer(&expired(CUSTOMER, VM).bytes());
    test.router.shutdown().unwrap();
}
