use proptest::prelude::*;

use super::*;

/// Instances `.12` and `.13` of a GatewaySubnet.
fn pair(subnet: u32) -> [u32; 2] {
    [(subnet << 8) + 12, (subnet << 8) + 13]
}

#[test]
fn two_instances_share_about_evenly() {
    for subnet in 0..500 {
        let group = places(7, pair(0x0a_0000 + subnet).into_iter());
        let first = group.iter().filter(|place| **place == 7).count();
        // Six standard deviations around the half.
        assert!((30..=98).contains(&first), "{subnet}: {first} of {}", group.len());
    }
}

#[test]
fn one_member_has_all_places() {
    assert_eq!(places(9, [1].into_iter()), [9; limits::GROUP_PLACES]);
}

proptest! {
    /// The promise: only the flows of the member that leaves move, and they return with it.
    #[test]
    fn only_the_places_of_a_leaving_member_move(
        names in prop::collection::btree_set(any::<u32>(), 2..12),
        leaving in any::<prop::sample::Index>(),
    ) {
        let names: Vec<u32> = names.into_iter().collect();
        let left: Vec<u32> = {
            let mut left = names.clone();
            left.remove(leaving.index(names.len()));
            left
        };
        let name_at = |names: &[u32], place: u16| names[usize::from(place)];
        let before = places(0, names.iter().copied());
        let after = places(0, left.iter().copied());
        for (before, after) in before.into_iter().zip(after) {
            let owner = name_at(&names, before);
            if left.contains(&owner) {
                prop_assert_eq!(owner, name_at(&left, after));
            }
        }
    }
}
