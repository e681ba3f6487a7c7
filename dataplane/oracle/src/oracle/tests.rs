use std::net::Ipv4Addr;

use super::*;
use crate::{
    Port, Sending,
    compose::{Ipv4, Ipv6, Tag, Vxlan, cut, ethernet, padded},
    scene::{
        self, CE, CE6, CONTOSO_VNI, ENDPOINT, FAR_VM, HOSTS, ON_PREM, ON_PREM6, OURS, SPOKE,
        TUNNEL_SPOKE, TUNNEL_VM, VM, VM6,
    },
};
use desired::MacAddress;

mod cuts;
mod sendings;

const SENDER: MacAddress = MacAddress([2, 0, 0, 0, 0xee, 1]);

fn oracle() -> Oracle {
    Oracle::new(&scene::state(), &scene::ports()).unwrap()
}

fn port(name: &str) -> Port {
    scene::ports().into_iter().find(|port| port.name == name).unwrap()
}

/// What a frame comes to that is sent to a port.
fn judge(name: &str, tags: &[Tag], ethertype: u16, carried: &[u8]) -> Judgement {
    let port = port(name);
    oracle().judge(port.ifindex, &ethernet(port.mac, SENDER, tags, ethertype, carried))
}

fn sent(judgement: &Judgement) -> &Sending {
    match judgement.ends() {
        [End { outcome: Outcome::Sent(sending), .. }] => sending,
        ends => panic!("not one sending: {ends:?}"),
    }
}
