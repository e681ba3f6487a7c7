//! Generated frames, through the kernel.

use abi::verdict::Verdict;
use oracle::generate::{Generator, XorShift};

use crate::{comparison::Comparison, namespace::within, router};

const FRAMES: usize = 30_000;

/// Each of these is reached by some hundreds of frames, or the comparison is worth little.
const REACHED: [Verdict; 12] = [
    Verdict::PortGroup,
    Verdict::PortTruncated,
    Verdict::CheckVersion,
    Verdict::CheckTotalLength,
    Verdict::CheckChecksum,
    Verdict::CheckMartianSource,
    Verdict::CheckMartianDestination,
    Verdict::LocalNoCpu,
    Verdict::NoRoute,
    Verdict::TtlExpired,
    Verdict::TooBig,
    Verdict::ForwardedCe,
];

#[test]
fn the_kernel_agrees_on_generated_frames() {
    within(|| {
        let mut comparison = Comparison::start();
        let mut generator = Generator::new(&router::state(), &router::ports()).longest(1_514);
        let mut random = XorShift::new(2_026);
        for number in 0..FRAMES {
            let frame = generator.frame(&mut || random.next()).unwrap();
            let (port, mtu) = match frame.ifindex {
                router::LEFT => ("r0", router::MTU_LEFT),
                _ => ("r1", router::MTU_RIGHT),
            };
            // A wire drops what the interface behind it cannot take.
            if frame.bytes.len() <= 14 + mtu as usize {
                comparison.compare(&format!("frame {number}"), port, &frame.bytes);
            }
        }
        let compared = comparison.finish();
        for verdict in REACHED {
            let times = compared.get(&verdict).copied().unwrap_or(0);
            assert!(times >= 100, "{}: {times}", verdict.name());
        }
        println!("{compared:?}");
    });
}
