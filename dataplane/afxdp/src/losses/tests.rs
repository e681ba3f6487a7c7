use super::*;

#[test]
fn every_loss_is_under_its_own_name() {
    let socket = SocketLosses { ring_full: 4, dropped: 5, fill_empty: 6 };
    let losses = Losses { redirect_refused: 1, transmit_refused: 2, ring_full: 3, socket };
    let names = losses.by_verdict().map(|(verdict, count)| (verdict.name(), count));
    assert_eq!(
        names,
        [
            ("kernel_redirect_refused", 1),
            ("kernel_devmap_error", 2),
            ("kernel_ring_full", 3),
            ("kernel_xsk_ring_full", 4),
            ("kernel_xsk_dropped", 5),
            ("kernel_xsk_fill_empty", 6),
        ]
    );
    let mut counters = [0; verdict::COUNT];
    losses.add_to(&mut counters);
    losses.plus(losses).add_to(&mut counters);
    assert_eq!(counters.iter().sum::<u64>(), 3 * (1 + 2 + 3 + 4 + 5 + 6));
    assert_eq!(counters[usize::from(Verdict::KernelXskDropped.number())], 15);
}

#[test]
fn a_sockets_losses_are_told_apart() {
    // The kernel counts a frame that found no free one as dropped too.
    let statistics =
        Statistics { dropped: 5 + 6, receive_ring_full: 4, fill_empty: 6, ..Statistics::default() };
    let losses = SocketLosses::from(statistics);
    assert_eq!(losses, SocketLosses { ring_full: 4, dropped: 5, fill_empty: 6 });
    assert_eq!(losses.total(), 15);
}
