use serde_json::json;

use super::*;

const PROC_NET_DEV: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo:       0       0    0    0    0     0          0         0        0       0    0    0
  eth1:  128000    2000    0    0    0     0          0         0     6400     100    0    0
";

#[test]
fn received_packets_are_read_from_the_interface() {
    assert_eq!(received(PROC_NET_DEV), Some(2000));
    assert_eq!(received("lo: 1 2"), None);
}

#[test]
fn deliveries_are_read_from_the_gateway() {
    let gateway = json!({"endpoints": {"hub-vm": 12}});
    assert_eq!(delivered(&gateway, "hub-vm"), 12);
    assert_eq!(delivered(&gateway, "spoke-vm"), 0);
}

#[test]
fn the_share_is_of_what_the_vm_received() {
    let share = |gateway, vm| Sample { gateway, vm }.share_since(Sample { gateway: 10, vm: 100 });
    assert_eq!(share(10, 2100), Some(0.0));
    assert_eq!(share(1010, 2100), Some(50.0));
    assert_eq!(share(2020, 2100), Some(100.0));
    assert_eq!(share(10, 100), None);
}
