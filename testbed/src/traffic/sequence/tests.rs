use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// Remembers everything.
#[derive(Default)]
struct Model {
    arrived: HashSet<u64>,
    highest: Option<u64>,
}

impl Model {
    fn record(&mut self, number: u64, window: u64) -> Arrival {
        let known = self.arrived.contains(&number);
        match self.highest {
            Some(highest) if number <= highest && highest - number >= window => Arrival::Stale,
            Some(highest) if number <= highest && known => Arrival::Duplicate,
            Some(highest) if number <= highest => {
                self.arrived.insert(number);
                assert!(highest > number);
                Arrival::Reordered
            }
            _ => {
                self.arrived.insert(number);
                self.highest = Some(number);
                Arrival::InOrder
            }
        }
    }
}

/// Mostly onwards in small steps, sometimes back or far away.
fn numbers() -> impl Strategy<Value = Vec<u64>> {
    let step = prop_oneof![
        8 => 0_i64..4,
        4 => -80_i64..4,
        1 => -400_i64..400,
    ];
    proptest::collection::vec(step, 0..600).prop_map(|steps| {
        let mut at = 0_i64;
        let walk = steps.into_iter().map(|step| {
            at = (at + step).max(0);
            at.cast_unsigned()
        });
        walk.collect()
    })
}

proptest! {
    #[test]
    fn agrees_with_a_model_that_remembers_everything(numbers in numbers(), words in 1_usize..4) {
        let window = words * 64;
        let mut tracker = SequenceTracker::new(window);
        let mut model = Model::default();
        for number in numbers {
            let expected = model.record(number, window as u64);
            prop_assert_eq!(tracker.record(number), expected, "number {}", number);
            prop_assert_eq!(tracker.next(), model.highest.map_or(0, |highest| highest + 1));
        }
    }

    #[test]
    fn a_permutation_is_received_once_each(
        numbers in Just((0..300_u64).collect::<Vec<_>>()).prop_shuffle()
    ) {
        let mut tracker = SequenceTracker::new(300);
        for number in &numbers {
            prop_assert!(matches!(tracker.record(*number), Arrival::InOrder | Arrival::Reordered));
        }
        for number in &numbers {
            prop_assert_eq!(tracker.record(*number), Arrival::Duplicate);
        }
    }
}

#[test]
fn the_highest_number_does_not_overflow() {
    let mut tracker = SequenceTracker::new(64);
    assert_eq!(tracker.record(u64::MAX), Arrival::InOrder);
    assert_eq!(tracker.record(0), Arrival::Stale);
}
