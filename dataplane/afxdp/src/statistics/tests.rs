use super::*;

fn kernel(rx_dropped: u64, rx_fill_ring_empty_descs: u64) -> libc::xdp_statistics {
    libc::xdp_statistics {
        rx_dropped,
        rx_invalid_descs: 1,
        tx_invalid_descs: 2,
        rx_ring_full: 3,
        rx_fill_ring_empty_descs,
        tx_ring_empty_descs: 4,
    }
}

#[test]
fn a_packet_dropped_for_want_of_frames_is_one_loss() {
    let statistics = Statistics::of(&kernel(10, 7), true);
    let expected = Statistics {
        too_long: 0,
        receive_ring_full: 3,
        fill_empty: 10,
        invalid_fill: 1,
        invalid_transmit: 2,
    };
    assert_eq!(statistics, expected);
    let one_frame = Statistics { too_long: 3, fill_empty: 7, ..expected };
    assert_eq!(Statistics::of(&kernel(10, 7), false), one_frame);
}

#[test]
fn counters_read_between_two_kernel_stores_do_not_underflow() {
    let statistics = Statistics::of(&kernel(6, 7), true);
    assert_eq!((statistics.too_long, statistics.fill_empty), (0, 7));
}
