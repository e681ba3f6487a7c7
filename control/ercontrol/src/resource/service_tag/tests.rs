use serde_json::{Value, json};

use super::*;

#[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
fn order(body: Value) -> Result<TagOrder, InvalidField> {
    TagOrder::read(&Fields::root(body.as_object().unwrap()))
}

fn tag(vlan: u16, ethertype: ServiceEthertype) -> TagOrder {
    TagOrder::Set(Some(ServiceTag { vlan, ethertype }))
}

#[test]
fn an_order_gives_keeps_or_takes_the_tag() {
    for (body, expected) in [
        (json!({}), TagOrder::Keep),
        (json!({ "stag": null }), TagOrder::Keep),
        (json!({ "stag": 0 }), TagOrder::Set(None)),
        (json!({ "stag": 20 }), tag(20, ServiceEthertype::Dot1q)),
        (
            json!({ "stag": 4094, "serviceEthertype": "0x88A8" }),
            tag(4094, ServiceEthertype::Dot1ad),
        ),
    ] {
        assert_eq!(order(body.clone()), Ok(expected), "{body}");
    }
    let mut held = Held::default();
    tag(20, ServiceEthertype::Dot1q).apply(&mut held);
    TagOrder::Keep.apply(&mut held);
    assert_eq!(held.service_tag.map(|tag| tag.vlan), Some(20));
    TagOrder::Set(None).apply(&mut held);
    assert_eq!(held, Held::default());
}

#[test]
fn an_order_that_makes_no_sense_is_refused_with_the_cure() {
    for (body, expected) in [
        (
            json!({ "stag": 4095 }),
            "stag is not a whole number from 0 to 4094: write a whole number from 0 to 4094",
        ),
        (
            json!({ "stag": 20, "serviceEthertype": "0x9100" }),
            "serviceEthertype is not 0x8100 or 0x88a8: write 0x8100 or 0x88a8",
        ),
        (
            json!({ "serviceEthertype": "0x88a8" }),
            "serviceEthertype is the type of a tag that is not there: give stag too, from 1 to \
             4094, or leave both out",
        ),
    ] {
        assert_eq!(order(body).unwrap_err().to_string(), expected);
    }
}
