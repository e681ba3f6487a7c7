use proptest::prelude::*;

use super::*;

#[test]
fn changes_within_the_time_of_gathering_are_one_image() {
    let (mut pace, start) = (Pace::default(), Instant::now());
    let after = |milliseconds| start + Duration::from_millis(milliseconds);
    assert!(!pace.take(start), "nothing was learned");
    for milliseconds in 0..10 {
        pace.changed(after(milliseconds));
        assert!(!pace.take(after(milliseconds)));
    }
    assert_eq!(pace.deadline(), Some(after(10)));
    assert!(pace.take(after(10)));
    assert_eq!((pace.deadline(), pace.take(after(1_000))), (None, false));
}

#[test]
fn a_change_right_after_an_image_waits_for_the_interval() {
    let (mut pace, start) = (Pace::default(), Instant::now());
    pace.changed(start);
    assert!(pace.take(start + GATHER));
    pace.changed(start + GATHER);
    assert_eq!(pace.deadline(), Some(start + GATHER + INTERVAL));
}

proptest! {
    /// Changes without end: images keep their distance, and no change waits for longer than that.
    #[test]
    fn images_are_bounded_and_none_starves(gaps in prop::collection::vec(0_u64..50, 1..500)) {
        let (mut pace, mut now) = (Pace::default(), Instant::now());
        let (mut last, mut waiting_since) = (None, None);
        for gap in gaps {
            let then = now + Duration::from_millis(gap);
            while let Some(due) = pace.deadline().filter(|due| *due <= then) {
                prop_assert!(pace.take(due));
                prop_assert!(last.is_none_or(|last| due - last >= INTERVAL));
                let since: Instant = waiting_since.take().unwrap();
                prop_assert!(due - since <= INTERVAL + GATHER);
                last = Some(due);
            }
            now = then;
            pace.changed(now);
            waiting_since.get_or_insert(now);
        }
    }
}
