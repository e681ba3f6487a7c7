use super::*;
use crate::network::{build, tests::Lab};

fn routes(list: &[(&str, &[[u8; 4]])]) -> NicRoutes {
    let route = |(prefix, hops): &(&str, &[[u8; 4]])| {
        (prefix.parse().unwrap(), hops.iter().copied().map(IpAddr::from).collect())
    };
    NicRoutes { routes: list.iter().map(route).collect() }
}

#[tokio::test]
async fn routes_become_what_is_wanted_and_others_stay() {
    const A: [u8; 4] = [10, 255, 0, 4];
    const B: [u8; 4] = [10, 255, 0, 5];
    let lab = Lab::new("nettroutes", false);
    build(&lab.plan).await.unwrap();
    let vm = lab.namespace("hub-vm");
    let both = routes(&[("10.10.0.0/16", &[A, B]), ("10.253.0.0/16", &[A, B])]);
    assert_eq!(reconcile(&vm, &both).await.unwrap(), Changes { set: 2, removed: 0 });
    assert_eq!(learned(&vm).await.unwrap(), both);
    // Equal: nothing to do.
    assert_eq!(reconcile(&vm, &both).await.unwrap(), Changes::default());

    // One MSEE withdraws; one prefix goes, another comes.
    let fewer = routes(&[("10.10.0.0/16", &[B]), ("172.16.1.0/30", &[A])]);
    assert_eq!(reconcile(&vm, &fewer).await.unwrap(), Changes { set: 2, removed: 1 });
    assert_eq!(learned(&vm).await.unwrap(), fewer);

    // No next hop is no route; the VM's on-link routes were never ours.
    let none = routes(&[("10.10.0.0/16", &[])]);
    assert_eq!(reconcile(&vm, &none).await.unwrap(), Changes { set: 0, removed: 2 });
    assert!(crate::network::tests::answers(&vm, "10.254.10.4"));

    let missing = set("nettroutes-nobody", &none).await.unwrap_err();
    assert!(missing.to_string().contains("nettroutes-nobody"), "{missing}");
}

#[tokio::test]
async fn routes_of_both_families_are_kept_apart_and_replaced_whole() {
    let lab = Lab::two_customers("nettroutes6");
    build(&lab.plan).await.unwrap();
    let vm = lab.namespace("contoso-vm");
    let dual = |ipv4: &[&str], ipv6: &[&str]| {
        let hops = |hops: &[&str]| hops.iter().map(|hop| hop.parse().unwrap()).collect::<Vec<_>>();
        let routes = [
            ("10.10.0.0/16".parse().unwrap(), hops(ipv4)),
            ("fd00:10:10::/48".parse().unwrap(), hops(ipv6)),
            ("::/0".parse().unwrap(), hops(ipv6)),
        ];
        NicRoutes { routes: routes.into_iter().filter(|(_, hops)| !hops.is_empty()).collect() }
    };
    let both = dual(&["10.255.0.4", "10.255.0.5"], &["fd00:255::4", "fd00:255::5"]);
    assert_eq!(reconcile(&vm, &both).await.unwrap(), Changes { set: 3, removed: 0 });
    assert_eq!(learned(&vm).await.unwrap(), both);
    assert_eq!(reconcile(&vm, &both).await.unwrap(), Changes::default());

    // Two next hops become one and two again: no sibling of the old route stays.
    let one = dual(&["10.255.0.4", "10.255.0.5"], &["fd00:255::5"]);
    assert_eq!(reconcile(&vm, &one).await.unwrap(), Changes { set: 2, removed: 0 });
    assert_eq!(learned(&vm).await.unwrap(), one);
    let turned = dual(&["10.255.0.5"], &["fd00:255::5", "fd00:255::4"]);
    assert_eq!(reconcile(&vm, &turned).await.unwrap(), Changes { set: 3, removed: 0 });
    assert_eq!(learned(&vm).await.unwrap(), turned);

    let ipv4 = dual(&["10.255.0.5"], &[]);
    assert_eq!(reconcile(&vm, &ipv4).await.unwrap(), Changes { set: 0, removed: 2 });
    assert_eq!(learned(&vm).await.unwrap(), ipv4);
    assert!(crate::network::tests::answers(&vm, "fd00:255:0:10::4"), "its own routes stay");
}
