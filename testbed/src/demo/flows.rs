//! Traffic, and what became of it.

use super::{
    shell::Output,
    story::{Background, Stop, Story},
};
use crate::commands::thousands;

/// One flow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    /// Sending node.
    pub from: &'static str,
    /// Receiving node.
    pub to: &'static str,
}

/// What became of a flow's packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fate {
    /// Packets sent.
    pub sent: u64,
    /// Different packets received.
    pub received: u64,
    /// Sent and never received.
    pub lost: u64,
    /// Received more than once.
    pub duplicated: u64,
    /// Received after a later one.
    pub reordered: u64,
}

impl Flow {
    /// `remote-vm>hub-vm`, as `erlab traffic` calls it.
    pub(super) fn name(self) -> String {
        format!("{}>{}", self.from, self.to)
    }

    /// Runs it and shows what became of it.
    pub(super) async fn run(self, story: &mut Story, pps: &str, time: &str) -> Result<Fate, Stop> {
        Ok(Fate::read(self, &story.command(&self.words(pps, time)).await?))
    }

    /// Starts it in the background.
    pub(super) fn start(
        self,
        story: &mut Story,
        pps: &str,
        time: &str,
    ) -> Result<Background, Stop> {
        story.start(&self.words(pps, time))
    }

    fn words<'a>(self, pps: &'a str, time: &'a str) -> [&'a str; 7] {
        ["traffic", self.from, self.to, "--pps", pps, "--for", time]
    }
}

impl Fate {
    /// Reads the flow's line of what `erlab traffic` printed; its columns begin with flow, sent,
    /// received, lost, duplicated, reordered. A command that failed gives zeros, which no check takes
    /// for success.
    pub(super) fn read(flow: Flow, output: &Output) -> Self {
        Self::of_line(&flow.name(), &output.stdout).unwrap_or_default()
    }

    fn of_line(flow: &str, text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(flow))?;
        let mut counts = line.split_whitespace().map(str::parse);
        let mut next = || counts.next()?.ok();
        Some(Self {
            sent: next()?,
            received: next()?,
            lost: next()?,
            duplicated: next()?,
            reordered: next()?,
        })
    }

    /// `1,000 sent, 1,000 received, 0 lost, 0 duplicated`, as verdicts show it.
    pub(super) fn sentence(&self) -> String {
        let Self { sent, received, lost, duplicated, reordered: _ } = self;
        format!(
            "{} sent, {} received, {lost} lost, {duplicated} duplicated",
            thousands(*sent),
            thousands(*received)
        )
    }

    /// Whether packets were sent and each arrived exactly once.
    pub(super) fn is_whole(&self) -> bool {
        self.sent > 0 && self.received == self.sent && self.lost == 0 && self.duplicated == 0
    }
}

#[cfg(test)]
mod tests;
