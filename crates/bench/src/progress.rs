//! How far something is that takes its time, on standard error.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

/// Says at every tenth of the way how far something is.
pub(crate) struct Progress {
    activity: String,
    total: u32,
    done: u32,
    begun: Instant,
}

impl Progress {
    pub(crate) fn begin(activity: impl Into<String>, total: u32) -> Self {
        Self { activity: activity.into(), total, done: 0, begun: Instant::now() }
    }

    /// So many more are done.
    pub(crate) fn advance(&mut self, more: u32) {
        let tenths = |done: u32| u64::from(done) * 10 / u64::from(self.total.max(1));
        let before = tenths(self.done);
        self.done += more;
        if tenths(self.done) > before {
            let rate = f64::from(self.done) / self.begun.elapsed().as_secs_f64();
            note(&format!("{}: {} of {}, {rate:.0} a second", self.activity, self.done, self.total));
        }
    }

    /// How long it has been under way.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// Says what happens. There is nobody to tell when standard error is gone.
pub(crate) fn note(text: &str) {
    writeln!(io::stderr(), "{text}").ok();
}
