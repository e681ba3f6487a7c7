use std::collections::BTreeMap;

use desired::NicRoutes;

use super::*;
use crate::{
    network::{
        routes,
        tests::{Lab, received, send_udp},
    },
    topology::plan::MseePath,
    traceroute::FIRST_HOP_PORT,
};

#[tokio::test]
async fn probes_leave_by_the_msee_the_lab_names() {
    let lab = Lab::new("nettecmp", false);
    let built = crate::network::build(&lab.plan).await.unwrap();
    assert_eq!(built.warnings, []);

    // What ercontrol will teach remote-vm.
    let [a, b] = [Ipv4Addr::new(10, 253, 0, 4), Ipv4Addr::new(10, 253, 0, 5)];
    let prefixes = ["10.254.0.0/16", "10.255.0.0/16"].map(|prefix| prefix.parse().unwrap());
    let routes = BTreeMap::from(prefixes.map(|prefix| (prefix, vec![a.into(), b.into()])));
    let remote = lab.namespace("remote-vm");
    routes::set(&remote, &NicRoutes { routes }).await.unwrap();

    let [primary, secondary] = ["msee-a", "msee-b"].map(|msee| lab.namespace(msee));
    let own = Ipv4Addr::new(10, 253, 10, 4);
    for (destination, by) in [("10.255.10.4", &primary), ("10.254.10.4", &secondary)] {
        let before = received(by, "eth3");
        // Source ports differ each time, and half the sockets are bound to the VM's address.
        for source in [None, Some(own), None, Some(own), None, Some(own)] {
            send_udp(&remote, source, (destination.parse().unwrap(), FIRST_HOP_PORT));
        }
        assert_eq!(received(by, "eth3") - before, 6, "{destination}");
    }
}

#[tokio::test]
async fn contradicting_wishes_have_no_seed() {
    let flow = |path| Flow {
        source: Ipv4Addr::UNSPECIFIED,
        destination: Ipv4Addr::new(10, 255, 10, 4),
        path,
    };
    let flows = vec![flow(MseePath::Primary), flow(MseePath::Secondary)];
    let found = trial::search(Ipv4Addr::new(10, 253, 10, 4), flows, 64).await;
    assert_eq!(found.unwrap(), None);
}
