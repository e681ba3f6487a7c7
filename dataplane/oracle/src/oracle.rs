//! The way of a frame, stage by stage.

use abi::verdict::Verdict;
use desired::{MacAddress, MseeState};

use crate::{
    forward,
    judgement::{End, Judgement, Outcome},
    link::{self, Key, Link},
    local,
    packet::Packet,
    police::{Direction, UsedUp},
    port::Port,
    reception,
    state::{Egress, Ingress, Layout, NextHop, Side, StateError, View},
    tunnel,
};

/// A reference forwarder with one state.
#[derive(Clone, Debug)]
pub struct Oracle {
    layout: Layout,
    used_up: UsedUp,
}

impl Oracle {
    /// Binds a state to ports. What the state names must be among them; ports it does not name take
    /// no frames.
    pub fn new(state: &MseeState, ports: &[Port]) -> Result<Self, StateError> {
        Ok(Self { layout: Layout::new(state, ports)?, used_up: UsedUp::default() })
    }

    /// From now on the bandwidth of the circuit port of this name is used up in a direction. By default
    /// every policer has room for every packet.
    pub fn use_up(&mut self, port: &str, direction: Direction) {
        self.used_up.add(port, direction);
    }

    /// From now on every policer has room again.
    pub fn restore(&mut self) {
        self.used_up = UsedUp::default();
    }

    /// What a frame must come to that is received on an interface.
    pub fn judge(&self, ifindex: u32, frame: &[u8]) -> Judgement {
        self.travel(ifindex, frame).unwrap_or_else(Judgement::from)
    }

    /// The error is an end before the last stage.
    fn travel(&self, ifindex: u32, frame: &[u8]) -> Result<Judgement, End> {
        let link = Link::parse(frame).ok_or(End::dropped(Verdict::PortTruncated))?;
        match self.ingress(ifindex, &link)? {
            Ingress::Cpu(wire) => Err(from_kernel(frame, wire)),
            Ingress::Wire { mac, side } => self.cross(&link, *mac, side),
            Ingress::Underlay(underlay) => {
                let (inner, side) = tunnel::unwrap(&link, underlay)?;
                let judgement = self.cross(&inner, underlay.mac, side);
                Ok(judgement.unwrap_or_else(Judgement::from).of_tunnelled(inner.frame))
            }
        }
    }

    /// From a side of the MSEE on.
    fn cross(&self, link: &Link<'_>, mac: MacAddress, side: &Side) -> Result<Judgement, End> {
        let packet = reception::receive(link, mac, side)?;
        local::link_local(link, &packet, side)?;
        let view = match side {
            Side::Circuit { view, .. } => view,
            Side::Fabric(views) => {
                views.longest_match(packet.source).ok_or(End::dropped(Verdict::SourceUnknown))?
            }
        };
        local::deliver(link, &packet, side, view)?;
        self.used_up.admit_from_customer(&packet, side, self.layout.tables.get(&view.vrf))?;
        let next_hop = self.lookup(view, &packet)?;
        // RFC 1812 5.3.1, RFC 8200 3: only what is to be forwarded ends by its TTL.
        if packet.hop_limit <= 1 {
            return Err(End::punted(Verdict::TtlExpired));
        }
        Ok(forward::forward(&packet, next_hop, &self.used_up))
    }

    fn ingress(&self, ifindex: u32, link: &Link<'_>) -> Result<&Ingress, End> {
        match self.layout.ingresses.get(&(ifindex, link.key)) {
            // A port takes the frames that have its tags and no more.
            Some(ingress) if !link::is_tag(link.ethertype) => Ok(ingress),
            None if link.key == Key::Untagged => Err(End::dropped(Verdict::PortUnknown)),
            _ => Err(End::dropped(Verdict::PortTagged)),
        }
    }

    fn lookup(&self, view: &View, packet: &Packet<'_>) -> Result<&NextHop, End> {
        self.layout
            .tables
            .get(&view.vrf)
            .and_then(|table| table.longest_match(packet.destination))
            // RFC 1812 5.2.7.1: unreachable, and the sender is told.
            .ok_or(End::punted(Verdict::NoRoute))
    }
}

/// What the kernel sends is its own affair: it leaves as it is, but for the link's tags.
fn from_kernel(frame: &[u8], wire: &Egress) -> End {
    let sending = wire.send(link::tagged(frame, wire.tags));
    End { verdict: Verdict::LocalFromKernel, outcome: Outcome::Sent(sending) }
}

#[cfg(test)]
mod tests;
