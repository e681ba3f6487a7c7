use super::*;

#[test]
fn values_are_read_from_their_line() {
    let text = "name: auth1\nauthorizationKey: 1b9d\nauthorizationUseStatus: Available\n";
    assert_eq!(value_of(text, "authorizationKey"), Some("1b9d"));
    assert_eq!(value_of(text, "key"), None);
}
