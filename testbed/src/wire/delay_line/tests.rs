use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Put { delay: u64 },
    Advance { by: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0_u64..200).prop_map(|delay| Step::Put { delay }),
        (0_u64..60).prop_map(|by| Step::Advance { by }),
    ];
    proptest::collection::vec(step, 0..300)
}

proptest! {
    /// Against a list that is searched from the start each time: the same items leave, at the same
    /// step, in the same order, and exactly the items beyond the limit are refused.
    #[test]
    fn behaves_as_a_searched_list(steps in steps(), limit in 1_usize..40) {
        let start = Instant::now();
        let mut now = start;
        let mut line = DelayLine::new(limit);
        let mut model: Vec<(Instant, usize)> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Put { delay } => {
                    let due = now + Duration::from_micros(delay);
                    let accepted = line.put(due, number).is_ok();
                    prop_assert_eq!(accepted, model.len() < limit);
                    if accepted {
                        model.push((due, number));
                    }
                }
                Step::Advance { by } => {
                    now += Duration::from_micros(by);
                    while let Some(item) = line.take_due(now) {
                        let first = model.iter().enumerate().min_by_key(|(_, entry)| **entry);
                        let (place, (due, expected)) = first.map(|(at, entry)| (at, *entry)).unwrap();
                        prop_assert!(due <= now);
                        prop_assert_eq!(item, expected);
                        model.remove(place);
                    }
                    prop_assert!(model.iter().all(|(due, _)| *due > now));
                }
            }
            prop_assert_eq!(line.held(), model.len());
            prop_assert_eq!(line.next_due(), model.iter().map(|(due, _)| *due).min());
        }
    }
}

#[test]
fn a_constant_delay_keeps_the_order() {
    let start = Instant::now();
    let mut line = DelayLine::new(1_000);
    for number in 0..1_000_u32 {
        line.put(start + Duration::from_millis(35), number).unwrap();
    }
    assert_eq!(line.put(start, 1_000), Err(1_000));
    assert_eq!(line.take_due(start + Duration::from_millis(34)), None);
    for number in 0..1_000 {
        assert_eq!(line.take_due(start + Duration::from_millis(35)), Some(number));
    }
}

#[test]
fn a_lower_delay_lets_later_frames_overtake() {
    let start = Instant::now();
    let mut line = DelayLine::new(10);
    line.put(start + Duration::from_millis(35), "before").unwrap();
    line.put(start + Duration::from_millis(5), "after").unwrap();
    assert_eq!(line.take_due(start + Duration::from_millis(5)), Some("after"));
    assert_eq!(line.take_due(start + Duration::from_millis(35)), Some("before"));
}
