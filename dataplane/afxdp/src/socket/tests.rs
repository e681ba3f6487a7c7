//! Against the kernel: veth pairs in namespaces without a name, which vanish with their thread.
//! Root is needed: without it they fail.

mod port;

use std::{
    thread,
    time::{Duration, Instant},
};

use super::*;
use port::{Port, frame, in_namespace, veth};

const DEADLINE: Duration = Duration::from_secs(5);

fn small() -> Config {
    Config {
        frames: 64,
        receive: 32,
        transmit: 16,
        fill: 32,
        completion: 16,
        batch: 8,
        ..Config::default()
    }
}

impl Socket {
    fn assert_balanced(&self) {
        let Accounting { reception, held, transmission, free, total } = self.accounting();
        assert_eq!(reception + held + transmission + free, total, "{:?}", self.accounting());
    }

    /// Handles frames until `enough` or the deadline; `act` decides about each.
    fn run(&mut self, mut enough: impl FnMut() -> bool, mut act: impl FnMut(&mut Self, usize)) {
        let started = Instant::now();
        while !enough() && started.elapsed() < DEADLINE {
            self.wait(Duration::from_millis(10)).unwrap();
            for index in 0..self.receive() {
                act(self, index);
                self.assert_balanced();
            }
            self.wakeup().unwrap();
            self.release();
            self.assert_balanced();
        }
    }
}

#[test]
fn every_frame_is_accounted_for_through_thousands_of_packets() {
    in_namespace(|| {
        veth(1_500);
        let mut port = Port::open("lan");
        let (mut socket, _program) = port::receiving("eth1", &small());
        assert_eq!(socket.accounting().reception, 32);
        let (mut seen, mut sent, mut refused) = (0_u32, 0_u32, 0_u32);
        for round in 0..200_u32 {
            for number in 0..16 {
                port.send(&frame(round * 16 + number, 60));
            }
            let target = (round + 1) * 16;
            let counter = std::cell::Cell::new(seen);
            socket.run(
                || counter.get() >= target,
                |socket, index| {
                    let data = socket.frame(index).unwrap().data;
                    assert_eq!(data, frame(counter.get(), 60));
                    data[0] = 0x02;
                    counter.set(counter.get() + 1);
                    if counter.get() % 2 == 0 {
                        match socket.send(index) {
                            Ok(()) => sent += 1,
                            Err(error) => {
                                assert_eq!(error, SendError::RingFull);
                                refused += 1;
                            }
                        }
                    }
                },
            );
            seen = counter.get();
            assert_eq!(seen, target);
            port.drain();
        }
        assert_eq!(sent + refused, 1_600);
        assert_eq!(refused, 0);
        // At rest the kernel's rings agree with the books.
        let started = Instant::now();
        while socket.accounting().transmission > 0 && started.elapsed() < DEADLINE {
            thread::sleep(Duration::from_millis(1));
            socket.release();
        }
        let books = socket.accounting();
        assert_eq!((books.transmission, books.held), (0, 0));
        assert_eq!(books.reception, 32 - socket.rings.fill_room() + socket.rings.received());
        let statistics = socket.statistics().unwrap();
        assert_eq!(
            (statistics.dropped, statistics.invalid_fill, statistics.invalid_transmit),
            (0, 0, 0)
        );
    });
}

#[test]
fn what_is_sent_in_place_or_copied_leaves_with_its_bytes() {
    in_namespace(|| {
        veth(1_500);
        let mut port = Port::open("lan");
        let (mut socket, _program) = port::receiving("eth1", &small());
        port.send(&frame(1, 200));
        let done = std::cell::Cell::new(false);
        socket.run(
            || done.get(),
            |socket, index| {
                let frame = socket.frame(index).unwrap();
                frame.data[..6].copy_from_slice(&[2, 0, 0, 0, 9, 9]);
                socket.send(index).unwrap();
                assert_eq!(socket.send(index), Err(SendError::NotHeld));
                assert!(socket.frame(index).is_none());
                done.set(true);
            },
        );
        let mut expected = frame(1, 200);
        expected[..6].copy_from_slice(&[2, 0, 0, 0, 9, 9]);
        assert_eq!(port.receive_from([2, 0, 0, 0, 9, 9]), expected);

        let mut made = frame(2, 100);
        made[..6].copy_from_slice(&[2, 0, 0, 0, 8, 8]);
        socket.send_copy(&made).unwrap();
        socket.wakeup().unwrap();
        assert_eq!(port.receive_from([2, 0, 0, 0, 8, 8]), made);
        assert_eq!(socket.send_copy(&[0; limits::FRAME + 1]), Err(SendError::TooLong));
        socket.assert_balanced();
    });
}

/// A frame here takes 1,792 bytes: the lengths are around one, two and the most there are.
#[test]
fn a_jumbo_packet_crosses_in_several_frames_with_its_bytes() {
    in_namespace(|| {
        veth(limits::MTU as u32);
        let mut port = Port::open("lan");
        let (mut socket, _program) = port::receiving("eth1", &small());
        let lengths = [60, 1_792, 1_793, 3_584, 3_585, 9_014, limits::FRAME];
        for (number, length) in (0..).zip(lengths) {
            let mut expected = frame(number, length);
            port.send(&expected);
            let done = std::cell::Cell::new(false);
            socket.run(
                || done.get(),
                |socket, index| {
                    let data = socket.frame(index).unwrap().data;
                    assert_eq!(data, expected, "{length} bytes");
                    data[..6].copy_from_slice(&[2, 0, 0, 0, 9, 9]);
                    *data.last_mut().unwrap() = 0x5a;
                    socket.send(index).unwrap();
                    assert_eq!(socket.send(index), Err(SendError::NotHeld));
                    assert!(socket.frame(index).is_none());
                    done.set(true);
                },
            );
            expected[..6].copy_from_slice(&[2, 0, 0, 0, 9, 9]);
            *expected.last_mut().unwrap() = 0x5a;
            assert_eq!(port.receive_from([2, 0, 0, 0, 9, 9]), expected, "{length} bytes in place");
            expected[..6].copy_from_slice(&[2, 0, 0, 0, 8, 8]);
            socket.send_copy(&expected).unwrap();
            socket.wakeup().unwrap();
            assert_eq!(port.receive_from([2, 0, 0, 0, 8, 8]), expected, "{length} bytes copied");
            socket.assert_balanced();
        }
        let statistics = socket.statistics().unwrap();
        assert_eq!((statistics.dropped, statistics.invalid_transmit), (0, 0));
    });
}

/// Part of a packet in the ring would be sent with the next one.
#[test]
fn a_jumbo_packet_is_sent_whole_or_not_at_all() {
    in_namespace(|| {
        veth(limits::MTU as u32);
        let mut port = Port::open("lan");
        // Six frames a packet: the ring has room for two and a part, and is worked off for the third.
        let config = Config { frames: 32 + 18, ..small() };
        let mut socket = Socket::bind("eth1", 0, &config).unwrap();
        let mut jumbo = frame(0, 9_014);
        jumbo[..6].copy_from_slice(&[2, 0, 0, 0, 8, 8]);
        for _ in 0..2 {
            socket.send_copy(&jumbo).unwrap();
        }
        assert_eq!(socket.rings.untransmitted(), 12);
        socket.send_copy(&jumbo).unwrap();
        assert_eq!(socket.rings.untransmitted(), 6);
        for _ in 0..3 {
            assert_eq!(port.receive_from([2, 0, 0, 0, 8, 8]), jumbo);
            // The completion ring is too short for three.
            socket.release();
            socket.wakeup().unwrap();
        }
        socket.assert_balanced();
    });
}

/// More than fits one transmit call without the raised budget, and more than the ring.
#[test]
fn a_full_transmit_ring_is_worked_off_and_frames_run_out_by_name() {
    in_namespace(|| {
        veth(1_500);
        let config = Config { transmit: 128, completion: 128, frames: 160, ..small() };
        let mut socket = Socket::bind("eth1", 0, &config).unwrap();
        for number in 0..128 {
            socket.send_copy(&frame(number, 60)).unwrap();
        }
        assert_eq!(socket.send_copy(&frame(128, 60)), Err(SendError::NoFrame));
        assert_eq!(socket.rings.untransmitted(), 128);
        socket.wakeup().unwrap();
        assert_eq!(socket.rings.untransmitted(), 0, "one call, with the raised budget");
        assert_eq!(socket.wait_at_most(DEADLINE), DEADLINE);
        socket.assert_balanced();
    });
}

/// The kernel counts a drop for want of a frame twice; the statistics must not.
#[test]
fn kernel_losses_are_told_apart_and_add_up() {
    in_namespace(|| {
        veth(limits::MTU as u32);
        let mut port = Port::open("lan");
        let (mut socket, _program) = port::receiving("eth1", &small());
        let source = socket.statistics_source().unwrap();
        for number in 0..100 {
            port.send(&frame(number, 60));
        }
        port::settle("eth1", 100);
        let starved = source.read().unwrap();
        assert_eq!(starved.receive_ring_full + starved.fill_empty, 68, "{starved:?}");
        assert_eq!(starved.dropped_for_length(), 0, "{starved:?}");
        // Emptied, so that the long packets below find free frames: five of them do, of six each.
        let mut received = 0;
        while received < 32 {
            received += socket.receive();
        }
        socket.release();
        for number in 0..6 {
            port.send(&frame(number, 9_014));
        }
        port::settle("eth1", 106);
        let after = source.read().unwrap();
        assert_eq!(after.dropped_for_length(), 1, "{after:?}");
        socket.assert_balanced();
    });
}

#[test]
fn a_busy_queue_is_waited_for_and_a_hundred_rebinds_work() {
    in_namespace(|| {
        veth(1_500);
        let first = Socket::bind("eth1", 0, &small()).unwrap();
        let hasty = Config { busy_deadline: Duration::from_millis(30), ..small() };
        let error = Socket::bind("eth1", 0, &hasty).unwrap_err();
        assert!(matches!(error, BindError::Busy { queue: 0, .. }), "{error}");
        let closer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            drop(first);
        });
        drop(Socket::bind("eth1", 0, &small()).unwrap());
        closer.join().unwrap();
        for _ in 0..100 {
            let started = Instant::now();
            drop(Socket::bind("eth1", 0, &small()).unwrap());
            assert!(started.elapsed() < Duration::from_secs(1));
        }
    });
}

#[test]
fn what_is_missing_is_named() {
    in_namespace(|| {
        veth(1_500);
        let error = Socket::bind("eth7", 0, &small()).unwrap_err();
        assert!(matches!(error, BindError::NoInterface { .. }), "{error}");
        let error = Socket::bind("eth1", 9, &small()).unwrap_err();
        assert!(matches!(error, BindError::NoQueue { queue: 9, .. }), "{error}");
        assert_eq!(crate::queues("eth1").unwrap(), 1);
        assert!(matches!(crate::queues("eth7"), Err(crate::QueuesError::NoInterface { .. })));
    });
}

#[test]
fn an_interface_that_vanishes_ends_the_wait() {
    in_namespace(|| {
        veth(1_500);
        let (socket, program) = port::receiving("eth1", &small());
        drop(program);
        port::ip("link delete eth1");
        let error = socket.wait(Duration::from_millis(10)).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENETDOWN));
    });
}

/// A socket of another interface is what the self-test is for: the kernel drops without a word.
#[test]
fn the_self_test_tells_a_socket_that_is_heard_from_one_that_is_not() {
    in_namespace(|| {
        veth(1_500);
        let mut test = crate::selftest::SelfTest::load().unwrap();
        let index = |name| nix::net::if_::if_nametoindex(name).unwrap();
        let mut socket = Socket::bind("eth1", 0, &small()).unwrap();
        assert!(test.is_heard(index("eth1"), 0, &mut socket).unwrap());
        assert!(!test.is_heard(index("lan"), 0, &mut socket).unwrap());
        socket.assert_balanced();
        assert_eq!(crate::mode::attached(index("eth1")).unwrap(), None);
        let (_socket, program) = {
            drop(socket);
            port::receiving("eth1", &small())
        };
        assert_eq!(crate::mode::attached(index("eth1")).unwrap(), Some(crate::Mode::Native));
        drop(program);
        assert_eq!(crate::mode::attached(9_999).unwrap(), None);
    });
}

/// A far end that takes no redirected frames is what the other self-test is for.
#[test]
fn the_self_tests_frame_leaves_only_where_the_far_end_takes_it() {
    in_namespace(|| {
        veth(1_500);
        let mut test = crate::selftest::SelfTest::load().unwrap();
        let index = nix::net::if_::if_nametoindex("eth1").unwrap();
        let mac = [2, 0, 0, 0, 9, 9];
        test.send(index, mac).unwrap();
        thread::sleep(Duration::from_millis(20));
        assert_eq!(port::received("lan"), 0);
        let (_socket, _program) = port::receiving("lan", &small());
        test.send(index, mac).unwrap();
        port::settle("lan", 1);
    });
}
