//! Every packet of the corpus for a circuit, through the kernel.

use oracle::{Port, corpus};

use crate::{comparison::Comparison, namespace::within, router};

/// What the wire to `r0` takes.
const LONGEST: usize = 14 + router::MTU_LEFT as usize;

#[test]
fn the_kernel_agrees_on_the_corpus() {
    within(|| {
        let mut comparison = Comparison::start();
        // The corpus knows the port as `eth1`; its links with tags are not among the ports.
        let port = Port { name: "eth1".to_owned(), ..router::ports()[0].clone() };
        for case in corpus::cases() {
            for frame in case.frames(std::slice::from_ref(&port)) {
                if frame.bytes.len() <= LONGEST {
                    let name = format!("{}: {}", case.group, case.name);
                    comparison.compare(&name, "r0", &frame.bytes);
                }
            }
        }
        let compared = comparison.finish();
        let all: u32 = compared.values().sum();
        assert!(all >= 300, "only {all} were compared: {compared:?}");
    });
}

#[test]
fn the_kernel_agrees_on_frames_cut_short() {
    within(|| {
        let mut comparison = Comparison::start();
        let port = Port { name: "eth1".to_owned(), ..router::ports()[0].clone() };
        for case in corpus::cases() {
            for frame in case.frames(std::slice::from_ref(&port)) {
                let name = format!("{}: {}", case.group, case.name);
                for cut in corpus::cuts(&frame.bytes).take(80) {
                    comparison.compare(&format!("{name}, {} bytes", cut.len()), "r0", cut);
                }
            }
        }
        let compared = comparison.finish();
        let all: u32 = compared.values().sum();
        assert!(all >= 10_000, "only {all} were compared: {compared:?}");
    });
}
