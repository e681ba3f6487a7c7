use proptest::prelude::*;

use super::*;

/// Sends until done on a clock that wakes up `late` after each asked time; answers the bursts.
fn play(pps: u32, duration: Duration, late: impl Fn(usize) -> Duration) -> Vec<(Duration, usize)> {
    let start = Instant::now();
    let mut pacer = Pacer::new(start, pps, Some(duration));
    let mut now = start;
    let mut bursts = Vec::new();
    while !pacer.is_done() {
        let burst = pacer.due(now);
        pacer.took(burst);
        bursts.push((now - start, burst));
        now = pacer.next(now) + late(bursts.len());
    }
    bursts
}

proptest! {
    #[test]
    fn all_are_sent_in_bounded_bursts_however_late_the_clock(
        pps in 1_u32..=MOST_PPS,
        late in proptest::collection::vec(0_u64..20_000, 1..20),
    ) {
        let duration = Duration::from_millis(500);
        let bursts = play(pps, duration, |turn| Duration::from_micros(late[turn % late.len()]));
        let total: usize = bursts.iter().map(|(_, burst)| burst).sum();
        prop_assert_eq!(total as u64, u64::from(pps) / 2);
        prop_assert!(bursts.iter().all(|(_, burst)| *burst <= MOST_BURST));
        let pauses = bursts.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0));
        prop_assert!(pauses.min().is_none_or(|pause| pause >= SHORTEST_PAUSE));
    }

    #[test]
    fn on_a_prompt_clock_no_packet_is_early_or_a_pause_late(pps in 1_u32..=MOST_PPS) {
        let mut sent = 0_u32;
        for (at, burst) in play(pps, Duration::from_millis(200), |_| Duration::ZERO) {
            for _ in 0..burst {
                let due = Duration::from_secs(1) * sent / pps;
                prop_assert!(at + Duration::from_nanos(2) >= due, "packet {} early", sent);
                prop_assert!(at <= due + 2 * SHORTEST_PAUSE, "packet {} late", sent);
                sent += 1;
            }
        }
    }
}

#[test]
fn at_1_000_packets_a_second_they_go_one_by_one() {
    let bursts = play(1_000, Duration::from_millis(100), |_| Duration::from_micros(60));
    assert_eq!(bursts.len(), 100);
    assert!(bursts.iter().all(|(_, burst)| *burst == 1));
}

#[test]
fn a_stall_is_caught_up_at_no_more_than_twice_the_rate() {
    let stall = |turn| {
        if turn == 1 { Duration::from_millis(50) } else { Duration::ZERO }
    };
    let bursts = play(50_000, Duration::from_millis(200), stall);
    assert!(bursts.iter().all(|(_, burst)| *burst <= 12));
}

#[test]
fn without_duration_it_is_never_done() {
    let start = Instant::now();
    let mut pacer = Pacer::new(start, 1_000, None);
    pacer.took(1_000_000);
    assert!(!pacer.is_done());
    assert_eq!(pacer.due(start + Duration::from_secs(1)), 0);
}
