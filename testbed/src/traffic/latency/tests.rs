use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn the_median_is_near_the_sorted_one(
        mut values in proptest::collection::vec(0_u64..1 << 38, 1..200)
    ) {
        let mut latencies = Latencies::new();
        for value in &values {
            latencies.record(Duration::from_nanos(*value));
        }
        values.sort_unstable();
        let [minimum, median, maximum] =
            latencies.summary().unwrap().map(|value| u64::try_from(value.as_nanos()).unwrap());
        let sorted = values[(values.len() - 1) / 2];
        prop_assert_eq!(minimum, values[0]);
        prop_assert_eq!(maximum, values[values.len() - 1]);
        prop_assert!(median.abs_diff(sorted) <= sorted / DIVISIONS + 1, "{} {}", median, sorted);
    }

    #[test]
    fn an_interval_holds_its_values(value in 0_u64..1 << 38) {
        let interval = interval(value);
        prop_assert!(lowest(interval) <= value);
        prop_assert!(value < lowest(interval + 1));
    }
}

#[test]
fn nothing_recorded_is_no_summary_and_the_longest_is_kept() {
    let mut latencies = Latencies::new();
    assert_eq!(latencies.summary(), None);
    let longest = Duration::from_secs(100_000);
    latencies.record(longest);
    assert_eq!(latencies.summary(), Some([longest; 3]));
}
