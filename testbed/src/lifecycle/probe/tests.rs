use super::*;

#[test]
fn releases_compare_by_major_and_minor() {
    assert_eq!(version("6.1.0-18-amd64"), Some((6, 1)));
    assert_eq!(version("5.18-rc1"), Some((5, 18)));
    assert_eq!(version("unknown"), None);
    assert!(version("5.9.16").unwrap() < MINIMUM_KERNEL);
    assert!(version("6.6").unwrap() >= MINIMUM_KERNEL);
}
