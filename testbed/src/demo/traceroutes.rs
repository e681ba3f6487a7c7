//! The lab's traceroutes: what each must look like, and how to run several.

use super::{
    check::Check,
    hops::{self, Hop},
    story::{Stop, Story},
};

/// One traceroute of the lab.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traceroute {
    /// Node that probes.
    pub from: &'static str,
    /// Address probed.
    pub to: &'static str,
    /// What it shows.
    pub claim: &'static str,
    /// Who must answer, hop by hop.
    pub path: &'static [Answer],
}

/// What is expected of one hop.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// This address after about this many milliseconds.
    From(&'static str, f64),
    /// One of the two MSEEs, as the source VNet knows them, after about this many milliseconds.
    Msee([&'static str; 2], f64),
    /// Some address (routers of the customer that the lab text does not name).
    Anybody,
    /// `* * *`: a gateway.
    Silence,
}

/// The five traceroutes of the lab with FastPath on.
pub(super) const WITH_FASTPATH: [Traceroute; 5] = [
    Traceroute {
        from: "remote-vm",
        to: "10.255.10.4",
        claim: "remote to hub: FastPath, the MSEE is the only hop",
        path: &[Answer::From("10.253.0.4", 70.0), Answer::From("10.255.10.4", 140.0)],
    },
    Traceroute {
        from: "remote-vm",
        to: "10.254.10.4",
        claim: "remote to spoke: through ERGW1, the *",
        path: &[
            Answer::From("10.253.0.5", 70.0),
            Answer::Silence,
            Answer::From("10.254.10.4", 140.0),
        ],
    },
    Traceroute {
        from: "ce1",
        to: "10.253.10.4",
        claim: "on-prem to remote: through ERGW2, the *",
        path: &[
            Answer::From("172.16.1.2", 1.0),
            Answer::Silence,
            Answer::From("10.253.10.4", 71.0),
        ],
    },
    Traceroute {
        from: "ce1",
        to: "10.254.10.4",
        claim: "on-prem to spoke: through ERGW1, the *",
        path: &[
            Answer::From("172.16.1.2", 1.0),
            Answer::Silence,
            Answer::From("10.254.10.4", 71.0),
        ],
    },
    Traceroute {
        from: "ce1",
        to: "10.255.10.4",
        claim: "on-prem to hub: FastPath, no *",
        path: &[Answer::From("172.16.1.2", 1.0), Answer::From("10.255.10.4", 71.0)],
    },
];

/// The two ways to the hub once FastPath is off.
pub(super) const HUB_WITHOUT_FASTPATH: [Traceroute; 2] = [
    Traceroute {
        from: "remote-vm",
        to: "10.255.10.4",
        claim: "remote to hub: now through ERGW1, the *",
        path: &[
            Answer::From("10.253.0.4", 70.0),
            Answer::Silence,
            Answer::From("10.255.10.4", 140.0),
        ],
    },
    Traceroute {
        from: "ce1",
        to: "10.255.10.4",
        claim: "on-prem to hub: now through ERGW1, the *",
        path: &[
            Answer::From("172.16.1.2", 1.0),
            Answer::Silence,
            Answer::From("10.255.10.4", 71.0),
        ],
    },
];

/// From the hub outwards: its own gateway is never on the way.
pub(super) const OUTBOUND: [Traceroute; 2] = [
    Traceroute {
        from: "hub-vm",
        to: "10.10.10.4",
        claim: "hub to on-prem: straight to an MSEE",
        path: &[Answer::Msee(HUB_MSEES, 70.0), Answer::Anybody, Answer::From("10.10.10.4", 71.0)],
    },
    Traceroute {
        from: "hub-vm",
        to: "10.253.10.4",
        claim: "hub to remote: straight to an MSEE; the * is ERGW2",
        path: &[Answer::Msee(HUB_MSEES, 70.0), Answer::Silence, Answer::From("10.253.10.4", 140.0)],
    },
];

const HUB_MSEES: [&str; 2] = ["10.255.0.4", "10.255.0.5"];

impl Traceroute {
    /// The command; on-prem routers answer as Cisco does.
    fn words(&self) -> Vec<&'static str> {
        let mut words = vec!["traceroute", self.from, self.to];
        if self.from == "ce1" {
            words.extend(["--style", "ios"]);
        }
        words
    }

    fn expected(&self) -> String {
        let answers = self.path.iter().map(|answer| match answer {
            Answer::From(address, _) => (*address).to_owned(),
            Answer::Msee([primary, secondary], _) => format!("{primary} or {secondary}"),
            Answer::Anybody => "any".to_owned(),
            Answer::Silence => "*".to_owned(),
        });
        answers.collect::<Vec<_>>().join(", ")
    }

    /// Path and round-trip times against a printed traceroute.
    fn checks(&self, text: &str) -> Vec<Check> {
        let seen = hops::read(text);
        let passed = seen.len() == self.path.len()
            && self.path.iter().zip(&seen).all(|(answer, hop)| answer.matches(hop));
        let mut checks =
            vec![Check::new(self.claim, self.expected(), hops::summary(&seen), passed)];
        for (number, answer) in self.path.iter().enumerate() {
            if let Answer::From(_, nominal) | Answer::Msee(_, nominal) = answer {
                let hop = number + 1;
                let claim = format!("round trip from {} to hop {hop}", self.from);
                checks.push(Check::round_trip(claim, seen.get(number), *nominal));
            }
        }
        checks
    }
}

impl Answer {
    fn matches(self, hop: &Hop) -> bool {
        let address = hop.address.map(|address| address.to_string());
        match self {
            Self::From(expected, _) => !hop.unreachable && address.as_deref() == Some(expected),
            Self::Msee(either, _) => address.is_some_and(|it| either.contains(&it.as_str())),
            Self::Anybody => address.is_some(),
            Self::Silence => address.is_none(),
        }
    }
}

/// Runs and checks traceroutes, one after another: two runs in one node at the same time take each
/// other's answers.
pub(super) async fn run(story: &mut Story, traceroutes: &[Traceroute]) -> Result<(), Stop> {
    for traceroute in traceroutes {
        let output = story.command(&traceroute.words()).await?;
        for check in traceroute.checks(&output.stdout) {
            story.check(check)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
