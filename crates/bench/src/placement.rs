//! On which cores the driver and the servers run.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio, id};
use std::thread::available_parallelism;

use anyhow::{Context as _, ensure};

/// Where what is measured runs.
#[derive(Clone, Debug)]
pub(crate) enum Placement {
    /// Wherever the system likes, beside the driver.
    Anywhere,
    /// On these cores, with the driver on another one.
    Apart { servers: Vec<u32>, driver: u32 },
}

impl Placement {
    /// Keeps this process on the last of its cores and leaves the others to servers, where there are two
    /// cores and the program `taskset`.
    ///
    /// Only threads and processes started from now on come along, and this thread.
    pub(crate) fn apart() -> anyhow::Result<Self> {
        let mut servers = allowed_cores(&fs::read_to_string("/proc/self/status")?)?;
        let Some(driver) = servers.pop().filter(|_| !servers.is_empty()) else {
            return Ok(Self::Anywhere);
        };
        let mut taskset = Command::new("taskset");
        taskset.args(["--cpu-list", "--pid", &driver.to_string(), &id().to_string()]).stdout(Stdio::null());
        match taskset.status() {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::Anywhere),
            status => {
                ensure!(status?.success(), "taskset failed");
                Ok(Self::Apart { servers, driver })
            }
        }
    }

    /// `program`, to be started on the cores for servers.
    pub(crate) fn command(&self, program: &Path) -> Command {
        match self {
            Self::Anywhere => Command::new(program),
            Self::Apart { servers, .. } => {
                let mut command = Command::new("taskset");
                command.arg("--cpu-list").arg(list(servers)).arg(program);
                command
            }
        }
    }

    /// How many cores servers have.
    pub(crate) fn server_cores(&self) -> anyhow::Result<usize> {
        match self {
            Self::Anywhere => Ok(available_parallelism()?.get()),
            Self::Apart { servers, .. } => Ok(servers.len()),
        }
    }

    /// One sentence for reports.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Anywhere => "Driver and servers share all cores (not pinned).".to_owned(),
            Self::Apart { servers, driver } => {
                format!("Pinned: servers to core {}, the driver to core {driver}.", list(servers))
            }
        }
    }
}

fn list(cores: &[u32]) -> String {
    cores.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// The cores that `/proc/PID/status` says the process may run on.
fn allowed_cores(status: &str) -> anyhow::Result<Vec<u32>> {
    let ranges = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
        .context("the system does not say which cores may be used")?;
    let mut cores = Vec::new();
    for range in ranges.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        cores.extend(first.parse::<u32>()?..=last.parse()?);
    }
    Ok(cores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_cores_are_numbers_and_ranges() {
        let cores = |list: &str| allowed_cores(&format!("Name:\tbench\nCpus_allowed_list:\t{list}\n"));
        assert_eq!(cores("0-1").unwrap(), [0, 1]);
        assert_eq!(cores("0,3-5,8").unwrap(), [0, 3, 4, 5, 8]);
        assert!(cores("").is_err());
        assert!(allowed_cores("Name:\tbench\n").is_err());
    }
}
