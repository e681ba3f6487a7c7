use super::*;

#[test]
fn only_the_queue_counters_of_losses_count() {
    let statistics = [
        ("rx_queue_0_drops", 1),
        ("rx_queue_12_drops", 2),
        ("rx_queue_0_xdp_drops", 4),
        ("rx_queue__drops", 8),
        ("rx_pp_alloc_fast", 16),
        ("tx_queue_0_xdp_xmit_errors", 32),
        ("tx_queue_0_xdp_xmit", 64),
    ];
    let statistics = statistics.map(|(name, value)| (name.to_owned(), value));
    assert_eq!(Driver::of(&statistics), Driver { receive_drops: 3, transmit_errors: 32 });
}

#[test]
fn what_the_kernel_counts_twice_is_counted_once() {
    let mut port = Port::default();
    let socket = SocketLosses { ring_full: 10, dropped: 1, fill_empty: 2 };
    port.update(7, Driver { receive_drops: 15, transmit_errors: 4 }, socket);
    let expected = Losses { redirect_refused: 2, transmit_refused: 4, ring_full: 3, socket };
    assert_eq!(port.current, expected);
    // The socket was read when the driver had not yet counted its latest losses.
    let socket = SocketLosses { ring_full: 20, ..socket };
    port.update(7, Driver { receive_drops: 15, transmit_errors: 5 }, socket);
    assert_eq!(port.current, Losses { transmit_refused: 5, socket, ..expected });
}

#[test]
fn an_interface_made_anew_adds_to_what_the_one_before_it_lost() {
    let mut losses = PortLosses::default();
    let driver = Driver { receive_drops: 3, transmit_errors: 0 };
    losses.port("eth1", 5).update(2, driver, SocketLosses::default());
    losses.port("eth2", 6).update(1, driver, SocketLosses::default());
    let before = losses.total();
    assert_eq!((before.redirect_refused, before.ring_full), (6, 3));
    // The new one starts from 0.
    losses.port("eth1", 9).update(0, Driver::default(), SocketLosses::default());
    assert_eq!(losses.total(), before);
    losses.port("eth1", 9).update(1, driver, SocketLosses::default());
    assert_eq!((losses.total().redirect_refused, losses.total().ring_full), (9, 4));
}

#[test]
fn an_interface_that_is_not_the_ports_is_not_read() {
    let mut losses = PortLosses::default();
    losses.read("mseet-absent", 5).unwrap();
    losses.read("lo", 77).unwrap();
    assert_eq!(losses.total(), Losses::default());
    losses.read("lo", 1).unwrap();
    assert_eq!(losses.total(), Losses::default(), "the loopback interface loses nothing");
}
