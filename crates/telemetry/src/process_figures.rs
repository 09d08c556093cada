//! The process itself, as Linux tells it in `/proc` (proc(5)). Elsewhere there are none of these figures.

use std::fs;

use prometheus::{Counter, Gauge, Registry};

use crate::count::count;
use crate::families;

/// In which `/proc` counts time: a hundredth of a second, on every architecture that Rust's Linux has.
const TICKS_A_SECOND: f64 = 100.0;

pub(crate) struct ProcessFigures {
    start: Gauge,
    cpu: Counter,
    memory: Gauge,
    fds: Gauge,
    threads: Gauge,
}

impl ProcessFigures {
    pub(crate) fn new(registry: &Registry) -> Self {
        let figures = Self {
            start: families::PROCESS_START.gauge(registry),
            cpu: families::PROCESS_CPU.seconds_counter(registry),
            memory: families::PROCESS_MEMORY.gauge(registry),
            fds: families::PROCESS_FDS.gauge(registry),
            threads: families::PROCESS_THREADS.gauge(registry),
        };
        if let (Some(boot), Some(ticks)) = (boot_time(), stat_field(22)) {
            figures.start.set(boot + ticks / TICKS_A_SECOND);
        }
        figures
    }

    pub(crate) fn update(&self) {
        if let (Some(user), Some(system)) = (stat_field(14), stat_field(15)) {
            let cpu = (user + system) / TICKS_A_SECOND;
            // Two readings at once may see each other's, and a counter cannot go back.
            self.cpu.inc_by((cpu - self.cpu.get()).max(0.0));
        }
        if let Some(threads) = stat_field(20) {
            self.threads.set(threads);
        }
        if let Some(kibibytes) = status_field("VmRSS:") {
            self.memory.set(kibibytes * 1024.0);
        }
        if let Ok(folder) = fs::read_dir("/proc/self/fd") {
            self.fds.set(count(folder.count()));
        }
    }
}

/// A field of `/proc/self/stat` by its number in proc(5), past the name of the program, which may hold spaces.
fn stat_field(number: usize) -> Option<f64> {
    const FIRST_AFTER_NAME: usize = 3;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(number - FIRST_AFTER_NAME)?.parse().ok()
}

fn status_field(name: &str) -> Option<f64> {
    field_after("/proc/self/status", name)
}

/// When the machine started, in Unix time.
fn boot_time() -> Option<f64> {
    field_after("/proc/stat", "btime")
}

fn field_after(path: &str, name: &str) -> Option<f64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
