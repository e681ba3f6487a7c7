//! Addresses: in prefixes, at their edges, and those that are never routed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;

use super::dice::Dice;

const MARTIANS: [Ipv4Addr; 12] = [
    Ipv4Addr::UNSPECIFIED,
    Ipv4Addr::new(0, 255, 255, 255),
    Ipv4Addr::new(1, 0, 0, 0),
    Ipv4Addr::new(126, 255, 255, 255),
    Ipv4Addr::LOCALHOST,
    Ipv4Addr::new(128, 0, 0, 0),
    Ipv4Addr::new(223, 255, 255, 255),
    Ipv4Addr::new(224, 0, 0, 5),
    Ipv4Addr::new(239, 255, 255, 255),
    Ipv4Addr::new(240, 0, 0, 1),
    Ipv4Addr::BROADCAST,
    Ipv4Addr::new(169, 254, 0, 1),
];

const MARTIANS6: [Ipv6Addr; 10] = [
    Ipv6Addr::UNSPECIFIED,
    Ipv6Addr::LOCALHOST,
    Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 2),
    Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0x0a00, 1),
    Ipv6Addr::new(0, 0, 0, 0, 0, 0xfffe, 0x0a00, 1),
    Ipv6Addr::new(0, 0, 0, 0, 1, 0, 0, 0),
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1),
    Ipv6Addr::new(0xff0e, 0, 0, 0, 0, 0, 0, 1),
    Ipv6Addr::new(0xfeff, 0xffff, 0, 0, 0, 0, 0, 1),
    Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 1),
];

/// One that is never routed, or that looks like it.
pub(super) fn martian4(dice: &mut Dice<'_>) -> Ipv4Addr {
    dice.pick(&MARTIANS).copied().unwrap_or(Ipv4Addr::LOCALHOST)
}

/// The same of IPv6.
pub(super) fn martian6(dice: &mut Dice<'_>) -> Ipv6Addr {
    dice.pick(&MARTIANS6).copied().unwrap_or(Ipv6Addr::LOCALHOST)
}

/// The same of either.
pub(super) fn martian(dice: &mut Dice<'_>, ipv6: bool) -> IpAddr {
    if ipv6 { martian6(dice).into() } else { martian4(dice).into() }
}

/// A link-local address, of fe80::/10 or of one right beside it.
pub(super) fn link_local(dice: &mut Dice<'_>) -> Ipv6Addr {
    let first = dice.one_of(&[0xfe80, 0xfe80, 0xfe80, 0xfebf, 0xfe7f, 0xfec0]);
    let last = 1 + u16::from(dice.byte() % 4);
    Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, last)
}

/// Any address at all.
pub(super) fn anywhere(dice: &mut Dice<'_>, ipv6: bool) -> IpAddr {
    if ipv6 {
        // Mostly global unicast: the rest ends early.
        let bits = u128::from(dice.number()) << 64 | u128::from(dice.number());
        Ipv6Addr::from_bits(if dice.percent(80) { bits >> 3 | 1 << 125 } else { bits }).into()
    } else {
        Ipv4Addr::from_bits((dice.number() >> 16) as u32).into()
    }
}

/// One in a prefix: its first, its last, or any; and sometimes one right beside it.
pub(super) fn within(dice: &mut Dice<'_>, prefix: IpNetwork) -> IpAddr {
    let place = dice.below(100);
    match prefix {
        IpNetwork::V4(prefix) => {
            let first = prefix.network().to_bits();
            let hosts = !prefix.mask().to_bits();
            Ipv4Addr::from_bits(match place {
                0..12 => first,
                12..24 => first | hosts,
                24..28 => first.wrapping_sub(1),
                28..32 => (first | hosts).wrapping_add(1),
                _ => first | dice.number() as u32 & hosts,
            })
            .into()
        }
        IpNetwork::V6(prefix) => {
            let first = prefix.network().to_bits();
            let hosts = !prefix.mask().to_bits();
            Ipv6Addr::from_bits(match place {
                0..12 => first,
                12..24 => first | hosts,
                24..28 => first.wrapping_sub(1),
                28..32 => (first | hosts).wrapping_add(1),
                _ => {
                    let any = u128::from(dice.number()) << 64 | u128::from(dice.number());
                    first | any & hosts
                }
            })
            .into()
        }
    }
}
