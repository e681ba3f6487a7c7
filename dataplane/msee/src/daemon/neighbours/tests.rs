use std::time::Duration;

use abi::image::{PortKey, UNTAGGED};
use desired::MacAddress;

use super::*;
use crate::{
    example::{self, CE, CE_IPV6, CIRCUIT, HUB_VM},
    neighbours::State,
};

#[test]
fn what_is_declared_comes_first_and_what_was_found_has_an_age() {
    let now = Instant::now();
    let port = PortKey { ifindex: 103, outer: UNTAGGED, inner: UNTAGGED };
    let kernels = PortKey { ifindex: 100 + CIRCUIT, ..port };
    let reports = [
        Report {
            neighbour: Neighbour::new(port, HUB_VM.into()),
            state: State::Incomplete { asked: 1 },
            resolver: Resolver::Msee,
            heard: now,
        },
        Report {
            neighbour: Neighbour::new(kernels, CE.into()),
            state: State::Stale(MacAddress([2; 6])),
            resolver: Resolver::Kernel,
            heard: now,
        },
    ];
    let told = report(&example::compiled(), &reports, now + Duration::from_secs(7));
    // The customer edge's two addresses, the hub VM, and three instances of gateways.
    assert_eq!(told.iter().filter(|it| it.source == Source::Declared).count(), 6);
    let of = |address: IpAddr| told.iter().find(|it| it.address == address).unwrap();
    assert_eq!(
        serde_json::to_value(of(CE_IPV6.into())).unwrap(),
        serde_json::json!({
            "port": "eth1", "address": "fd00:172::1", "mac": "02:00:00:00:01:01",
            "state": "permanent", "source": "declared", "age": null,
        })
    );
    let [.., vm, customer] = &told[..] else { panic!("{told:?}") };
    assert_eq!(
        (vm.port.as_str(), &vm.mac, vm.state, vm.source, vm.age),
        ("eth2", &None, "incomplete", Source::Learned, Some(7))
    );
    assert_eq!((customer.port.as_str(), customer.state), ("eth1", "stale"));
    assert_eq!(
        (customer.source, customer.mac.as_deref()),
        (Source::Kernel, Some("02:02:02:02:02:02"))
    );
}
