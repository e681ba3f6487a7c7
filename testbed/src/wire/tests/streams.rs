//! TCP through a wire whose ends do GRO.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

use super::*;

/// With GRO as a veth has it by default, the wire would get frames of many kilobytes and the stream
/// would stall; limited as the lab's interfaces are, nothing is too long.
#[test]
fn a_tcp_stream_passes_interfaces_that_merge_frames() {
    let namespaces = hosts();
    let wires = start(&namespaces, Duration::from_millis(1));
    let listener = namespaces.inside("b", || TcpListener::bind((B, 0)).unwrap());
    let to = listener.local_addr().unwrap();
    let mut sender = namespaces.inside("a", || TcpStream::connect(to).unwrap());
    let (mut stream, _) = listener.accept().unwrap();
    let total = 20_000_000;
    let received = std::thread::scope(|scope| {
        scope.spawn(move || sender.write_all(&vec![0x5a; total]).unwrap());
        let mut buffer = vec![0; 1 << 16];
        let mut received = 0;
        while received < total {
            received += stream.read(&mut buffer).unwrap();
        }
        received
    });
    assert_eq!(received, total);
    let [wire] = wires.stop().unwrap().try_into().unwrap();
    assert_eq!(wire.a_to_b.oversized_frames, 0);
    assert_eq!(wire.b_to_a.oversized_frames, 0);
}
