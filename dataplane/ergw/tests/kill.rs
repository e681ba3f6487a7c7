//! A gateway is killed under load: its program stays attached and names what is lost, and the next one
//! carries on at once. The full version runs with `ERLAB_SOAK=1`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod lab;

use std::{
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use lab::{
    bound,
    control::Control,
    in_lab,
    load::{BATCH, Load, RATE, RING},
    port::Port,
    state,
};
use nix::sys::signal::Signal;

#[test]
fn a_killed_gateway_is_back_within_the_bound_and_each_packet_is_accounted_for() {
    in_lab(|mut lab| {
        let kills = lab::rounds(5, 100);
        lab.pin();
        lab.release();
        let control = Control::start(&lab.control_socket());
        let mut gateway = lab.start();
        control.apply(5, state());
        let port = Arc::new(Port::open("lan"));
        let before = gateway.losses();
        let load = Load::start(&port);
        let (mut longest, mut away) = (Duration::ZERO, Duration::ZERO);
        for kill in 0..kills {
            // Not in step with anything.
            sleep(Duration::from_micros(400_000 + u64::from(kill) * 7_919 % 50_000));
            gateway.signal(Signal::SIGKILL);
            let killed = Instant::now();
            assert_eq!(gateway.end(), None);
            assert!(lab::is_attached(), "the program is gone with its process");
            gateway = lab.start();
            control.wait_applied(5);
            longest = longest.max(killed.elapsed());
            away += killed.elapsed();
        }
        load.wait_for(5_000);
        let outcome = load.stop();
        println!("{kills} kills, away for {longest:?} at most");
        assert!(outcome.lost() > 0, "nobody missed the gateway: {outcome}");
        outcome.conserve(&gateway, before, u64::from(kills));
        let most = u64::from(kills) * RING + away.as_millis() as u64 * u64::from(RATE) / 1_000;
        assert!(outcome.lost() <= most, "more than its absence and its rings: {outcome}, {most}");
        // What the processes before it have counted is not forgotten, but for a batch each.
        assert!(gateway.verdict("gw_no_socket") > 0, "{}", gateway.counters());
        let forwarded = gateway.verdict("gw_forwarded");
        assert!(forwarded + u64::from(kills) * BATCH >= outcome.came(), "{forwarded}, {outcome}");
        let gap = bound(Duration::from_secs(5), Duration::from_secs(1));
        assert!(outcome.longest_gap() <= gap, "{outcome}");
    });
}
