//! Printing: tables for people, JSON for programs, and no panic when the reader has gone.

use std::io::{self, Write};

use clap::ValueEnum;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use serde::Serialize;

use super::Failure;

/// Widest table when the output is not a terminal.
const WIDTH: u16 = 100;

/// Terminals below this are not laid out for: wrapping would leave single letters.
const NARROWEST: u16 = 40;

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for people.
    #[default]
    Table,
    /// JSON for programs.
    Json,
}

/// Where and how a command prints its results. Progress and errors go to stderr instead.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    format: Format,
}

impl Printer {
    /// Prints to stdout in `format`.
    pub fn new(format: Format) -> Self {
        Self { format }
    }

    /// Whether results are JSON.
    pub fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Prints `value` as JSON, or the text made from it.
    pub fn show<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Json => write_out(&serde_json::to_string_pretty(value)?),
            Format::Table => write_out(&text(value)),
        }
    }
}

/// Writes `text` and a line's end to stdout.
pub fn write_out(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.trim_end_matches('\n').as_bytes())?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

/// A table with a header and columns two spaces apart, without borders: it survives `grep`, `awk`
/// and a paste into a ticket. In a table wider than the terminal text wraps, and names do not: half of
/// a name is none.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    // A terminal that does not know its width says 0 (some CI systems).
    if table.width().is_none_or(|columns| columns < NARROWEST) {
        table.set_width(WIDTH);
    }
    table.set_header(header.to_vec());
    let mut has_text = vec![false; header.len()];
    for row in rows {
        for (has_text, cell) in has_text.iter_mut().zip(&row) {
            *has_text |= cell.contains(' ');
        }
        table.add_row(row);
    }
    for (column, has_text) in table.column_iter_mut().zip(has_text) {
        column.set_padding((0, 2));
        if !has_text {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Right-aligned number with thousands separated: `12,345`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
