//! What a frame comes to.

use abi::verdict::Verdict;

use crate::tunnel;

/// Every end that is right for one frame. There are several only where a flow hash picks among the
/// instances of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    ends: Vec<End>,
}

/// One end of a frame's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Its name.
    pub verdict: Verdict,
    /// What becomes of the frame.
    pub outcome: Outcome,
}

/// What becomes of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing more is seen of it.
    Dropped,
    /// It goes to userspace exactly as it came.
    Punted,
    /// It came in a tunnel, and this, which was in it, goes to userspace.
    Unwrapped(Vec<u8>),
    /// A frame leaves.
    Sent(Sending),
    /// A frame leaves in a tunnel. Its outer UDP source port is for the sender to choose, from 49,152 on
    /// (RFC 7348 5): in a judgement it is 0, and any of those is right.
    Tunnelled(Sending),
}

/// A frame that leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Name of the port it leaves by.
    pub port: String,
    /// Index of that port's interface.
    pub ifindex: u32,
    /// The whole frame.
    pub bytes: Vec<u8>,
}

impl Judgement {
    /// The ends that are right, at least one, in the order of a gateway's instances.
    pub fn ends(&self) -> &[End] {
        &self.ends
    }

    /// Whether what was seen is right.
    pub fn allows(&self, seen: &End) -> bool {
        match seen {
            End { verdict, outcome: Outcome::Tunnelled(sending) } => {
                tunnel::without_source_port(sending).is_some_and(|sending| {
                    let outcome = Outcome::Tunnelled(sending);
                    self.ends.contains(&End { verdict: *verdict, outcome })
                })
            }
            _ => self.ends.contains(seen),
        }
    }

    /// The verdict, when every end has the same.
    pub fn verdict(&self) -> Option<Verdict> {
        let first = self.ends.first()?.verdict;
        self.ends.iter().all(|end| end.verdict == first).then_some(first)
    }

    /// A judgement of these ends, each named once.
    pub(crate) fn any_of(all: impl Iterator<Item = End>) -> Self {
        let mut ends = Vec::new();
        for end in all {
            if !ends.contains(&end) {
                ends.push(end);
            }
        }
        Self { ends }
    }

    /// The same for a frame that came in a tunnel.
    pub(crate) fn of_tunnelled(mut self, frame: &[u8]) -> Self {
        for end in self.ends.iter_mut().filter(|end| end.outcome == Outcome::Punted) {
            end.outcome = Outcome::Unwrapped(frame.to_vec());
        }
        self
    }
}

impl From<End> for Judgement {
    fn from(end: End) -> Self {
        Self { ends: vec![end] }
    }
}

impl End {
    pub(crate) const fn dropped(verdict: Verdict) -> Self {
        Self { verdict, outcome: Outcome::Dropped }
    }

    pub(crate) const fn punted(verdict: Verdict) -> Self {
        Self { verdict, outcome: Outcome::Punted }
    }
}
