//! R22 where a circuit's bandwidth may be used up and sources are validated: the program of the ports and
//! the reference forwarder agree. (The traced twin polices nothing.)

use std::collections::BTreeMap;

use abi::{police::Class, verdict::Verdict};
use oracle::{
    Direction, End, Outcome,
    generate::{Generator, XorShift},
    scene,
};

use crate::{
    counted::{Counted, Ran},
    differential::number,
    oracle_rig::{OracleRig, hex},
};

/// Frames of an ordinary run.
const FRAMES: u64 = 250_000;
/// Frames with the same policers used up.
const ROUND: u64 = 200;
const XDP_DROP: u32 = 1;
const XDP_REDIRECT: u32 = 4;

const DIRECTIONS: [(Direction, Class); 2] =
    [(Direction::FromCustomer, Class::FromCustomer), (Direction::ToCustomer, Class::ToCustomer)];

/// Whether the program did what this end says. By which port it sends is in the frame.
fn is_end(end: &End, ran: &Ran, frame: &[u8]) -> bool {
    end.verdict == ran.verdict
        && match &end.outcome {
            Outcome::Dropped => ran.action == XDP_DROP,
            Outcome::Punted => ran.action == XDP_REDIRECT && ran.bytes.ends_with(frame),
            Outcome::Unwrapped(inner) => {
                ran.action == XDP_REDIRECT
                    && ran.bytes.ends_with(inner)
                    && inner.len() < frame.len()
            }
            Outcome::Sent(sending) => ran.action == XDP_REDIRECT && sending.bytes == ran.bytes,
            Outcome::Tunnelled(sending) => {
                // But for the source port, which is the program's to choose.
                let is_same = |(at, byte): (usize, &u8)| {
                    (34..36).contains(&at) || sending.bytes.get(at) == Some(byte)
                };
                ran.action == XDP_REDIRECT
                    && ran.bytes.len() == sending.bytes.len()
                    && ran.bytes.iter().enumerate().all(is_same)
            }
        }
}

#[test]
fn the_program_polices_as_the_reference_forwarder_does() {
    let (frames, seed) = (number("ERLAB_FUZZ_FRAMES", FRAMES), number("ERLAB_FUZZ_SEED", 3));
    let state = scene::policed();
    let mut rig = OracleRig::start_with(&state);
    let mut counted = Counted::new(&rig.pins(), &rig.fast_path);
    let mut generator = Generator::new(&state, &rig.ports);
    let mut random = XorShift::new(seed);
    let policed: Vec<_> = state
        .circuit_ports
        .iter()
        .filter(|(_, port)| port.bandwidth.is_some())
        .flat_map(|(name, _)| DIRECTIONS.map(|direction| (name.clone(), direction)))
        .collect();
    let ports = rig.fast_path.ports().to_vec();
    let slot = |name: &str| ports.iter().find(|port| port.name == name).unwrap().slot;
    let mut verdicts: BTreeMap<&str, u64> = BTreeMap::new();
    for frame_number in 0..frames {
        if frame_number.is_multiple_of(ROUND) {
            let chosen = random.next();
            let is_chosen = |index: usize| chosen >> index & 1 == 1;
            let used_up: Vec<_> = (0..policed.len())
                .filter(|index| is_chosen(*index))
                .map(|index| &policed[index])
                .collect();
            rig.oracle.restore();
            for (name, (direction, _)) in &used_up {
                rig.oracle.use_up(name, *direction);
            }
            counted.use_up(used_up.iter().map(|(name, (_, class))| (slot(name), *class)));
        }
        let frame = generator.frame(&mut || random.next()).unwrap();
        let expected = rig.oracle.judge(frame.ifindex, &frame.bytes);
        let name = format!("seed {seed}, frame {frame_number}");
        let ran = counted.run(&name, frame.ifindex, &frame.bytes, &rig.fast_path);
        assert!(
            expected.ends().iter().any(|end| is_end(end, &ran, &frame.bytes)),
            "{name}, interface {}\n  frame    {}\n  oracle   {:x?}\n  program  {:?}, action {}, {}",
            frame.ifindex,
            hex(&frame.bytes),
            expected.ends(),
            ran.verdict,
            ran.action,
            hex(&ran.bytes),
        );
        *verdicts.entry(ran.verdict.name()).or_default() += 1;
    }
    println!("{frames} frames of seed {seed}: {verdicts:#?}");
    for police in
        [Verdict::SourceNotValid, Verdict::PolicedFromCustomer, Verdict::PolicedToCustomer]
    {
        let count = verdicts.get(police.name()).copied().unwrap_or(0);
        assert!(count > frames / 1_000, "{}: {count}", police.name());
    }
}
