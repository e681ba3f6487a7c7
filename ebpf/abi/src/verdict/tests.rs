use super::*;

#[test]
fn names_are_unique_and_found_again() {
    for (index, verdict) in ALL.iter().enumerate() {
        assert_eq!(usize::from(verdict.number()), index);
        assert_eq!(Verdict::from_number(verdict.number()), Some(*verdict));
        assert_eq!(Verdict::from_name(verdict.name()), Some(*verdict));
    }
}

#[test]
fn numbers_outside_the_enum_are_no_verdict() {
    assert_eq!(Verdict::from_number(u16::try_from(COUNT).unwrap()), None);
    assert_eq!(Stage::from_number(0), None);
}

#[test]
fn gateway_verdicts_carry_the_gateway_prefix() {
    for verdict in ALL {
        assert_eq!(
            verdict.stage().name().starts_with("gw_"),
            verdict.name().starts_with("gw_"),
            "{}",
            verdict.name()
        );
    }
}
