//! How the story looks: width, colour, marks.

use std::io::{IsTerminal, stdout};

/// Columns of running text: readable on a 100-column terminal with its two-space indent.
pub(super) const WIDTH: usize = 92;

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    colour: bool,
}

impl Style {
    /// Colours on a terminal, unless `NO_COLOR` (<https://no-color.org>) is set.
    pub(super) fn of_stdout() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colour: stdout().is_terminal() && !refused }
    }

    /// No colours.
    #[cfg(test)]
    pub(super) fn plain() -> Self {
        Self { colour: false }
    }

    /// A heading or a command.
    pub(super) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// A verdict that holds.
    pub(super) fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// A verdict that does not.
    pub(super) fn bad(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Breaks running text into lines, each with `indent` before it.
pub(super) fn wrap(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            push_line(&mut lines, indent, &line);
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        push_line(&mut lines, indent, &line);
    }
    lines
}

/// A command line, broken before options as one does in a shell.
pub(super) fn continued(command: &str) -> String {
    let mut text = String::new();
    let mut width = 0;
    for (index, part) in command.split(" --").enumerate() {
        let option = if index == 0 { part.to_owned() } else { format!(" --{part}") };
        if width > 0 && width + option.chars().count() + " \\".len() > WIDTH {
            text.push_str(" \\\n     ");
            width = "     ".len();
        }
        width += option.chars().count();
        text.push_str(&option);
    }
    text
}

/// `text` with `indent` before each line.
pub(super) fn indented(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    for line in text.trim_end().lines() {
        push_line(&mut lines, indent, line.trim_end());
    }
    lines
}

fn push_line(lines: &mut String, indent: &str, line: &str) {
    if !line.is_empty() {
        lines.push_str(indent);
        lines.push_str(line);
    }
    lines.push('\n');
}

#[cfg(test)]
mod tests;
