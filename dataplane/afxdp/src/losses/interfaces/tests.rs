use super::*;

const TABLE: &str = "Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
  eth1:     742       9    0    3    0     0          0         0      742       9    0   17    0     0       0          0
";

#[test]
fn the_transmit_column_of_the_interface_is_read() {
    assert_eq!(find(TABLE, "eth1"), Some(17));
    assert_eq!(find(TABLE, "eth"), None);
}

#[test]
fn the_loopback_interface_is_listed_and_a_missing_one_is_not() {
    assert!(transmit_drops("lo").unwrap().is_some());
    assert_eq!(transmit_drops("mseet-absent").unwrap(), None);
}
