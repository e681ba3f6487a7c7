use super::*;

#[test]
fn tables_are_plain_columns() {
    let text = table(
        &["NAME", "STATUS"],
        [vec!["conn1".into(), "Connected".into()], vec!["a".into(), "b".into()]],
    );
    assert_eq!(text, "NAME   STATUS\nconn1  Connected\na      b\n");
}

#[test]
fn a_long_sentence_wraps_at_a_hundred_columns() {
    let text = table(&["NAME", "TEXT"], [vec!["drop".into(), "word ".repeat(40)]]);
    assert!(text.lines().all(|line| line.len() <= 100), "{text}");
    assert!(text.lines().count() > 2, "{text}");
}

#[test]
fn an_empty_table_is_its_header() {
    assert_eq!(table(&["NAME", "STATUS"], []), "NAME  STATUS\n");
}

#[test]
fn numbers_are_grouped() {
    assert_eq!(thousands(0), "0");
    assert_eq!(thousands(999), "999");
    assert_eq!(thousands(1_000), "1,000");
    assert_eq!(thousands(12_345_678), "12,345,678");
}

#[test]
fn text_wraps_and_names_do_not() {
    let (name, text) = ("two-customers-fabrikam-gateway".repeat(3), "some words ".repeat(8));
    let rows = [vec![name.clone(), text.clone(), name.clone()]];
    let table = table(&["NAME", "MEANING", "NAMESPACE"], rows);
    assert!(table.matches(&name).count() == 2, "{table}");
    assert!(table.lines().count() > 2, "{table}");
}
