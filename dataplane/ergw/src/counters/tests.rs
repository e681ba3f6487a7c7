use super::*;

#[test]
fn a_tally_is_added_once_and_emptied() {
    let counters = Counters::default();
    let mut tally = Tally::default();
    tally.count(Verdict::GwForwarded);
    tally.count(Verdict::GwForwarded);
    tally.count(Verdict::GwTtlExpiredSilent);
    counters.take(&mut tally);
    counters.take(&mut tally);
    let read = |verdict: Verdict| counters.0[usize::from(verdict.number())].load(Ordering::Relaxed);
    assert_eq!(read(Verdict::GwForwarded), 2);
    assert_eq!(read(Verdict::GwTtlExpiredSilent), 1);
    assert_eq!(counters.0.iter().map(|counter| counter.load(Ordering::Relaxed)).sum::<u64>(), 3);
}
