//! What the program of the ports makes of one frame, and counts for it: one, and no more.

use std::{collections::BTreeSet, path::Path};

use abi::{
    police::{self, Class},
    verdict::{self, Verdict},
};
use aya::{
    maps::{Array, Map, MapData},
    programs::Xdp,
};
use msee::fastpath::FastPath;

use crate::rig;

/// Frames between two times that the budgets of punts are filled, which are bursts of 500 and more.
const FRAMES: u32 = 400;
/// A policer that has admitted so much has room for nothing in this century.
const USED_UP: u64 = 1 << 62;

/// Runs frames through the program of the ports, as fast as they come: the budgets of what is punted
/// are full for each of them.
pub struct Counted {
    program: Xdp,
    policers: Array<MapData, u64>,
    slots: Vec<u32>,
    used_up: BTreeSet<(u32, u32)>,
    before: [u64; verdict::COUNT],
    frames: u32,
}

/// What became of a frame.
pub struct Ran {
    pub verdict: Verdict,
    pub action: u32,
    pub bytes: Vec<u8>,
}

impl Counted {
    pub fn new(pins: &Path, fast_path: &FastPath) -> Self {
        let pin = pins.join(format!("abi-{}", abi::VERSION)).join("POLICERS");
        let policers = Map::from_map_data(MapData::from_pin(pin).unwrap()).unwrap();
        Self {
            program: rig::program(pins),
            policers: policers.try_into().unwrap(),
            slots: fast_path.ports().iter().map(|port| port.slot).collect(),
            used_up: BTreeSet::new(),
            before: fast_path.counters().unwrap(),
            frames: 0,
        }
    }

    /// From now on these policers, and no others, have room for nothing.
    pub fn use_up(&mut self, policers: impl Iterator<Item = (u32, Class)>) {
        self.used_up = policers.map(|(slot, class)| (slot, class.number())).collect();
        self.fill_budgets();
    }

    /// Runs a frame. Fails unless exactly one counter grows, by one.
    pub fn run(&mut self, name: &str, ifindex: u32, frame: &[u8], fast_path: &FastPath) -> Ran {
        if self.frames.is_multiple_of(FRAMES) {
            self.fill_budgets();
        }
        self.frames += 1;
        let (action, bytes) = rig::run(&self.program, Some(ifindex), frame);
        let now = fast_path.counters().unwrap();
        let grown = verdict::ALL.into_iter().map(|it| {
            let number = usize::from(it.number());
            (it, now[number].wrapping_sub(self.before[number]))
        });
        let grown: Vec<_> = grown.filter(|(_, by)| *by != 0).collect();
        self.before = now;
        assert!(matches!(grown[..], [(_, 1)]), "{name}, interface {ifindex}: counted {grown:?}");
        Ran { verdict: grown[0].0, action, bytes }
    }

    /// Frames counted so far.
    pub const fn frames(&self) -> u32 {
        self.frames
    }

    fn fill_budgets(&mut self) {
        for slot in &self.slots {
            for class in 0..police::CLASSES {
                let value = if self.used_up.contains(&(*slot, class)) { USED_UP } else { 0 };
                self.policers.set(slot * police::CLASSES + class, value, 0).unwrap();
            }
        }
    }
}
