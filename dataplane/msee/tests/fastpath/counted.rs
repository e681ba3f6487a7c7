//! What the program of the ports counts for one frame: one, under the frame's verdict.

use std::path::Path;

use abi::{
    police,
    verdict::{self, Verdict},
};
use aya::{
    maps::{Array, Map, MapData},
    programs::Xdp,
};
use msee::fastpath::FastPath;

use crate::rig;

/// Frames between two pauses for the budgets of punts, which are bursts of 500 and more.
const FRAMES: u32 = 400;

/// Runs frames through the program of the ports, as fast as they come: the budgets of what is punted
/// are full for each of them.
pub struct Counted {
    program: Xdp,
    policers: Array<MapData, u64>,
    slots: Vec<u32>,
    before: [u64; verdict::COUNT],
    frames: u32,
}

impl Counted {
    pub fn new(pins: &Path, fast_path: &FastPath) -> Self {
        let pin = pins.join(format!("abi-{}", abi::VERSION)).join("POLICERS");
        let policers = Map::from_map_data(MapData::from_pin(pin).unwrap()).unwrap();
        Self {
            program: rig::program(pins),
            policers: policers.try_into().unwrap(),
            slots: fast_path.ports().iter().map(|port| port.slot).collect(),
            before: fast_path.counters().unwrap(),
            frames: 0,
        }
    }

    /// Fails unless a frame is counted as this verdict and as nothing else, once.
    pub fn check(&mut self, name: &str, ifindex: u32, frame: &[u8], seen: (Verdict, &FastPath)) {
        let (verdict, fast_path) = seen;
        if self.frames.is_multiple_of(FRAMES) {
            self.fill_budgets();
        }
        self.frames += 1;
        rig::run(&self.program, Some(ifindex), frame);
        let now = fast_path.counters().unwrap();
        self.before[usize::from(verdict.number())] += 1;
        let wrong: Vec<_> = verdict::ALL
            .into_iter()
            .map(|it| (it, usize::from(it.number())))
            .filter(|(_, number)| self.before[*number] != now[*number])
            .map(|(it, number)| (it.name(), now[number].wrapping_sub(self.before[number])))
            .collect();
        assert!(wrong.is_empty(), "{name}, interface {ifindex}: counted besides {wrong:?}");
    }

    /// Frames counted so far.
    pub const fn frames(&self) -> u32 {
        self.frames
    }

    fn fill_budgets(&mut self) {
        for slot in &self.slots {
            for class in 0..police::CLASSES {
                self.policers.set(slot * police::CLASSES + class, 0, 0).unwrap();
            }
        }
    }
}
