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

#[test]
fn frames_that_do_not_come_back_run_out_by_name_and_nothing_waits_for_them() {
    let _namespace = Namespace::enter();
    veth("below", 0x01, "far", 0x11);
    ip("link add above link below type macvlan mode private");
    ip("link set above up");
    let hold = "qdisc add dev below root tbf rate 800bit burst 2000 limit 100mb";
    tc(hold);
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
    tc(hold);
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
