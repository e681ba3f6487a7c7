//! The tool's output on the terminal, while it comes.
//!
//! The tool writes its header and the number of the first hop before it knows whether it can send at
//! all. Nothing is shown before the first probe has an end: an error then stands alone, not behind
//! half a line.

use std::io::Write;

/// What was shown, and what is held back.
#[derive(Debug, Default)]
pub(super) struct Live {
    held: String,
    begun: bool,
    within_line: bool,
}

impl Live {
    /// Shows a piece of the output, if it is time. A reader that has gone is noticed at the end of
    /// the run.
    pub(super) fn show(&mut self, piece: &str) {
        write(&self.due(piece));
    }

    /// Shows what is left of a run with a result, and ends the last line.
    pub(super) fn end(self, has_result: bool) {
        write(&self.rest(has_result));
    }

    /// What is to be shown now that `piece` came.
    fn due(&mut self, piece: &str) -> String {
        self.held += piece;
        self.begun = self.begun || has_probe(&self.held);
        if !self.begun || self.held.is_empty() {
            return String::new();
        }
        self.within_line = !self.held.ends_with('\n');
        std::mem::take(&mut self.held)
    }

    fn rest(self, has_result: bool) -> String {
        let Self { mut held, begun, within_line } = self;
        if !has_result {
            held.clear();
        }
        let open = if held.is_empty() { begun && within_line } else { !held.ends_with('\n') };
        if open {
            held.push('\n');
        }
        held
    }
}

/// Whether the line after the header holds more than the hop's number.
fn has_probe(output: &str) -> bool {
    output.lines().nth(1).is_some_and(|hop| hop.split_whitespace().nth(1).is_some())
}

fn write(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests;
