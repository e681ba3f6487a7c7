//! Images flip under packets: each packet is judged by one image, the old or the new.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use abi::verdict::Verdict;
use desired::MseeState;
use msee::fastpath::{
    ApplyError, IncompleteError, Loader, Neighbours,
    steps::{Step, Steps},
};
use nix::errno::Errno;

use crate::{
    frames::Packet,
    rig::{self, ETH1, Rig, mac},
};

const FLIPS: usize = 300;

/// All of 10.254/16 to one next hop, in tables of different shape: a packet that mixed two images
/// would meet a hole, or a wrong next hop.
fn variant(last: u8, longer: usize) -> MseeState {
    let mut state = rig::state();
    let mut routes = vec![("10.254.0.0/16".to_owned(), rig::direct(last))];
    for number in 0..longer {
        // Other prefixes and next hops first, so that indices differ between the variants.
        let filler = u8::try_from(100 + number % 100).unwrap();
        routes.push((format!("10.{}.{}.0/24", number % 200, number / 200), rig::direct(filler)));
    }
    let routes: Vec<_> =
        routes.iter().map(|(prefix, next)| (prefix.as_str(), next.clone())).collect();
    state.vrfs.insert("circuit".to_owned(), rig::vrf(&routes));
    // A port comes and goes with every flip.
    if longer > 0 {
        state.circuit_ports.remove("eth3");
    }
    state
}

#[test]
fn no_packet_meets_a_half_written_image() {
    let mut rig = Rig::start();
    let variants = [variant(0x51, 0), variant(0x52, 3_000)];
    rig.fast_path.apply(&variants[0], &Neighbours::default()).unwrap();
    let program = rig::program(&rig.namespace.pins());
    let ifindex = rig.port("eth1").ifindex;
    let frame = Packet::udp(ETH1, [172, 16, 1, 1], [10, 254, 10, 4]).bytes();
    let stop = AtomicBool::new(false);
    let hits = thread::scope(|scope| {
        let packets = scope.spawn(|| {
            let mut hits = [0_u64; 2];
            while !stop.load(Ordering::Relaxed) {
                let (action, bytes) = rig::run(&program, Some(ifindex), &frame);
                let hop = [0x51, 0x52].iter().position(|last| bytes[..6] == mac(*last));
                // Anything else is found by its verdict below.
                if action == 4
                    && let Some(hop) = hop
                {
                    hits[hop] += 1;
                }
            }
            hits
        });
        for flip in 0..FLIPS {
            rig.fast_path.apply(&variants[(flip + 1) % 2], &Neighbours::default()).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        packets.join().unwrap()
    });
    println!("{FLIPS} flips, packets by next hop: {hits:?}");
    assert!(hits.iter().all(|hits| *hits > 0), "{hits:?}");
    let counters = rig.counters();
    for verdict in abi::verdict::ALL {
        let forwarded = verdict == Verdict::ForwardedDirect;
        let expected = if forwarded { hits.iter().sum::<u64>() } else { 0 };
        assert_eq!(counters[usize::from(verdict.number())], expected, "{}", verdict.name());
    }
}

#[test]
fn a_state_that_could_not_be_completed_is_in_force_and_said_to_be() {
    let is_refused = Arc::new(AtomicBool::new(false));
    let refused = Arc::clone(&is_refused);
    let steps = Steps::new(move |step| match step {
        Step::Detach if refused.load(Ordering::Relaxed) => Err(Errno::ENOMEM.into()),
        _ => Ok(()),
    });
    let mut rig = Rig::start_by(&Loader::default().steps(steps));
    let before = rig.fast_path.compiled().generation();
    let mut without = rig::state();
    without.circuit_ports.remove("eth3");
    is_refused.store(true, Ordering::Relaxed);
    let error = rig.fast_path.apply(&without, &Neighbours::default()).unwrap_err();
    assert!(matches!(error, ApplyError::Incomplete(IncompleteError::Attach(_))), "{error}");
    assert_eq!(rig.fast_path.compiled().generation(), before + 1);
    assert!(rig.fast_path.ports().iter().all(|port| port.interface != "eth3"));
    let pin = rig.namespace.pins().join("links/eth3");
    assert!(pin.exists());

    is_refused.store(false, Ordering::Relaxed);
    let again = rig.fast_path.apply(&without, &Neighbours::default()).unwrap();
    assert_eq!(again.generation(), before + 2);
    assert!(!pin.exists());
}

#[test]
fn a_port_that_cannot_be_pinned_is_refused_and_detached() {
    let mut rig = Rig::start();
    let mut without = rig::state();
    without.circuit_ports.remove("eth3");
    let before = rig.fast_path.apply(&without, &Neighbours::default()).unwrap().generation();
    let links = rig.namespace.pins().join("links");
    fs::remove_dir_all(&links).unwrap();
    let error = rig.fast_path.apply(&rig::state(), &Neighbours::default()).unwrap_err();
    assert!(matches!(error, ApplyError::Attach(_)), "{error}");
    assert_eq!(rig.fast_path.compiled().generation(), before);
    // What was attached still is, without its pin.
    let frame = Packet::udp(ETH1, [172, 16, 1, 1], [10, 255, 10, 4]).bytes();
    assert_eq!(rig.run("eth1", &frame).0, 4);

    fs::create_dir(&links).unwrap();
    let again = rig.fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
    assert_eq!(again.generation(), before + 1);
    assert!(links.join("eth3").exists());
}

#[test]
fn a_refused_state_leaves_the_one_in_force() {
    let mut rig = Rig::start();
    let in_force = rig.fast_path.compiled();
    let mut missing = rig::state();
    missing.fabric_ports.insert("eth77".to_owned(), desired::FabricPort::default());
    let mut unknown = rig::state();
    unknown.vrfs.clear();
    for refused in [missing, unknown] {
        rig.fast_path.apply(&refused, &Neighbours::default()).unwrap_err();
        assert_eq!(rig.fast_path.compiled().generation(), in_force.generation());
        let frame = Packet::udp(ETH1, [172, 16, 1, 1], [10, 255, 10, 4]).bytes();
        assert_eq!(rig.run("eth1", &frame).0, 4);
    }
    assert_eq!(rig.count(Verdict::ForwardedDirect), 2);
}
