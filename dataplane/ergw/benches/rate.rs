//! How many packets a second the gateway forwards here, with real frames over a veth. A measurement,
//! not a promise; it needs root, and `make bench` runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

#[path = "../tests/lab/mod.rs"]
mod lab;

use std::{
    thread,
    time::{Duration, Instant},
};

use afxdp::{Config, Socket};
use lab::{Gateway, HUB_VM_V6, UP, control::Control, frame, frame_v6, in_lab, state};
use nix::sys::signal::Signal;

const ROUND: Duration = Duration::from_secs(2);

/// Packets sent in a round at no more than `rate` packets/s.
fn offer(socket: &mut Socket, rate: u64) -> u64 {
    let packet = frame(UP, [10, 254, 10, 4], 64, 0);
    let started = Instant::now();
    let mut sent = 0_u64;
    while started.elapsed() < ROUND {
        let due = u128::from(rate) * started.elapsed().as_micros() / 1_000_000;
        let mut burst = 0;
        while u128::from(sent) < due && burst < 64 && socket.send_copy(&packet).is_ok() {
            sent += 1;
            burst += 1;
        }
        socket.wakeup().unwrap();
        socket.release();
        if burst == 0 {
            thread::sleep(Duration::from_micros(50));
        }
    }
    sent
}

fn settle(gateway: &Gateway) -> u64 {
    let mut last = u64::MAX;
    lab::eventually("the counters stand still", || {
        thread::sleep(Duration::from_millis(50));
        let judged = gateway.judged();
        std::mem::replace(&mut last, judged).eq(&judged).then_some(judged)
    })
}

fn packets_a_second() {
    in_lab(|lab| {
        let control = Control::start(&lab.control_socket());
        let gateway = lab.start();
        control.apply(1, state());
        let config =
            Config { frames: 8_192, transmit: 4_096, completion: 4_096, ..Config::default() };
        let mut socket = Socket::bind("lan", 0, &config).unwrap();
        for rate in [50_000, 100_000, 200_000, 300_000, 400_000, 600_000, 1_000_000] {
            let (judged, forwarded) = (gateway.judged(), gateway.verdict("gw_forwarded"));
            let sent = offer(&mut socket, rate);
            let judged = settle(&gateway) - judged;
            let forwarded = gateway.verdict("gw_forwarded") - forwarded;
            eprintln!(
                "offered {:>7}/s  forwarded {:>7}/s  unexplained {}  {}",
                sent / ROUND.as_secs(),
                forwarded / ROUND.as_secs(),
                sent.cast_signed() - judged.cast_signed(),
                gateway.counters()["verdicts"],
            );
        }
    });
}

/// Packets that have come out of the gateway, read without disturbing it.
fn arrived() -> u64 {
    let table = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let line = table.lines().find(|line| line.trim().starts_with("lan:")).unwrap();
    line.split_ascii_whitespace().nth(2).unwrap().parse().unwrap()
}

/// The gateway alone: its rings are filled while it is stopped, so no generator shares the machine.
fn packets_a_second_from_full_rings(version: &'static str, packet: Vec<u8>) {
    in_lab(move |lab| {
        const PACKETS: u64 = 16_000;
        let control = Control::start(&lab.control_socket());
        let gateway = lab.start();
        control.apply(1, state());
        let config =
            Config { frames: 8_192, transmit: 4_096, completion: 4_096, ..Config::default() };
        let mut socket = Socket::bind("lan", 0, &config).unwrap();
        for _ in 0..20 {
            gateway.stop();
            for _ in 0..PACKETS {
                while socket.send_copy(&packet).is_err() {
                    socket.wakeup().unwrap();
                }
            }
            socket.wakeup().unwrap();
            thread::sleep(Duration::from_millis(50));
            let goal = arrived() + PACKETS;
            let (started, before) = (Instant::now(), gateway.processor_time());
            gateway.signal(Signal::SIGCONT);
            while arrived() < goal {
                assert!(started.elapsed() < lab::DEADLINE, "{} missing", goal - arrived());
                thread::sleep(Duration::from_millis(1));
            }
            let elapsed = started.elapsed();
            let busy = gateway.processor_time().saturating_sub(before);
            eprintln!(
                "{version}: {:>8}/s by the clock, {:>8}/s by processor time",
                u128::from(PACKETS) * 1_000_000_000 / elapsed.as_nanos(),
                u128::from(PACKETS) * 1_000_000_000 / busy.as_nanos(),
            );
        }
    });
}

fn main() {
    packets_a_second();
    packets_a_second_from_full_rings("IPv4", frame(UP, [10, 254, 10, 4], 64, 0));
    packets_a_second_from_full_rings("IPv6", frame_v6(UP, HUB_VM_V6, 64, 0));
}
