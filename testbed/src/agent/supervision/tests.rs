use proptest::prelude::*;

use super::*;

const DATAPLANE: u8 = 0;
const CONTROL: u8 = 1;

/// Starts everything that is due and reports success.
fn start_due(supervisor: &mut Supervisor, now: Instant) -> Vec<Action> {
    let actions = supervisor.due(now);
    for action in &actions {
        if let Action::Start(index) = action {
            supervisor.started(*index, now);
        }
    }
    actions
}

#[test]
fn everything_starts_at_once_and_each_action_is_handed_out_once() {
    let now = Instant::now();
    let mut supervisor = Supervisor::new([CONTROL, DATAPLANE], now);
    assert_eq!(start_due(&mut supervisor, now), [Action::Start(0), Action::Start(1)]);
    assert!(supervisor.due(now).is_empty());
    assert!(supervisor.all_running());
    assert_eq!(supervisor.deadline(), None);
    assert_eq!(supervisor.state(0), Some((State::Running { since: now }, 0)));
}

#[test]
fn a_daemon_that_did_its_work_is_restarted_at_once() {
    let start = Instant::now();
    let mut supervisor = Supervisor::new([DATAPLANE], start);
    start_due(&mut supervisor, start);
    let death = start + Duration::from_mins(1);
    supervisor.exited(0, death);
    assert_eq!(start_due(&mut supervisor, death), [Action::Start(0)]);
    assert_eq!(supervisor.state(0), Some((State::Running { since: death }, 1)));
}

#[test]
fn quick_deaths_are_answered_with_growing_pauses_until_one_life_is_long() {
    let mut now = Instant::now();
    let mut supervisor = Supervisor::new([DATAPLANE], now);
    let mut pauses = Vec::new();
    for _ in 0..9 {
        start_due(&mut supervisor, now);
        supervisor.exited(0, now);
        let next = supervisor.deadline().unwrap();
        pauses.push((next - now).as_millis());
        now = next;
    }
    assert_eq!(pauses, [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    start_due(&mut supervisor, now);
    now += Duration::from_secs(2);
    supervisor.exited(0, now);
    assert_eq!(supervisor.deadline(), Some(now));
}

#[test]
fn a_failed_start_counts_as_a_quick_death() {
    let now = Instant::now();
    let mut supervisor = Supervisor::new([DATAPLANE], now);
    for _ in 0..2 {
        assert_eq!(supervisor.due(now), [Action::Start(0)]);
        supervisor.start_failed(0, now);
    }
    assert_eq!(supervisor.deadline(), Some(now + FIRST_PAUSE));
}

#[test]
fn dataplanes_end_before_ercontrol() {
    let now = Instant::now();
    let mut supervisor = Supervisor::new([CONTROL, DATAPLANE, DATAPLANE], now);
    start_due(&mut supervisor, now);
    supervisor.stop();
    assert_eq!(supervisor.due(now), [Action::Terminate(1), Action::Terminate(2)]);
    supervisor.exited(1, now);
    assert!(supervisor.due(now).is_empty());
    let late = now + PATIENCE;
    assert_eq!(supervisor.due(late), [Action::Kill(2)]);
    supervisor.exited(2, late);
    assert_eq!(supervisor.due(late), [Action::Terminate(0)]);
    assert!(!supervisor.finished());
    supervisor.exited(0, late);
    assert!(supervisor.finished());
}

#[test]
fn an_adopted_daemon_is_not_started_and_keeps_its_count() {
    let now = Instant::now();
    let mut supervisor = Supervisor::new([DATAPLANE, DATAPLANE], now);
    supervisor.adopted(0, 3, now);
    assert_eq!(supervisor.due(now), [Action::Start(1)]);
    assert_eq!(supervisor.state(0), Some((State::Running { since: now }, 3)));
}

/// What may happen to a lab between two looks at the state machine.
#[derive(Clone, Copy, Debug)]
enum Event {
    Exit(usize),
    Pass(u64),
    Stop,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..3_usize).prop_map(Event::Exit),
        4 => (0..4_000_u64).prop_map(Event::Pass),
        1 => Just(Event::Stop),
    ]
}

/// A model of the processes behind the state machine: which are alive.
#[derive(Default)]
struct Processes {
    alive: [bool; 3],
}

impl Processes {
    /// Does what is due, some starts failing, and checks that each action makes sense.
    fn perform(&mut self, supervisor: &mut Supervisor, now: Instant, stopping: bool, fail: bool) {
        for action in supervisor.due(now) {
            match action {
                Action::Start(index) => {
                    assert!(!stopping, "started during a stop");
                    assert!(!self.alive[index], "started twice");
                    self.alive[index] = !fail;
                    if fail {
                        supervisor.start_failed(index, now);
                    } else {
                        supervisor.started(index, now);
                    }
                }
                // SIGTERM is ignored by all of them: only an exit by itself or SIGKILL helps.
                Action::Terminate(index) => assert!(stopping && self.alive[index]),
                Action::Kill(index) => {
                    assert!(stopping && self.alive[index]);
                    self.alive[index] = false;
                    supervisor.exited(index, now);
                }
            }
        }
    }
}

proptest! {
    /// Never two of one daemon, never a start during a stop; a stop always comes to its end, and
    /// without one every daemon is alive or has a time at which it will be started.
    #[test]
    fn any_history_ends_well(events in prop::collection::vec((event(), any::<bool>()), 0..80)) {
        let mut now = Instant::now();
        let mut supervisor = Supervisor::new([CONTROL, DATAPLANE, DATAPLANE], now);
        let mut processes = Processes::default();
        let mut stopping = false;
        for (event, fail) in events {
            match event {
                Event::Exit(index) if processes.alive[index] => {
                    processes.alive[index] = false;
                    supervisor.exited(index, now);
                }
                Event::Exit(_) => {}
                Event::Pass(milliseconds) => now += Duration::from_millis(milliseconds),
                Event::Stop => {
                    stopping = true;
                    supervisor.stop();
                }
            }
            processes.perform(&mut supervisor, now, stopping, fail);
            if !stopping && !supervisor.all_running() {
                prop_assert!(supervisor.deadline().is_some_and(|due| due <= now + LONGEST_PAUSE));
            }
        }
        supervisor.stop();
        // Two ranks, each with one deadline.
        for _ in 0..4 {
            processes.perform(&mut supervisor, now, true, false);
            now += PATIENCE;
        }
        prop_assert!(supervisor.finished());
        prop_assert_eq!(processes.alive, [false; 3]);
    }
}
