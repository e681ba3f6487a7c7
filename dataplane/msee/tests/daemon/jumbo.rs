//! Packets of several buffers through the whole router: forwarded, answered and cut to pieces.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use abi::verdict::Verdict;

use crate::{
    OURS_AT_CE,
    books::Books,
    error,
    lab::{self, Lab, VM},
    ping::Ping,
    reply,
};

/// Bytes of an IPv4 and an ICMP header.
const HEADERS: usize = 28;

fn ping(length: usize) -> Ping {
    Ping { size: length - HEADERS, ..Ping::default() }
}

/// Around MTUs where a frame needs one buffer and one more, and the largest that is usual: the longest
/// packet comes back, and one byte more is answered with the MTU.
#[test]
fn path_mtu_discovery_works_to_the_byte_up_to_jumbo_frames() {
    let lab = Lab::new("jumbo");
    for end in
        ["ce link set eth1", "msee link set eth1", "msee link set cpu1", "msee link set xcpu1"]
    {
        lab.run(&format!("ip -n @{end} mtu 9216"));
    }
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    let books = Books::open(&lab, &msee);
    let generation = || msee.get("/counters")["generation"].as_u64().unwrap();
    let mtus = [1_400, 3_506, 3_520, 3_521, 3_840, 9_000];
    for mtu in mtus {
        let before = generation();
        lab.run(&format!("ip -n @vm link set eth1 mtu {mtu}"));
        lab.run(&format!("ip -n @msee link set eth2 mtu {mtu}"));
        let changed = Instant::now();
        while generation() == before {
            assert!(changed.elapsed() < Duration::from_secs(5), "the new MTU is not noticed");
            sleep(Duration::from_millis(5));
        }
        assert_eq!(lab.ping("ce", VM, ping(mtu.into())), reply(VM, 63), "{mtu}");
        for length in [usize::from(mtu) + 1, 9_216] {
            let answer = lab.ping("ce", VM, ping(length));
            assert_eq!(answer, error(OURS_AT_CE, 3, 4, mtu), "{length} bytes");
            // Linux remembers, and would not send the next one.
            lab.run("ip -n @ce route flush cache");
        }
        assert_eq!(lab.ping("ce", OURS_AT_CE, ping(9_216)), reply(OURS_AT_CE, 64), "{mtu}");
    }
    let changes = books.close(&lab, &msee);
    let count = mtus.len() as u64;
    let answers = [("icmp_fragmentation_needed", 2 * count), ("icmp_echo_reply", count)];
    assert_eq!(changes.losses(), answers.into(), "{changes:?}");
    assert_eq!(changes.of(Verdict::TooBig), 2 * count, "{changes:?}");
    assert_eq!(changes.of(Verdict::ForwardedDirect), count, "{changes:?}");
    assert_eq!(changes.of(Verdict::ForwardedCe), count, "{changes:?}");
    msee.terminate();
}

/// The VM makes the packet again, and answers with one as long.
#[test]
fn a_jumbo_packet_that_may_be_cut_goes_on_in_pieces() {
    let lab = Lab::new("pieces");
    lab.run("ip -n @ce link set eth1 mtu 9216");
    lab.run("ip -n @msee link set eth1 mtu 9216");
    // No path MTU discovery: Don't Fragment is not set.
    lab.run("nsenter --net=/run/netns/@ce sysctl -qw net.ipv4.ip_no_pmtu_disc=1");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    let books = Books::open(&lab, &msee);
    for length in [1_501, 3_506, 3_840, 9_000, 9_216] {
        assert_eq!(lab.ping("ce", VM, ping(length)), reply(VM, 63), "{length} bytes");
    }
    let changes = books.close(&lab, &msee);
    assert_eq!(changes.of(Verdict::TooBigFragmentable), 5, "{changes:?}");
    assert!(changes.losses().is_empty(), "{changes:?}");
    msee.terminate();
}
