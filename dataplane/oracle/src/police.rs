//! What a customer may send: from sources it has announced, and no more than its circuit's bandwidth.
//!
//! How much of a bandwidth is left depends on all packets before, and on the time between them. Here it is
//! an input: a policer has room for any packet, or it is used up and has room for none.

use std::{collections::BTreeSet, net::IpAddr};

use abi::verdict::Verdict;

use crate::{
    judgement::End,
    packet::Packet,
    prefixes::Prefixes,
    state::{NextHop, Side},
};

/// Which way a packet crosses a circuit. Each has the circuit's whole bandwidth, on each link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the customer.
    FromCustomer,
    /// To the customer.
    ToCustomer,
}

/// The policers that are used up; those of circuits without a bandwidth never are.
#[derive(Clone, Debug, Default)]
pub(crate) struct UsedUp(BTreeSet<(String, Direction)>);

impl UsedUp {
    pub(crate) fn add(&mut self, port: &str, direction: Direction) {
        self.0.insert((port.to_owned(), direction));
    }

    fn holds(&self, port: &str, direction: Direction) -> bool {
        self.0.contains(&(port.to_owned(), direction))
    }

    /// A packet that a circuit's port is to send.
    pub(crate) fn admit_to_customer(&self, next_hop: &NextHop) -> Result<(), End> {
        let Some(link) = &next_hop.policed else { return Ok(()) };
        if self.holds(link, Direction::ToCustomer) {
            return Err(End::dropped(Verdict::PolicedToCustomer));
        }
        Ok(())
    }

    /// A packet that a customer has sent, and that is not for the MSEE itself.
    pub(crate) fn admit_from_customer(
        &self,
        packet: &Packet<'_>,
        side: &Side,
        table: Option<&Prefixes<NextHop>>,
    ) -> Result<(), End> {
        let Side::Circuit { link, validates_source, is_policed, .. } = side else { return Ok(()) };
        let has_way_back = || table.is_some_and(|table| leads_to(table, packet.source, link));
        if *validates_source && !has_way_back() {
            return Err(End::dropped(Verdict::SourceNotValid));
        }
        if *is_policed && self.holds(link, Direction::FromCustomer) {
            return Err(End::dropped(Verdict::PolicedFromCustomer));
        }
        Ok(())
    }
}

/// RFC 3704 2.2: strict reverse path forwarding. Whether the station behind the link is known does not
/// matter.
fn leads_to(table: &Prefixes<NextHop>, source: IpAddr, link: &str) -> bool {
    table.longest_match(source).is_some_and(|back| back.egress.port == link)
}

#[cfg(test)]
mod tests;
