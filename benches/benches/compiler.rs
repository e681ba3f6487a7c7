//! From resources to desired states: the lab's resources with more and more VMs in the hub.

use std::{hint::black_box, sync::Arc};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ercontrol::{compile::compile, resource::Resource, resources::Resources};
use serde_json::{Value, json};

fn resources(vms: u32) -> Result<Resources, Box<dyn std::error::Error>> {
    let steps = include_str!("../../control/ercontrol/tests/data/lab.json");
    let steps: Vec<Value> = serde_json::from_str(steps)?;
    let mut resources = Resources::default();
    for step in steps.iter().filter(|step| step["method"] == "PUT") {
        let path = step["path"].as_str().unwrap_or_default();
        insert(&mut resources, path, &step["body"])?;
    }
    let group = "/subscriptions/lab-gateways/resourceGroups/FP/providers/Microsoft.Network";
    for vm in 0..vms {
        let subnet = format!("{group}/virtualNetworks/hub/subnets/default");
        let address = format!("10.255.{}.{}", 16 + vm / 250, 4 + vm % 250);
        let mac = format!("02:00:00:00:{:02x}:{:02x}", vm / 256, vm % 256);
        let body = json!({ "location": "hub-region", "properties": {
            "macAddress": mac,
            "ipConfigurations": [{ "name": "primary", "properties": {
                "privateIPAddress": address, "subnet": { "id": subnet } } }],
        }});
        insert(&mut resources, &format!("{group}/networkInterfaces/vm-{vm}"), &body)?;
    }
    Ok(resources)
}

fn insert(
    resources: &mut Resources,
    path: &str,
    body: &Value,
) -> Result<(), Box<dyn std::error::Error>> {
    let body = body.as_object().cloned().unwrap_or_default();
    resources.insert(Arc::new(Resource::from_put(path.parse()?, body, None)?));
    Ok(())
}

fn compiler(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compiler");
    group.sample_size(20);
    for vms in [0, 100, 1_000, 10_000] {
        match resources(vms) {
            Ok(resources) => {
                group.bench_with_input(
                    BenchmarkId::new("compile", vms),
                    &resources,
                    |bencher, resources| bencher.iter(|| compile(black_box(resources))),
                );
            }
            Err(error) => eprintln!("the lab's resources with {vms} VMs: {error}"),
        }
    }
    group.finish();
}

criterion_group!(benches, compiler);
criterion_main!(benches);
