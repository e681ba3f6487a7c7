use super::*;

const FASTPATH: Arrival<'_> = Arrival { connection: "conn1", bypass: true, sku: Sku::ErGw3AZ };

const DESTINATIONS: [Destination; 4] = [
    Destination::HubMachine,
    Destination::HubPrefix,
    Destination::HubIpv6,
    Destination::SpokePrefix,
];

#[test]
fn only_a_hub_machine_of_an_eligible_fastpath_connection_is_direct() {
    for bypass in [false, true] {
        for sku in [Sku::Standard, Sku::ErGw1AZ, Sku::UltraPerformance, Sku::ErGw3AZ] {
            for destination in DESTINATIONS {
                let arrival = Arrival { connection: "conn1", bypass, sku };
                let direct = bypass
                    && matches!(sku, Sku::UltraPerformance | Sku::ErGw3AZ)
                    && destination == Destination::HubMachine;
                let expected = if direct { Way::Direct } else { Way::Gateway };
                assert_eq!(decide(&arrival, destination).way, expected, "{arrival:?}");
            }
        }
    }
}

#[test]
fn the_reason_is_the_first_rule_that_applies() {
    let off = Arrival { bypass: false, ..FASTPATH };
    for (arrival, destination, why) in [
        (FASTPATH, Destination::HubMachine, "FastPath: hub VM of conn1"),
        (FASTPATH, Destination::HubPrefix, "hub address without a VM: not in FastPath"),
        (FASTPATH, Destination::HubIpv6, "IPv6: not in FastPath (profile 2020)"),
        (FASTPATH, Destination::SpokePrefix, "spoke prefix: not in FastPath"),
        (off, Destination::SpokePrefix, "FastPath is off on conn1"),
    ] {
        assert_eq!(decide(&arrival, destination).why, why);
    }
}

#[test]
fn every_destination_has_a_rule() {
    for destination in DESTINATIONS {
        assert!(RULES.iter().any(|rule| (rule.apply)(&FASTPATH, destination).is_some()));
    }
}
