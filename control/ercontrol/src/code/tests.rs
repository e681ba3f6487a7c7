use super::*;

#[test]
fn every_code_is_documented_with_its_status_and_meaning() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md");
    let page = std::fs::read_to_string(path).unwrap();
    for code in Code::ALL {
        let row = format!("| `{code}` | {} | {} |", code.status(), code.meaning());
        assert!(page.contains(&row), "docs/api.md lacks this row:\n{row}");
    }
}
