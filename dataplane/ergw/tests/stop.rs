//! A gateway that is stopped under load: what it loses is explained to the packet, and it is back at
//! the load as soon as it goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod lab;

use std::{sync::Arc, thread::sleep, time::Duration};

use lab::{bound, control::Control, in_lab, load::Load, port::Port, state};
use nix::sys::signal::Signal;

#[test]
fn a_stopped_gateway_explains_its_losses_and_is_back_at_the_load_at_once() {
    in_lab(|mut lab| {
        lab.release();
        let control = Control::start(&lab.control_socket());
        let gateway = lab.start();
        control.apply(5, state());
        let port = Arc::new(Port::open("lan"));
        let before = gateway.losses();
        let load = Load::start(&port);
        let stopped = Duration::from_secs(lab::rounds(1, 10).into());
        gateway.stop();
        sleep(stopped);
        gateway.signal(Signal::SIGCONT);
        let continued = load.now();
        load.wait_for(3 * lab::load::RATE / 2);
        let outcome = load.stop();
        let back = outcome.last_loss().unwrap_or_default().saturating_sub(continued);
        println!(
            "stopped for {stopped:?}, the last loss {back:?} after it went on: {}",
            gateway.counters()
        );
        assert_eq!(outcome.conserve(&gateway, before, 0), 0, "{}", gateway.counters());
        let explained: u64 =
            ["kernel_xsk_ring_full", "kernel_xsk_fill_empty", "kernel_xsk_dropped"]
                .map(|name| gateway.verdict(name))
                .iter()
                .sum();
        assert!(explained > 0, "its rings held everything: {outcome}");
        assert_eq!(explained, outcome.lost() - outcome.lost_on_the_way(), "{outcome}");
        let most = bound(Duration::from_millis(500), Duration::from_millis(100));
        assert!(back <= most, "{outcome}");
    });
}
