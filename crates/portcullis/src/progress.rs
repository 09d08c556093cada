//! How far a command is that takes its time, on standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Shows how far each of several steps is: on a terminal as a bar that moves, elsewhere as a line for
/// each step that is done.
pub(crate) struct Progress {
    is_terminal: bool,
    last_drawn: Mutex<Option<Instant>>,
}

impl Progress {
    /// How long a bar stands still, so that drawing it costs nothing.
    const STANDSTILL: Duration = Duration::from_millis(100);

    pub(crate) fn on_stderr() -> Self {
        Self { is_terminal: io::stderr().is_terminal(), last_drawn: Mutex::new(None) }
    }

    /// Says that `step` is done with so many of so many, if it is known how many there are.
    pub(crate) fn show(&self, step: &str, done: u64, total: Option<u64>) {
        if self.is_terminal {
            self.draw(step, done, total);
        } else if Some(done) == total && done > 0 {
            write(&format!("{step}: {done} of {done}\n"));
        }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        if self.is_terminal {
            write("\r\x1b[2K");
        }
    }

    fn draw(&self, step: &str, done: u64, total: Option<u64>) {
        let mut last_drawn = self.last_drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if last_drawn.is_none_or(|drawn| drawn.elapsed() >= Self::STANDSTILL) {
            *last_drawn = Some(Instant::now());
            write(&format!("\r\x1b[2K{}", bar(step, done, total)));
        }
    }
}

/// One line of at most 80 columns, as long as there are fewer than a hundred million. Without a total there is
/// nothing to fill.
fn bar(step: &str, done: u64, total: Option<u64>) -> String {
    const WIDTH: usize = 28;
    let Some(total) = total else {
        return format!("{step:<27} {done}");
    };
    let share = u128::from(done.min(total)) * WIDTH as u128 / u128::from(total.max(1));
    let filled = usize::try_from(share).unwrap_or(WIDTH);
    format!("{step:<27} [{:<WIDTH$}] {done}/{total}", "#".repeat(filled))
}

/// There is nobody to tell when standard error is gone.
fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_from_nothing_to_all() {
        let filled = |done, total| bar("copying users", done, Some(total)).matches('#').count();
        assert_eq!(
            [filled(0, 0), filled(0, 7), filled(7, 14), filled(14, 14), filled(15, 14)],
            [0, 0, 14, 28, 28]
        );
        assert_eq!(filled(u64::MAX, u64::MAX), 28);
    }

    #[test]
    fn without_a_total_there_is_none() {
        assert_eq!(bar("importing (octets)", 123_456, None), "importing (octets)          123456");
    }

    #[test]
    fn a_bar_fits_a_terminal() {
        let widest = bar("verifying password attempts", 99_999_999, Some(99_999_999));
        assert!(widest.len() <= 80, "{widest:?}");
    }
}
