//! The real binary, real packets: what comes out, what is counted, what stays silent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod lab;

use std::{thread, time::Duration};

use desired::{HostState, State};
use lab::{
    FAILED, HUB_VM_V6, UP, VM, control::Control, delivered, delivered_v6, eventually, frame,
    frame_v6, in_lab, lengthened, port::Port, state,
};
use nix::sys::signal::Signal;
use serde_json::json;
use southbound::FromDataplane;

const HUB_VM: [u8; 4] = [10, 254, 10, 4];

#[test]
fn every_verdict_is_counted_and_only_good_packets_leave() {
    in_lab(|lab| {
        let control = Control::start(&lab.control_socket());
        let gateway = lab.start();
        let port = Port::open("lan");
        let health = gateway.try_get("/health").unwrap();
        assert_eq!(
            health,
            json!({"name": "ERGW1", "ready": false, "revision": null, "xdp": "native"})
        );
        port.send(&frame(UP, HUB_VM, 64, 0));
        eventually("gw_no_state", || (gateway.verdict("gw_no_state") == 1).then_some(()));

        control.apply(41, state());
        let health = gateway.try_get("/health").unwrap();
        assert_eq!(
            health,
            json!({"name": "ERGW1", "ready": true, "revision": 41, "xdp": "native"})
        );

        let mut bad_checksum = frame(UP, HUB_VM, 64, 1);
        bad_checksum[24] ^= 1;
        let mut cut = frame(UP, HUB_VM, 64, 1);
        cut.truncate(40);
        let mut arp = frame([0xff; 6], HUB_VM, 64, 1);
        arp[12..14].copy_from_slice(&[8, 6]);
        for spoilt in [
            bad_checksum,
            cut,
            arp,
            frame([0x02, 0, 0, 0, 0, 0x99], HUB_VM, 64, 1),
            frame(FAILED, HUB_VM, 64, 1),
            frame(UP, [10, 254, 10, 77], 64, 1),
            frame(UP, HUB_VM, 1, 1),
            frame(UP, HUB_VM, 0, 1),
        ] {
            port.send(&spoilt);
        }
        port.send(&frame(UP, HUB_VM, 64, 2));
        port.send(&frame(UP, HUB_VM, 2, 3));
        assert_eq!(port.receive(), delivered(64, 2), "nothing else may come before it");
        assert_eq!(port.receive(), delivered(2, 3));
        assert_eq!(port.receive_within(Duration::from_millis(50)), None);
        eventually("all are judged", || (gateway.judged() == 11).then_some(()));
        assert_eq!(
            gateway.counters(),
            json!({
                "name": "ERGW1",
                "generation": 41,
                "verdicts": {
                    "gw_no_state": 1,
                    "gw_header": 1,
                    "gw_truncated": 1,
                    "gw_not_ip": 1,
                    "gw_wrong_mac": 1,
                    "gw_instance_failed": 1,
                    "gw_no_endpoint": 1,
                    "gw_ttl_expired_silent": 2,
                    "gw_forwarded": 2,
                },
                "endpoints": {"hub-vm": 2},
            })
        );
    });
}

#[test]
fn every_verdict_is_counted_for_ipv6_too() {
    in_lab(|lab| {
        let control = Control::start(&lab.control_socket());
        let gateway = lab.start();
        let port = Port::open("lan");
        control.apply(41, state());
        let good = || frame_v6(UP, HUB_VM_V6, 64, 1);
        let spoilt = |spoil: fn(&mut Vec<u8>)| {
            let mut bytes = good();
            spoil(&mut bytes);
            bytes
        };
        for spoilt in [
            spoilt(|bytes| bytes[14] = 0x50),
            spoilt(|bytes| bytes[18..21].fill(0)),
            // Cut in the header the program ends it, cut behind it the process does.
            spoilt(|bytes| bytes.truncate(53)),
            spoilt(|bytes| bytes.truncate(60)),
            frame_v6([0x33, 0x33, 0xff, 0x0a, 0, 4], HUB_VM_V6, 255, 1),
            frame_v6(FAILED, HUB_VM_V6, 64, 1),
            spoilt(|bytes| bytes[22..24].copy_from_slice(&[0xfe, 0x80])),
            frame_v6(UP, "fe80::4".parse().unwrap(), 64, 1),
            frame_v6(UP, "fdcc:0:fe::a:5".parse().unwrap(), 64, 1),
            frame_v6(UP, HUB_VM_V6, 1, 1),
            frame_v6(UP, HUB_VM_V6, 0, 1),
        ] {
            port.send(&spoilt);
        }
        port.send(&frame_v6(UP, HUB_VM_V6, 64, 2));
        port.send(&frame(UP, HUB_VM, 64, 3));
        port.send(&frame_v6(UP, HUB_VM_V6, 2, 4));
        assert_eq!(port.receive(), delivered_v6(64, 2), "nothing else may come before it");
        assert_eq!(port.receive(), delivered(64, 3));
        assert_eq!(port.receive(), delivered_v6(2, 4));
        assert_eq!(port.receive_within(Duration::from_millis(50)), None);
        eventually("all are judged", || (gateway.judged() == 14).then_some(()));
        assert_eq!(
            gateway.counters(),
            json!({
                "name": "ERGW1",
                "generation": 41,
                "verdicts": {
                    "gw_header": 2,
                    "gw_truncated": 2,
                    "gw_wrong_mac": 1,
                    "gw_instance_failed": 1,
                    "gw_link_local": 2,
                    "gw_no_endpoint": 1,
                    "gw_ttl_expired_silent": 2,
                    "gw_forwarded": 3,
                },
                "endpoints": {"hub-vm": 3},
            })
        );
    });
}

/// Frames of one buffer, of two, and the longest; a frame of the socket takes 1,792 bytes.
#[test]
fn jumbo_packets_pass_with_their_bytes() {
    in_lab(|lab| {
        for end in ["eth1", "lan"] {
            lab::ip(&format!("link set {end} mtu 9216"));
        }
        let control = Control::start(&lab.control_socket());
        let gateway = lab.start();
        let port = Port::open("lan");
        control.apply(41, state());
        let lengths = (1_770..1_800).chain(3_490..3_600).chain(8_990..=9_000).chain([9_216]);
        let mut count = 0;
        for (number, length) in (0..).zip(lengths) {
            port.send(&lengthened(frame(UP, HUB_VM, 64, number), length));
            assert!(port.receive() == lengthened(delivered(64, number), length), "{length}");
            port.send(&lengthened(frame_v6(UP, HUB_VM_V6, 64, number), length));
            assert!(port.receive() == lengthened(delivered_v6(64, number), length), "{length}");
            // One byte less than the header says.
            let mut cut = lengthened(frame(UP, HUB_VM, 64, number), length);
            cut.pop();
            port.send(&cut);
            count += 1;
        }
        eventually("all are judged", || (gateway.judged() == 3 * count).then_some(()));
        assert_eq!(
            gateway.counters()["verdicts"],
            json!({"gw_forwarded": 2 * count, "gw_truncated": count})
        );
    });
}

/// A bridge has no native XDP: the kernel's stack runs the program, and it is said.
#[test]
fn a_port_without_native_xdp_forwards_in_generic_mode() {
    in_lab(|mut lab| {
        for command in [
            "link set eth1 down",
            "link set eth1 name sw1",
            "link add eth1 address 02:00:00:00:00:12 type bridge forward_delay 0 mcast_snooping 0",
            "link set sw1 master eth1",
            "link set sw1 up",
            "link set eth1 up",
        ] {
            lab::ip(command);
        }
        lab.pin();
        let control = Control::start(&lab.control_socket());
        let port = Port::open("lan");
        control.send(41, State::Ergw(state()));
        for round in 1..=2 {
            // The second one takes over from the first, which was killed, and counts on.
            let gateway = lab.start();
            control.wait_applied(41);
            assert_eq!(gateway.try_get("/health").unwrap()["xdp"], "generic");
            for number in 0..100 {
                port.send(&frame(UP, HUB_VM, 64, number));
                assert_eq!(port.receive(), delivered(64, number));
            }
            assert_eq!(gateway.verdict("gw_forwarded"), 100 * round);
        }
    });
}

#[test]
fn a_state_of_another_kind_is_refused_and_the_old_one_stays() {
    in_lab(|lab| {
        let control = Control::start(&lab.control_socket());
        let gateway = lab.start();
        control.apply(1, state());
        control.send(2, State::Host(HostState::default()));
        let FromDataplane::Refused { revision, error } = control.report() else { panic!() };
        assert_eq!((revision.0, error.contains("ergw")), (2, true), "{error}");
        let port = Port::open("lan");
        port.send(&frame(UP, HUB_VM, 9, 1));
        assert_eq!(port.receive(), delivered(9, 1));
        assert_eq!(gateway.counters()["generation"], 1);
    });
}

/// New states every few milliseconds under traffic: no packet is lost or judged by half a state.
#[test]
fn states_change_under_traffic_without_a_loss() {
    in_lab(|lab| {
        const PACKETS: u32 = 20_000;
        let control = Control::start(&lab.control_socket());
        let gateway = lab.start();
        control.apply(1, state());
        let port = Port::open("lan");
        for number in 0..PACKETS {
            let packet = match number % 2 {
                0 => frame(UP, HUB_VM, 64, number),
                _ => frame_v6(UP, HUB_VM_V6, 64, number),
            };
            port.send(&packet);
            if number % 500 == 0 {
                control.apply(u64::from(number) + 2, state());
            }
        }
        for number in 0..PACKETS {
            let packet = match number % 2 {
                0 => delivered(64, number),
                _ => delivered_v6(64, number),
            };
            assert_eq!(port.receive(), packet);
        }
        assert_eq!(gateway.verdict("gw_forwarded"), u64::from(PACKETS));
        assert_eq!(gateway.counters()["endpoints"]["hub-vm"], u64::from(PACKETS));
        assert_eq!(gateway.judged(), u64::from(PACKETS));
    });
}

/// 200 ms at 50,000 packets/s is 10,000 packets: the rings hold them all.
#[test]
fn being_stopped_for_a_while_loses_nothing_that_fits_the_rings() {
    in_lab(|lab| {
        const PACKETS: u32 = 16_000;
        let control = Control::start(&lab.control_socket());
        let gateway = lab.start();
        control.apply(1, state());
        let port = Port::open("lan");
        gateway.stop();
        for number in 0..PACKETS {
            port.send(&frame(UP, HUB_VM, 64, number));
        }
        thread::sleep(Duration::from_millis(50));
        gateway.signal(Signal::SIGCONT);
        for number in 0..PACKETS {
            assert_eq!(port.receive(), delivered(64, number));
        }
        assert_eq!(gateway.judged(), u64::from(PACKETS));
    });
}

/// More than the rings hold: what is lost is named, to the packet, and forwarding goes on.
#[test]
fn an_overload_is_explained_to_the_packet() {
    in_lab(|lab| {
        const PACKETS: u32 = 50_000;
        let control = Control::start(&lab.control_socket());
        let gateway = lab.start();
        control.apply(1, state());
        let port = Port::open("lan");
        gateway.stop();
        for number in 0..PACKETS {
            port.send(&frame(UP, HUB_VM, 64, number));
        }
        gateway.signal(Signal::SIGCONT);
        eventually("all are judged", || (gateway.judged() >= u64::from(PACKETS)).then_some(()));
        let mut came = 0;
        while port.receive_within(Duration::from_millis(100)).is_some() {
            came += 1;
        }
        let counters = gateway.counters();
        assert_eq!(gateway.judged(), u64::from(PACKETS), "{counters}");
        assert_eq!(gateway.verdict("gw_forwarded"), came, "{counters}");
        assert!(gateway.verdict("kernel_xsk_fill_empty") > 0, "{counters}");
        port.send(&frame(UP, HUB_VM, 64, 7));
        assert_eq!(port.receive(), delivered(64, 7));
        assert_eq!(&delivered(64, 7)[..6], VM);
    });
}
