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
