use std::collections::{BTreeMap, BTreeSet, HashSet};

use abi::verdict::Verdict;

use super::*;
use crate::{Oracle, scene};

#[test]
fn stats() {
    let (state, ports) = (scene::state(), scene::ports());
    let oracle = Oracle::new(&state, &ports).unwrap();
    let mut generator = Generator::new(&state, &ports);
    let mut random = XorShift::new(1);
    let mut all = HashSet::new();
    let mut masked = HashSet::new();
    let mut count: BTreeMap<Verdict, usize> = BTreeMap::new();
    let t = std::time::Instant::now();
    for _ in 0..100_000 {
        let g = generator.frame(&mut || random.next()).unwrap();
        let j = oracle.judge(g.ifindex, &g.bytes);
        for e in j.ends() {
            *count.entry(e.verdict).or_default() += 1;
        }
        let mut m = g.clone();
        m.bytes[6..12].fill(0);
        masked.insert(m);
        all.insert(g);
    }
    println!("{:?}", t.elapsed());
    println!("{} {}", all.len(), masked.len());
    for (v, n) in count {
        println!("{:28} {n}", v.name());
    }
}
