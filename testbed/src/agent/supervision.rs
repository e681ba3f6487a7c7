//! When to start, restart and end each daemon: a state machine without clock, process or log.
//!
//! A daemon that dies is started again at once. One that keeps dying right after its start is
//! started at growing pauses, never given up. When the lab stops, the dataplanes end first and
//! `ercontrol` last: a dataplane that outlives it loses nothing, while the reverse would log
//! reconnects on every clean stop.

use std::time::{Duration, Instant};

/// A daemon that lived less than this died of its start, not of its work.
const QUICK_DEATH: Duration = Duration::from_secs(1);

/// Pause after the second quick death in a row, doubled with each further one. The first quick
/// death is free: it costs no more than any other restart.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Longest pause: a cure (a port freed, a file mended) shows within it.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long a daemon may take to end after SIGTERM. `msee` detaches XDP from each of its ports,
/// which waits for a grace period a port.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which daemon: its place in the list given to [`Supervisor::new`].
pub(super) type DaemonIndex = usize;

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Start it, then report [`Supervisor::started`] or [`Supervisor::start_failed`].
    Start(DaemonIndex),
    /// Send it SIGTERM.
    Terminate(DaemonIndex),
    /// Send it SIGKILL.
    Kill(DaemonIndex),
}

/// State of one daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// To be started when the time has come.
    Waiting {
        /// When.
        until: Instant,
    },
    /// The start was ordered and not yet reported.
    Starting,
    /// Alive.
    Running {
        /// Since when.
        since: Instant,
    },
    /// SIGTERM was sent; SIGKILL follows at the deadline.
    Terminating {
        /// When.
        deadline: Instant,
    },
    /// SIGKILL was sent.
    Killing,
    /// Ended, and not to be started again.
    Ended,
}

impl State {
    /// The state's name in the agent's answers.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } | Self::Starting => "restarting",
            Self::Running { .. } => "running",
            Self::Terminating { .. } | Self::Killing => "stopping",
            Self::Ended => "stopped",
        }
    }
}

/// Counts of one daemon.
#[derive(Clone, Copy, Debug)]
struct Daemon {
    stop_rank: u8,
    state: State,
    restarts: u32,
    quick_deaths: u32,
}

/// All daemons of a lab.
#[derive(Debug)]
pub(super) struct Supervisor {
    daemons: Vec<Daemon>,
    stopping: bool,
}

impl Supervisor {
    /// One daemon for each entry, all to be started at `now`. An entry is the daemon's rank in the
    /// stop: lower ranks end first.
    pub(super) fn new(stop_ranks: impl IntoIterator<Item = u8>, now: Instant) -> Self {
        let state = State::Waiting { until: now };
        let daemon = |stop_rank| Daemon { stop_rank, state, restarts: 0, quick_deaths: 0 };
        Self { daemons: stop_ranks.into_iter().map(daemon).collect(), stopping: false }
    }

    /// A daemon that runs already, after `restarts` restarts.
    pub(super) fn adopted(&mut self, index: DaemonIndex, restarts: u32, now: Instant) {
        if let Some(daemon) = self.daemons.get_mut(index) {
            daemon.state = State::Running { since: now };
            daemon.restarts = restarts;
        }
    }

    /// A start that was ordered has succeeded.
    pub(super) fn started(&mut self, index: DaemonIndex, now: Instant) {
        if let Some(daemon) = self.daemons.get_mut(index)
            && daemon.state == State::Starting
        {
            daemon.state = State::Running { since: now };
        }
    }

    /// A start that was ordered has failed.
    pub(super) fn start_failed(&mut self, index: DaemonIndex, now: Instant) {
        let stopping = self.stopping;
        if let Some(daemon) = self.daemons.get_mut(index)
            && daemon.state == State::Starting
        {
            daemon.state = if stopping { State::Ended } else { daemon.wait_after_quick_death(now) };
        }
    }

    /// A daemon has ended, whoever wanted it.
    pub(super) fn exited(&mut self, index: DaemonIndex, now: Instant) {
        let stopping = self.stopping;
        let Some(daemon) = self.daemons.get_mut(index) else { return };
        if stopping {
            daemon.state = State::Ended;
        } else if let State::Running { since } = daemon.state {
            daemon.restarts = daemon.restarts.saturating_add(1);
            daemon.state = if now.saturating_duration_since(since) < QUICK_DEATH {
                daemon.wait_after_quick_death(now)
            } else {
                daemon.quick_deaths = 0;
                State::Waiting { until: now }
            };
        }
    }

    /// From now on nothing is started and everything is ended, rank by rank.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        for daemon in &mut self.daemons {
            if let State::Waiting { .. } = daemon.state {
                daemon.state = State::Ended;
            }
        }
    }

    /// What is due at `now`. Each action is handed out once.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Action> {
        let rank = self.ending_rank();
        let mut actions = Vec::new();
        for (index, daemon) in self.daemons.iter_mut().enumerate() {
            match daemon.state {
                State::Waiting { until } if until <= now => {
                    daemon.state = State::Starting;
                    actions.push(Action::Start(index));
                }
                State::Running { .. } if rank == Some(daemon.stop_rank) => {
                    daemon.state = State::Terminating { deadline: now + PATIENCE };
                    actions.push(Action::Terminate(index));
                }
                State::Terminating { deadline } if deadline <= now => {
                    daemon.state = State::Killing;
                    actions.push(Action::Kill(index));
                }
                _ => {}
            }
        }
        actions
    }

    /// When [`Supervisor::due`] next has something that no event announces.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let times = self.daemons.iter().filter_map(|daemon| match daemon.state {
            State::Waiting { until } => Some(until),
            State::Terminating { deadline } => Some(deadline),
            _ => None,
        });
        times.min()
    }

    /// Whether a stop was asked for and everything has ended.
    pub(super) fn finished(&self) -> bool {
        self.stopping && self.ending_rank().is_none()
    }

    /// A daemon's state and how often it was restarted.
    pub(super) fn state(&self, index: DaemonIndex) -> Option<(State, u32)> {
        self.daemons.get(index).map(|daemon| (daemon.state, daemon.restarts))
    }

    /// Whether every daemon is alive.
    pub(super) fn all_running(&self) -> bool {
        self.daemons.iter().all(|daemon| matches!(daemon.state, State::Running { .. }))
    }

    /// The rank that is being ended; `None` when nothing stops or all has ended.
    fn ending_rank(&self) -> Option<u8> {
        let alive = self.daemons.iter().filter(|daemon| daemon.state != State::Ended);
        if self.stopping { alive.map(|daemon| daemon.stop_rank).min() } else { None }
    }
}

impl Daemon {
    fn wait_after_quick_death(&mut self, now: Instant) -> State {
        let doublings = self.quick_deaths.checked_sub(1);
        self.quick_deaths = self.quick_deaths.saturating_add(1);
        let pause = doublings.map_or(Duration::ZERO, |doublings| {
            FIRST_PAUSE.saturating_mul(1 << doublings.min(16)).min(LONGEST_PAUSE)
        });
        State::Waiting { until: now + pause }
    }
}

#[cfg(test)]
mod tests;
