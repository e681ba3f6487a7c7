use std::net::Ipv4Addr;

use super::*;
use crate::{
    Oracle, Port,
    compose::{Ipv4, Tag, ethernet},
    judgement::Judgement,
    scene::{self, CE, ON_PREM, OURS, VM},
};
use desired::MacAddress;

const SENDER: MacAddress = MacAddress([2, 0, 0, 0, 0xee, 1]);

fn judge(oracle: &Oracle, name: &str, tags: &[Tag], packet: &[u8]) -> Judgement {
    let port: Port = scene::ports().into_iter().find(|port| port.name == name).unwrap();
    oracle.judge(port.ifindex, &ethernet(port.mac, SENDER, tags, 0x0800, packet))
}

fn from(source: Ipv4Addr) -> Vec<u8> {
    Ipv4::udp(source, VM).bytes()
}

fn policed() -> Oracle {
    Oracle::new(&scene::policed(), &scene::ports()).unwrap()
}

#[test]
fn a_source_needs_a_way_back_by_the_link_where_the_peering_wants_it() {
    let oracle = policed();
    let of = |name, tags, source| judge(&oracle, name, tags, &from(source)).verdict();
    let invalid = Some(Verdict::SourceNotValid);
    let forwarded = Some(Verdict::ForwardedDirect);
    // `eth1` wants it: its own link and what is behind it.
    assert_eq!(of("eth1", &[], CE), forwarded);
    assert_eq!(of("eth1", &[], ON_PREM[0]), forwarded);
    assert_eq!(of("eth1", &[], ON_PREM[1]), invalid, "behind another link");
    assert_eq!(of("eth1", &[], VM), invalid, "of a VNet");
    assert_eq!(of("eth1", &[], scene::NOWHERE), invalid);
    // Another link of the same circuit does not.
    assert_eq!(of("eth1.20.100", &[(0x8100, 20), (0x8100, 100)], VM), forwarded);
    // The customer edge behind it is not known, the way back is.
    let behind = Ipv4Addr::new(10, 14, 0, 9);
    assert_eq!(of("eth4.100", &[(0x8100, 100)], behind), forwarded);
    assert_eq!(of("eth4.100", &[(0x8100, 100)], CE), invalid);
}

#[test]
fn a_bandwidth_that_is_used_up_stops_one_direction_of_one_link() {
    let mut oracle = policed();
    let tags = [(0x8100, 100)];
    let there = from(ON_PREM[1]);
    let back = Ipv4::udp(VM, ON_PREM[1]).bytes();
    let both = |oracle: &Oracle| {
        [judge(oracle, "eth1.100", &tags, &there), judge(oracle, "eth2", &[], &back)]
            .map(|judgement| judgement.verdict().unwrap())
    };
    let forwarded = [Verdict::ForwardedDirect, Verdict::ForwardedCe];
    assert_eq!(both(&oracle), forwarded);
    oracle.use_up("eth1.100", Direction::FromCustomer);
    assert_eq!(both(&oracle), [Verdict::PolicedFromCustomer, Verdict::ForwardedCe]);
    // What is for the MSEE itself has a budget of its own.
    let local = judge(&oracle, "eth1.100", &tags, &Ipv4::udp(CE, OURS).bytes());
    assert_eq!(local.verdict(), Some(Verdict::LocalKernel));
    oracle.use_up("eth1.100", Direction::ToCustomer);
    let policed = [Verdict::PolicedFromCustomer, Verdict::PolicedToCustomer];
    assert_eq!(both(&oracle), policed);
    oracle.restore();
    assert_eq!(both(&oracle), forwarded);
    // A circuit without a bandwidth has none to use up.
    oracle.use_up("eth1.20.100", Direction::FromCustomer);
    let qinq = [(0x8100, 20), (0x8100, 100)];
    let passes = judge(&oracle, "eth1.20.100", &qinq, &from(ON_PREM[2]));
    assert_eq!(passes.verdict(), Some(Verdict::ForwardedDirect));
}

#[test]
fn what_goes_on_in_pieces_pays_and_what_is_refused_does_not() {
    let mut oracle = policed();
    let of = |oracle: &Oracle, dont_fragment| {
        let fragmentation = if dont_fragment { Ipv4::DONT_FRAGMENT } else { 0 };
        let packet = Ipv4 { fragmentation, ..Ipv4::udp(VM, ON_PREM[1]).of_length(1_497) };
        judge(oracle, "eth2", &[], &packet.bytes()).verdict()
    };
    assert_eq!(of(&oracle, false), Some(Verdict::TooBigFragmentable));
    oracle.use_up("eth1.100", Direction::ToCustomer);
    assert_eq!(of(&oracle, false), Some(Verdict::PolicedToCustomer));
    assert_eq!(of(&oracle, true), Some(Verdict::TooBig));
}
