//! What the figures were measured on.

use std::fmt;
use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use anyhow::{Context as _, bail};

use crate::process::ticks;

/// A machine, as far as figures depend on it.
#[derive(Debug)]
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    memory_gib: u64,
    kernel: String,
    /// Of the folder that the data is in.
    filesystem: String,
}

impl Machine {
    /// This machine, with its data in `folder`.
    pub(crate) fn with_data_in(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            processor: value(&read("/proc/cpuinfo")?, "model name")?,
            cores: available_parallelism()?.get(),
            memory_gib: (memory_octets()? + (1 << 29)) >> 30,
            kernel: read("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            filesystem: filesystem(&read("/proc/self/mounts")?, &folder.canonicalize()?)?,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, cores, memory_gib, kernel, filesystem } = self;
        write!(
            formatter,
            "{processor}, {cores} cores, {memory_gib} GiB, Linux {kernel}, data on {filesystem}"
        )
    }
}

/// How much memory this machine has.
pub(crate) fn memory_octets() -> anyhow::Result<u64> {
    let memory = value(&read("/proc/meminfo")?, "MemTotal")?;
    let kib: u64 = memory.trim_end_matches(" kB").parse().context("MemTotal is a number")?;
    Ok(kib << 10)
}

/// What the processors have done so far, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessorUse {
    /// All there was to do something in, on all cores.
    capacity: u64,
    /// What was done by anybody, or taken by the host of a virtual machine.
    busy: u64,
    /// What was done by this process, and by those that it started and that have ended.
    own: u64,
}

impl ProcessorUse {
    pub(crate) fn now() -> anyhow::Result<Self> {
        Self::parse(&read("/proc/stat")?, &read("/proc/self/stat")?)
    }

    /// The first line of `proc_stat(5)`, and the times of `proc_pid_stat(5)`.
    fn parse(machine: &str, process: &str) -> anyhow::Result<Self> {
        let columns = machine.lines().next().unwrap_or_default().split_ascii_whitespace().skip(1);
        let columns = columns.map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        let [user, nice, system, idle, waiting, interrupts, deferred, stolen, ..] = columns[..] else {
            bail!("/proc/stat has fewer columns than expected");
        };
        let busy = user + nice + system + interrupts + deferred + stolen;
        let own = ticks(process)?.into_iter().map(u64::from).sum();
        Ok(Self { capacity: busy + idle + waiting, busy, own })
    }

    /// The share of the machine, from 0 to 1, that others have used since `before`.
    #[expect(clippy::cast_precision_loss, reason = "ticks of a run are few")]
    pub(crate) fn share_of_others_since(self, before: Self) -> f64 {
        let busy = self.busy - before.busy;
        let own = self.own - before.own;
        busy.saturating_sub(own) as f64 / (self.capacity - before.capacity) as f64
    }
}

fn read(path: &str) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {path}"))
}

/// The value on the first line `name: value`.
fn value(text: &str, name: &str) -> anyhow::Result<String> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(key, _)| key.trim_end() == name);
    let (_, value) = found.with_context(|| format!("no line {name:?}"))?;
    Ok(value.trim().to_owned())
}

/// The type of the file system that `path` is on, from a mount table (`fstab(5)`).
fn filesystem(mounts: &str, path: &Path) -> anyhow::Result<String> {
    let mounted = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?)).filter(|(point, _)| path.starts_with(point))
    });
    // Of two mounts at one place the later covers the earlier.
    let innermost = mounted.max_by_key(|(point, _)| point.len());
    let (_, kind) = innermost.with_context(|| format!("{} is on no file system", path.display()))?;
    Ok(kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_decides() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmp/data xfs rw 0 0\n";
        for (path, kind) in
            [("/home/ada", "ext4"), ("/tmp", "tmpfs"), ("/tmp/datum", "tmpfs"), ("/tmp/data/x", "xfs")]
        {
            assert_eq!(filesystem(mounts, Path::new(path)).unwrap(), kind, "{path}");
        }
    }

    #[test]
    fn what_others_did_is_what_was_done_but_for_the_own() {
        let machine = |user: u64, idle: u64| format!("cpu  {user} 10 20 {idle} 30 1 2 7 5 5\ncpu0 1 2 3\n");
        let process = |own: u64| format!("1 (a b) S 1 1 1 0 -1 0 0 0 0 0 {own} 1 2 3 20 0");
        let before = ProcessorUse::parse(&machine(1_000, 5_000), &process(100)).unwrap();
        assert_eq!(before, ProcessorUse { capacity: 6_070, busy: 1_040, own: 106 });
        let after = ProcessorUse::parse(&machine(1_300, 5_100), &process(200)).unwrap();
        assert!((after.share_of_others_since(before) - 0.5).abs() < 1e-9, "300 of 400 busy, 100 own");
    }

    #[test]
    fn a_value_is_found_by_its_whole_name() {
        let text = "model\t\t: 49\nmodel name\t: AMD EPYC\nmodel name\t: other\n";
        assert_eq!(value(text, "model name").unwrap(), "AMD EPYC");
        assert!(value(text, "name").is_err());
    }
}
