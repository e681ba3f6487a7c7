use super::*;

#[test]
fn only_the_queue_counters_of_losses_count() {
    let receive = |name| is_queue_counter(name, "rx_queue_", "_drops");
    assert!(receive("rx_queue_0_drops") && receive("rx_queue_12_drops"));
    assert!(!receive("rx_queue_0_xdp_drops") && !receive("rx_queue__drops"));
    assert!(!receive("rx_pp_alloc_fast"));
    let transmit = |name| is_queue_counter(name, "tx_queue_", "_xdp_xmit_errors");
    assert!(transmit("tx_queue_0_xdp_xmit_errors") && !transmit("tx_queue_0_xdp_xmit"));
}

#[test]
fn a_socket_without_losses_has_none() {
    let losses = of_socket(&afxdp::Statistics::default());
    assert!(losses.iter().all(|(_, count)| *count == 0));
}

#[test]
fn the_loopback_interface_has_no_statistics_and_a_missing_one_is_named() {
    assert!(matches!(of_driver("lo"), Ok(losses) if losses.iter().all(|(_, count)| *count == 0)));
    let error = of_driver("mseet-absent").unwrap_err();
    assert!(error.to_string().contains("mseet-absent"), "{error}");
}
