use super::*;

#[test]
fn instances_and_deliveries_are_shown() {
    let text = details(&json!({
        "name": "ERGW1",
        "properties": {
            "sku": { "name": "ErGw3AZ" },
            "instances": [
                { "address": "10.255.0.12", "state": "up" },
                { "address": "10.255.0.13", "state": "failed" },
            ],
        },
        "counters": { "endpoints": { "hub-vm": 12_345 } },
    }));
    assert_eq!(
        text,
        "name: ERGW1\n\
         sku: ErGw3AZ\n\
         instances: 10.255.0.12 up, 10.255.0.13 failed\n\
         delivered to hub-vm: 12,345 packets\n"
    );
}
