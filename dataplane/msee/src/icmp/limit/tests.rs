use proptest::prelude::*;

use super::*;

#[test]
fn a_full_bucket_gives_its_burst_and_no_more() {
    let mut bucket = TokenBucket::new(Rate { per_second: 1_000, burst: 50 });
    let now = Instant::now();
    assert_eq!((0..200).filter(|_| bucket.take(now)).count(), 50);
    assert!(!bucket.take(now + Duration::from_micros(999)));
    assert!(bucket.take(now + Duration::from_millis(1)));
    assert!(!bucket.take(now + Duration::from_millis(1)));
}

#[test]
fn a_pause_fills_it_to_the_burst_only() {
    let mut bucket = TokenBucket::new(Rate { per_second: 10, burst: 3 });
    let start = Instant::now();
    while bucket.take(start) {}
    let later = start + Duration::from_hours(1);
    assert_eq!((0..10).filter(|_| bucket.take(later)).count(), 3);
}

#[test]
fn scopes_and_budgets_do_not_share_tokens() {
    let mut limiter = Limiter::new(Rate { per_second: 1, burst: 1 });
    let now = Instant::now();
    for scope in [Scope::Port(1), Scope::Port(2), Scope::Vnet(1)] {
        for budget in [Budget::Error, Budget::PathMtu, Budget::Echo] {
            assert!(limiter.take(scope, budget, now), "{scope:?} {budget:?}");
            assert!(!limiter.take(scope, budget, now), "{scope:?} {budget:?}");
        }
    }
}

proptest! {
    #[test]
    fn never_more_than_rate_times_time_plus_burst(
        per_second in 1u32..5_000, burst in 1u32..100,
        gaps in prop::collection::vec(0u64..3_000_000, 1..400),
    ) {
        let mut bucket = TokenBucket::new(Rate { per_second, burst });
        let start = Instant::now();
        let (mut elapsed, mut taken) = (Duration::ZERO, 0u128);
        for gap in gaps {
            elapsed += Duration::from_nanos(gap);
            taken += u128::from(bucket.take(start + elapsed));
            // One more for the nanoseconds that rounding a token down gives away.
            let earned = elapsed.as_nanos() * u128::from(per_second) / 1_000_000_000;
            prop_assert!(taken <= earned + u128::from(burst) + 1);
        }
    }

    #[test]
    fn a_patient_sender_is_never_refused(
        per_second in 1u32..5_000, burst in 1u32..100, extra in prop::collection::vec(0u64..1_000, 1..100),
    ) {
        let mut bucket = TokenBucket::new(Rate { per_second, burst });
        let mut now = Instant::now();
        for nanoseconds in extra {
            prop_assert!(bucket.take(now));
            now += Duration::from_secs(1) / per_second + Duration::from_nanos(nanoseconds);
        }
    }

    #[test]
    fn a_clock_that_jumps_back_neither_panics_nor_gives_tokens(back in 0u64..10_000) {
        let mut bucket = TokenBucket::new(Rate { per_second: 1_000, burst: 1 });
        let earlier = Instant::now();
        let now = earlier + Duration::from_millis(back);
        prop_assert!(bucket.take(now));
        prop_assert!(!bucket.take(earlier));
    }
}
