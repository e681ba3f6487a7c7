use proptest::prelude::*;

use super::*;

const FLOW: u64 = 7;

fn millis(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn arrive(analysis: &mut Analysis, sequence: u64, sent: u64, arrived: u64, ttl: u8) {
    let payload = Probe { flow: FLOW, sequence, sent: millis(sent) }.encode();
    analysis.record(Message { payload: &payload, arrived: millis(arrived), ttl: Some(ttl) });
}

fn report(analysis: &Analysis, sent: u64, finished: bool) -> Report {
    analysis.report(Report::default(), sent, finished)
}

#[test]
fn everything_is_told_apart() {
    let mut analysis = Analysis::new(FLOW, millis(100));
    arrive(&mut analysis, 0, 100, 110, 62);
    arrive(&mut analysis, 2, 102, 112, 62);
    arrive(&mut analysis, 1, 101, 113, 61);
    arrive(&mut analysis, 1, 101, 113, 61);
    arrive(&mut analysis, 4, 104, 144, 62);
    let mut foreign = Probe { flow: 8, sequence: 3, sent: millis(103) }.encode();
    analysis.record(Message { payload: &foreign, arrived: millis(145), ttl: Some(62) });
    foreign[9] ^= 1;
    analysis.record(Message { payload: &foreign, arrived: millis(146), ttl: Some(62) });

    let running = report(&analysis, 7, false);
    assert_eq!((running.lost, running.in_flight), (1, 2));
    let last = report(&analysis, 7, true);
    assert_eq!((last.received, last.lost, last.in_flight), (4, 3, 0));
    assert_eq!((last.duplicated, last.reordered, last.stale), (1, 1, 0));
    assert_eq!((last.misdelivered, last.corrupted), (1, 1));
    assert_eq!((last.longest_gap_ms, last.longest_gap_began_ms), (Some(31.0), Some(13.0)));
    let latency = last.latency_ms.unwrap();
    assert_eq!((latency.minimum, latency.maximum), (10.0, 40.0));
    assert_eq!(last.ttl.into_iter().collect::<Vec<_>>(), [(61, 2), (62, 3)]);
}

#[test]
fn silence_at_the_end_is_a_gap() {
    let mut analysis = Analysis::new(FLOW, millis(0));
    arrive(&mut analysis, 0, 0, 1, 64);
    arrive(&mut analysis, 1, 1, 2, 64);
    analysis.note_gap(millis(52));
    let gap = report(&analysis, 50, true).longest_gap_ms.unwrap();
    assert!((49.999..50.001).contains(&gap), "{gap}");
}

proptest! {
    /// Whatever a network does with the packets, sent = received + lost, and nothing is received
    /// twice.
    #[test]
    fn sent_is_received_and_lost(
        arrivals in proptest::collection::vec(0_u64..200, 0..400),
        finished: bool,
    ) {
        let mut analysis = Analysis::new(FLOW, Duration::ZERO);
        for (time, sequence) in arrivals.iter().enumerate() {
            arrive(&mut analysis, *sequence, *sequence, *sequence + time as u64, 64);
        }
        let report = report(&analysis, 200, finished);
        let mut different = arrivals.clone();
        different.sort_unstable();
        different.dedup();
        prop_assert_eq!(report.received, different.len() as u64);
        prop_assert_eq!(report.duplicated, (arrivals.len() - different.len()) as u64);
        prop_assert_eq!(report.received + report.lost + report.in_flight, 200);
        prop_assert_eq!(report.ttl.values().sum::<u64>(), arrivals.len() as u64);
    }
}
