//! What the figures were measured on.

use std::fmt;
use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use anyhow::Context as _;

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
        let memory = value(&read("/proc/meminfo")?, "MemTotal")?;
        let memory_kib: u64 = memory.trim_end_matches(" kB").parse().context("MemTotal is a number")?;
        Ok(Self {
            processor: value(&read("/proc/cpuinfo")?, "model name")?,
            cores: available_parallelism()?.get(),
            memory_gib: (memory_kib + 512 * 1024) / (1024 * 1024),
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
    fn a_value_is_found_by_its_whole_name() {
        let text = "model\t\t: 49\nmodel name\t: AMD EPYC\nmodel name\t: other\n";
        assert_eq!(value(text, "model name").unwrap(), "AMD EPYC");
        assert!(value(text, "name").is_err());
    }
}
