//! What the verifier makes of the programs.

use aya::programs::Xdp;
use aya_obj::programs::XdpAttachType;

use crate::rig::Rig;

/// The verifier gives up at a million; this is far below, and a jump shows here first.
const BOUND: u32 = 100_000;

#[test]
fn the_programs_stay_easy_to_verify() {
    let rig = Rig::start();
    for name in ["msee_port", "msee_inject"] {
        let program = Xdp::from_pin(rig.namespace.pins().join(name), XdpAttachType::Interface);
        let info = program.unwrap().info().unwrap();
        let processed = info.verified_instruction_count().unwrap();
        let size = info.size_translated().unwrap();
        println!("{name}: {processed} instructions processed, {size} bytes translated");
        assert!(processed < BOUND, "{name}: {processed} instructions processed");
    }
}
