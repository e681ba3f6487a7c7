use super::*;

#[test]
fn a_frame_dropped_for_want_of_memory_is_one_loss() {
    let statistics = Statistics { dropped: 10, fill_empty: 7, ..Statistics::default() };
    assert_eq!(statistics.dropped_for_length(), 3);
}

#[test]
fn counters_read_between_two_kernel_stores_do_not_underflow() {
    let statistics = Statistics { dropped: 6, fill_empty: 7, ..Statistics::default() };
    assert_eq!(statistics.dropped_for_length(), 0);
}
