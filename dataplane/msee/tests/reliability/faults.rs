//! Faults at the steps by which the fast path changes what the kernel holds.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use msee::fastpath::steps::{Step, Steps};
use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::{Pid, pause},
};

/// A fault that strikes once, at a step chosen by its number from 1 on.
#[derive(Clone, Default)]
pub struct Fault {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The step to refuse, by its number among those seen, and with what.
    strike: Option<(usize, Errno)>,
    has_struck: bool,
    /// The steps up to the refused one: what is undone after that is not counted.
    seen: Vec<Step>,
}

impl Fault {
    /// The steps to hand to a loader.
    pub fn steps(&self) -> Steps {
        let fault = self.clone();
        Steps::new(move |step| {
            let mut state = fault.state();
            if state.has_struck {
                return Ok(());
            }
            state.seen.push(step);
            match state.strike {
                Some((number, error)) if number == state.seen.len() => {
                    state.has_struck = true;
                    Err(error.into())
                }
                _ => Ok(()),
            }
        })
    }

    /// Refuses the step that is the `number`th from now, with `error`.
    pub fn arm(&self, number: usize, error: Errno) {
        *self.state() = State { strike: Some((number, error)), ..State::default() };
    }

    /// Refuses nothing any more; the steps taken since it was armed, and whether the last of them is
    /// one that was refused.
    pub fn disarm(&self) -> (Vec<Step>, bool) {
        let state = std::mem::take(&mut *self.state());
        (state.seen, state.has_struck)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Steps that kill this process at the `number`th.
pub fn kill_at(number: u32) -> Steps {
    let taken = AtomicU32::new(0);
    Steps::new(move |_| {
        if taken.fetch_add(1, Ordering::Relaxed) + 1 == number {
            kill(Pid::this(), Signal::SIGKILL).unwrap();
            pause();
        }
        Ok(())
    })
}
