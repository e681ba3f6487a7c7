use super::*;

#[test]
fn a_batch_is_counted_once_and_forgotten() {
    let tally = Tally::default();
    let mut batch = Batch::default();
    batch.count(Verdict::GwForwarded);
    batch.count(Verdict::GwForwarded);
    batch.count(Verdict::GwTtlExpiredSilent);
    batch.count_in(&tally);
    batch.count_in(&tally);
    let counted = tally.read();
    let count_of = |verdict: Verdict| counted[usize::from(verdict.number())];
    assert_eq!(count_of(Verdict::GwForwarded), 2);
    assert_eq!(count_of(Verdict::GwTtlExpiredSilent), 1);
    assert_eq!(counted.iter().sum::<u64>(), 3);
}
