//! R33: an interface keeps the frames that an AF_XDP socket has sent, so they do not come back. The frames
//! run out, by name; no call waits for them, and none is forgotten.
//!
//! A veth gives frames back as soon as its peer has taken them. Here the socket's interface is a macvlan,
//! and the one below it sends a frame a second.

use std::time::{Duration, Instant};

use afxdp::{Accounting, BindError, Config, SendError, Socket};

use crate::{
    bench::eventually,
    namespace::{Namespace, ip, tc, veth},
};

/// Any call. Five times the goal, because the machine is shared.
const LONGEST_CALL: Duration = Duration::from_millis(500);
const BUSY: Duration = Duration::from_millis(300);
const HOLD: &str = "qdisc add dev below root tbf rate 800bit burst 2000 limit 100mb";

fn config() -> Config {
    Config {
        frames: 512,
        receive: 128,
        transmit: 256,
        fill: 128,
        completion: 256,
        busy_deadline: BUSY,
        ..Config::default()
    }
}

/// The longest call so far, over all that are timed.
#[derive(Default)]
struct Timed(Duration);

impl Timed {
    fn call<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = call();
        self.0 = self.0.max(started.elapsed());
        result
    }
}

/// Sends until it is refused, waking the kernel after each frame; how many went, and why no more do.
fn exhaust(socket: &mut Socket, timed: &mut Timed) -> (u32, SendError) {
    let mut sent = 0;
    loop {
        match timed.call(|| socket.send_copy(&[0xff; 60])) {
            Ok(()) => sent += 1,
            Err(error) => return (sent, error),
        }
        // A kernel that takes no more says so, or nothing: the frame stays in the ring.
        let _ = timed.call(|| socket.wakeup());
    }
}

fn is_balanced(frames: Accounting) -> bool {
    frames.reception + frames.held + frames.transmission + frames.free == frames.total
}

/// An interface `above` that keeps what is sent.
fn withholding() -> Namespace {
    let namespace = Namespace::enter();
    veth("below", 0x01, "far", 0x11);
    ip("link add above link below type macvlan mode private");
    ip("link set above up");
    tc(HOLD);
    namespace
}

#[test]
fn frames_that_do_not_come_back_run_out_by_name_and_nothing_waits_for_them() {
    let _namespace = withholding();
    let mut timed = Timed::default();
    let mut socket = Socket::bind("above", 0, &config()).unwrap();

    // All that is not lent for reception goes out, and then nothing more, however often it is tried.
    let (sent, error) = exhaust(&mut socket, &mut timed);
    let frames = socket.accounting();
    println!("{sent} frames sent, then: {error}; {frames:?}");
    assert!(is_balanced(frames) && frames.free < 2, "{frames:?}");
    assert!(frames.transmission > 128 && sent >= frames.transmission, "{frames:?}");
    for _ in 0..100 {
        let refused = timed.call(|| socket.send_copy(&[0xff; 60]));
        assert!(matches!(refused, Err(SendError::NoFrame | SendError::RingFull)), "{refused:?}");
        timed.call(|| socket.release());
        timed.call(|| socket.receive());
        assert!(is_balanced(socket.accounting()), "{:?}", socket.accounting());
    }
    let waited = Instant::now();
    assert!(!socket.wait(Duration::from_millis(50)).unwrap(), "nothing is received");
    assert!(waited.elapsed() < LONGEST_CALL, "{:?}", waited.elapsed());

    // Let go, they are back, and it goes on as before.
    tc("qdisc del dev below root");
    let is_back = eventually(|| {
        socket.release();
        let _ = socket.wakeup();
        socket.accounting().transmission == 0
    });
    assert!(is_back && is_balanced(socket.accounting()), "{:?}", socket.accounting());
    socket.send_copy(&[0xff; 60]).unwrap();

    // Closed with frames under way: the next socket has the queue, or is refused at the deadline.
    tc(HOLD);
    exhaust(&mut socket, &mut timed);
    let under_way = socket.accounting().transmission;
    timed.call(|| drop(socket));
    let started = Instant::now();
    let bound = Socket::bind("above", 0, &config());
    let waited = started.elapsed();
    println!("closed with {under_way} under way, then bound: {} in {waited:?}", bound.is_ok());
    assert!(matches!(bound, Ok(_) | Err(BindError::Busy { .. })), "{bound:?}");
    assert!(waited < BUSY + LONGEST_CALL, "{waited:?}");
    drop(bound);
    tc("qdisc del dev below root");
    assert!(eventually(|| Socket::bind("above", 0, &config()).is_ok()), "bound in the end");
    println!("the longest call took {:?}", timed.0);
    assert!(timed.0 < LONGEST_CALL, "{:?}", timed.0);
}

/// A packet that goes on without one of its pieces is of no use to anybody, and takes room from others.
#[test]
fn the_pieces_of_a_packet_are_sent_together_or_not_at_all() {
    let _namespace = withholding();
    let piece = [0xff; 1_514];
    let pieces = |count| std::iter::repeat_n(&piece[..], count);

    // Three free frames, and room in the ring. The first frame is let through, and comes back.
    let mut socket = Socket::bind("above", 0, &Config { frames: 128 + 64, ..config() }).unwrap();
    while socket.accounting().free > 3 {
        socket.send_copy(&piece).unwrap();
        let _ = socket.wakeup();
        socket.release();
    }
    let before = socket.accounting();
    assert_eq!(socket.send_copies(pieces(4)), Err(SendError::NoFrame));
    assert_eq!(socket.accounting(), before, "no piece was taken");
    socket.send_copies(pieces(3)).unwrap();
    assert_eq!(socket.accounting().transmission, before.transmission + 3);
    tc("qdisc del dev below root");
    drop(socket);

    // A ring of four, with one in it that the kernel does not take: the completion ring has no place.
    let short = Config { transmit: 4, completion: 4, ..config() };
    let mut socket = bound(&short);
    tc(HOLD);
    for _ in 0..5 {
        socket.send_copy(&piece).unwrap();
        let _ = socket.wakeup();
    }
    let before = socket.accounting();
    assert_eq!(socket.send_copies(pieces(4)), Err(SendError::RingFull));
    assert_eq!(socket.accounting(), before, "no piece was taken");
    tc("qdisc del dev below root");
    let is_sent = eventually(|| {
        socket.release();
        let _ = socket.wakeup();
        socket.send_copies(pieces(4)).is_ok()
    });
    assert!(is_sent && is_balanced(socket.accounting()), "{:?}", socket.accounting());
}

/// The queue is free a moment after the last socket was closed, or when its frames are back.
fn bound(config: &Config) -> Socket {
    let mut socket = None;
    let is_bound = eventually(|| {
        socket = Socket::bind("above", 0, config).ok();
        socket.is_some()
    });
    assert!(is_bound, "the queue stays busy");
    socket.expect("bound")
}
