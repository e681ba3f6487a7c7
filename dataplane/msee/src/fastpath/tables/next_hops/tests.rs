use super::*;
use crate::{
    example,
    fastpath::{BoundPort, Compiled},
};

/// The example with nothing declared, and everybody learned but one instance of the far gateway.
fn compiled() -> Compiled {
    let silent = example::compiled_from(&example::silent_state());
    let stations = (1_u8..).zip(silent.next_hops.undeclared.keys()).skip(1);
    let learned = stations.map(|(last, it)| (*it, MacAddress([2, 0, 0, 0, 7, last])));
    silent.relearned(&learned.collect())
}

fn recover(compiled: &Compiled) -> NextHops {
    // What an image leaves in its bank does not end with the next one.
    let mut entries = compiled.next_hops.entries();
    entries.extend(entries.clone());
    NextHops::recover(&entries, &compiled.adjacencies, |slot| {
        compiled.bound_port(slot).map(BoundPort::key)
    })
}

#[test]
fn an_image_says_who_is_behind_its_next_hops() {
    for compiled in [example::compiled(), compiled()] {
        let recovered = recover(&compiled);
        assert_eq!(recovered.by_index, compiled.next_hops.by_index);
        assert_eq!(recovered.undeclared, compiled.next_hops.undeclared);
        for (neighbour, mac) in &recovered.declared {
            assert_eq!(compiled.next_hops.declared.get(neighbour), Some(mac));
        }
        assert_eq!(recovered.learned(&compiled.adjacencies), compiled.learned());
    }
    assert_eq!(example::compiled().learned(), Neighbours::default());
    let (found, all) = (compiled().learned(), compiled().next_hops.undeclared.len());
    assert_eq!(found.iter().count(), all - 1);
}

#[test]
fn a_next_hop_out_of_a_port_that_is_gone_is_nobody() {
    let compiled = compiled();
    let entries = compiled.next_hops.entries();
    let recovered = NextHops::recover(&entries, &compiled.adjacencies, |_| None);
    assert!(recovered.by_index.iter().all(Option::is_none));
    assert!(recovered.undeclared.is_empty() && recovered.declared.is_empty());
}

#[test]
fn to_learn_anew_is_to_compile_anew() {
    let state = example::silent_state();
    let compile = |learned: &Neighbours| example::compiled_with(&state, learned).adjacencies;
    let before = compiled();
    let learned = before.learned();
    assert_eq!(before.adjacencies, compile(&learned));
    // Some are forgotten, some have moved.
    let other = learned.iter().skip(1).map(|(it, _)| (*it, MacAddress([2, 0, 0, 0, 8, 8])));
    let other: Neighbours = other.collect();
    let after = before.relearned(&other);
    assert_eq!(after.adjacencies, compile(&other));
    assert_eq!(after.generation(), before.generation() + 1);
    assert_eq!(
        after.relearned(&Neighbours::default()).adjacencies,
        compile(&Neighbours::default())
    );
}
