//! What is for the router itself: both keep it, and the kernel answers.

use abi::verdict::Verdict;
use etherparse::{PacketBuilder, PacketBuilderStep};

use crate::{
    expectation::{self, Expected},
    namespace::within,
    packet::Packet,
    router::{self, CE_LEFT, MAC_LEFT},
    wire::Wires,
};

const CE: [u8; 4] = [172, 16, 1, 1];
const OURS: [u8; 4] = [172, 16, 1, 2];

#[test]
fn the_kernel_answers_for_its_addresses() {
    within(|| {
        router::set_up();
        let (oracle, mut wires) = (router::oracle(), Wires::open());
        let ce6 = "2001:db8:172::1".parse::<std::net::Ipv6Addr>().unwrap().octets();
        let ours6 = "2001:db8:172::2".parse::<std::net::Ipv6Addr>().unwrap().octets();
        let mut frames = [const { Vec::new() }; 4];
        let [echo, udp, echo6, udp6] = &mut frames;
        ethernet().ipv4(CE, OURS, 1).icmpv4_echo_request(1, 1).write(echo, &[7; 30]).unwrap();
        ethernet().ipv4(CE, OURS, 0).udp(9, 9).write(udp, &[7; 30]).unwrap();
        ethernet().ipv6(ce6, ours6, 1).icmpv6_echo_request(1, 1).write(echo6, &[7; 30]).unwrap();
        ethernet().ipv6(ce6, ours6, 0).udp(9, 9).write(udp6, &[7; 30]).unwrap();
        // An echo reply or a Port Unreachable, of either family.
        let answers = [(0, 0), (3, 3), (129, 0), (1, 4)];
        let verdicts = [Verdict::LocalEcho, Verdict::LocalNoCpu].repeat(2);
        for ((frame, answer), verdict) in frames.iter().zip(answers).zip(verdicts) {
            let (said, expected) = expectation::expected(&oracle, "r0", frame);
            assert_eq!((said, expected), (verdict, Expected::Local));
            let seen = wires.exchange("r0", frame);
            let [("r0", answered)] = &seen.frames[..] else { panic!("{seen:02x?}") };
            let packet = Packet::of(answered);
            assert_eq!(packet.source(), Packet::of(frame).destination());
            let message = if packet.is_ipv4() { 20 } else { 40 };
            assert_eq!((packet.bytes[message], packet.bytes[message + 1]), answer);
        }
    });
}

fn ethernet() -> PacketBuilderStep<etherparse::Ethernet2Header> {
    PacketBuilder::ethernet2(CE_LEFT, MAC_LEFT)
}
