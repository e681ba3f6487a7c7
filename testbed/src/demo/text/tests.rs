use super::*;

#[test]
fn running_text_stays_within_a_hundred_columns() {
    let text = wrap(&"word ".repeat(60), "  ");
    assert!(text.lines().all(|line| line.len() <= 100 && line.starts_with("  word")), "{text}");
    assert_eq!(text.split_whitespace().count(), 60);
}

#[test]
fn output_keeps_its_own_indent() {
    assert_eq!(indented("a\n  b\n\nc\n\n", "  "), "  a\n    b\n\n  c\n");
}

#[test]
fn a_long_command_goes_on_in_the_next_line() {
    let long = format!("$ erlab x --first {} --second {} --third", "a".repeat(40), "b".repeat(40));
    let text = continued(&long);
    assert!(text.lines().all(|line| line.len() <= 92), "{text}");
    assert_eq!(text.replace(" \\\n     ", ""), long);
    assert_eq!(continued("$ erlab x --first a &"), "$ erlab x --first a &");
}

#[test]
fn no_colour_without_a_terminal() {
    assert_eq!(Style::plain().good("✔"), "✔");
}
