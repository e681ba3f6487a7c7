//! From a desired state to the bytes of an image, and a lookup in it, both in userspace.

use std::{hint::black_box, net::Ipv4Addr};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use msee::fastpath::{Compiled, Neighbours};

fn image(criterion: &mut Criterion) {
    let ports = benches::bound_ports();
    let mut group = criterion.benchmark_group("image");
    group.sample_size(20);
    for vms in [10, 1_000, 10_000] {
        let state = benches::state_with_fastpath_hosts(vms);
        group.bench_with_input(BenchmarkId::new("compile", vms), &state, |bencher, state| {
            bencher.iter(|| Compiled::new(black_box(state), &ports, &Neighbours::default(), 1));
        });
        let Ok(compiled) = Compiled::new(&state, &ports, &Neighbours::default(), 1) else {
            continue;
        };
        let Some(roots) = compiled.vrf_roots("CIRCUIT") else { continue };
        group.bench_function(BenchmarkId::new("lookup", vms), |bencher| {
            let mut vm = 0;
            bencher.iter(|| {
                vm = (vm + 7_919) % vms;
                let address = u32::from(Ipv4Addr::new(10, 128, 0, 4)) + vm;
                black_box(compiled.lookup(roots, Ipv4Addr::from(address).into()))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, image);
criterion_main!(benches);
