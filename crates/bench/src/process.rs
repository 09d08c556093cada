//! Server processes: how they are started, what they have used, how they end.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

/// A server that says on standard output where it listens; killed when dropped.
pub(crate) struct ServerProcess {
    child: RunningChild,
    address: SocketAddr,
    ready_after: Duration,
}

struct RunningChild(Child);

impl Drop for RunningChild {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl ServerProcess {
    const LONGEST_START: Duration = Duration::from_secs(30);
    const LONGEST_END: Duration = Duration::from_secs(30);

    /// Starts it and waits for its ready line, `listening on http://` and an address.
    pub(crate) async fn start(mut command: Command) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let spawned = Instant::now();
        let mut child = RunningChild(
            command.spawn().with_context(|| format!("cannot run {}", command.get_program().display()))?,
        );
        let mut stdout = BufReader::new(child.0.stdout.take().expect("piped"));
        let first_line = spawn_blocking(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).map(|_| line)
        });
        let line = timeout(Self::LONGEST_START, first_line).await.context("no ready line came")???;
        let ready_after = spawned.elapsed();
        let Some(address) = line.trim_end().strip_prefix("listening on http://") else {
            bail!("not ready, but {line:?}");
        };
        let address = address.parse().context("the ready line names an address")?;
        Ok(Self { child, address, ready_after })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The time from its start to its ready line.
    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// The memory it holds now.
    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        Memory::parse(&fs::read_to_string(format!("/proc/{}/status", self.pid()))?)
    }

    /// The processor time of all its threads so far.
    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        processor_time(self.pid())
    }

    /// Waits until it does nothing more by itself, such as to send what a load has left in its queue of mails.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        const LONGEST: Duration = Duration::from_mins(2);
        const LOOK: Duration = Duration::from_millis(250);
        const NEXT_TO_NOTHING: Duration = Duration::from_millis(10);
        let deadline = Instant::now() + LONGEST;
        loop {
            let before = self.processor_time()?;
            sleep(LOOK).await;
            if self.processor_time()?.saturating_sub(before) <= NEXT_TO_NOTHING {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the server does not come to rest");
        }
    }

    /// Ends it as a supervisor does.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let asked = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status()?;
        ensure!(asked.success(), "the server had ended before");
        let deadline = Instant::now() + Self::LONGEST_END;
        loop {
            if let Some(status) = self.child.0.try_wait()? {
                ensure!(status.success(), "the server ended with {status}");
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the server does not end");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The kernel tells programs of ticks of this length, whatever it counts in itself.
const TICK: Duration = Duration::from_millis(10);

/// The processor time of all threads of a process so far, to 10 ms.
pub(crate) fn processor_time(pid: u32) -> io::Result<Duration> {
    let [utime, stime, ..] = ticks_of(pid)?;
    Ok(TICK * (utime + stime))
}

fn ticks_of(pid: u32) -> io::Result<[u32; 4]> {
    ticks(&fs::read_to_string(format!("/proc/{pid}/stat"))?)
}

/// Whether there was nothing to be read of a process because it is no more.
fn has_ended(error: &io::Error) -> bool {
    /// What the kernel says of one that ends between opening and reading.
    const ESRCH: i32 = 3;
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(ESRCH)
}

/// A process of one thread and those that it starts, as a PostgreSQL server is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessFamily {
    parent: u32,
}

impl ProcessFamily {
    pub(crate) fn of(parent: u32) -> Self {
        Self { parent }
    }

    /// The processor time of all of them so far, also of those that have ended.
    pub(crate) fn processor_time(self) -> io::Result<Duration> {
        // What a child used is told by itself while it is there, and by its parent once it has ended. Where one
        // came or went meanwhile it may have been told twice, or not at all.
        loop {
            let (children, before) = (self.children()?, ticks_of(self.parent)?);
            let mut used = before.into_iter().sum::<u32>();
            for child in &children {
                match ticks_of(*child) {
                    Ok([utime, stime, ..]) => used += utime + stime,
                    Err(error) if has_ended(&error) => {}
                    Err(error) => return Err(error),
                }
            }
            let ended = |[.., cutime, cstime]: [u32; 4]| (cutime, cstime);
            if self.children()? == children && ended(ticks_of(self.parent)?) == ended(before) {
                return Ok(TICK * used);
            }
        }
    }

    /// Those that it has started and that have not ended.
    fn children(self) -> io::Result<Vec<u32>> {
        let parent = self.parent;
        let listed = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))?;
        listed.split_ascii_whitespace().map(|id| id.parse().map_err(io::Error::other)).collect()
    }
}

/// The fields `utime` and `stime`, of a process, and `cutime` and `cstime`, of those that it started and that
/// have ended, of `proc_pid_stat(5)`.
pub(crate) fn ticks(stat: &str) -> io::Result<[u32; 4]> {
    const UTIME: usize = 14;
    const FIRST_AFTER_NAME: usize = 3;
    let unexpected = || io::Error::other("no processor time in /proc/PID/stat");
    // The name before may hold spaces and parentheses.
    let (_, fields) = stat.rsplit_once(')').ok_or_else(unexpected)?;
    let times =
        fields.split_ascii_whitespace().skip(UTIME - FIRST_AFTER_NAME).map_while(|time| time.parse().ok());
    times.take(4).collect::<Vec<_>>().try_into().map_err(|_| unexpected())
}

/// Memory of a process that is in RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// All of it, in KiB.
    pub(crate) resident_kib: u32,
    /// What is the process's own and backed by no file, in KiB.
    pub(crate) anonymous_kib: u32,
}

impl Memory {
    fn parse(status: &str) -> anyhow::Result<Self> {
        Ok(Self { resident_kib: kib(status, "VmRSS")?, anonymous_kib: kib(status, "RssAnon")? })
    }
}

/// The most memory that a process has held in RAM at a time, in KiB.
pub(crate) fn peak_memory(pid: u32) -> anyhow::Result<u32> {
    kib(&fs::read_to_string(format!("/proc/{pid}/status"))?, "VmHWM")
}

/// A field of `proc_pid_status(5)`.
fn kib(status: &str, name: &str) -> anyhow::Result<u32> {
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let value = value.with_context(|| format!("no {name} in /proc/PID/status"))?;
    value.trim().trim_end_matches(" kB").parse().with_context(|| format!("{name}:{value}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 900 0 3 0 123 77 5 6 20 0 9 0 555 1000 200";
        assert_eq!(ticks(stat).unwrap(), [123, 77, 5, 6]);
        assert!(ticks("42 (a) S 1 42").is_err());
        assert!(ticks("").is_err());
    }

    #[test]
    fn memory_is_in_kib() {
        let status = "Name:\tx\nVmHWM:\t  9999 kB\nVmRSS:\t   15320 kB\nRssAnon:\t    4100 kB\n";
        assert_eq!(Memory::parse(status).unwrap(), Memory { resident_kib: 15_320, anonymous_kib: 4_100 });
        assert!(Memory::parse("VmRSS:\t   15320 kB\n").is_err());
    }

    #[test]
    fn what_a_child_has_used_counts_while_it_runs_and_when_it_has_ended() {
        const SCRIPT: &str = "sh -c 'while :; do :; done' & read line; kill $!; wait; read line";
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT]).stdin(Stdio::piped()).stderr(Stdio::null());
        let mut shell = RunningChild(shell.spawn().unwrap());
        let family = ProcessFamily::of(shell.0.id());
        let begun = Instant::now();
        while family.processor_time().unwrap() < 10 * TICK {
            assert!(begun.elapsed() < Duration::from_mins(1), "spinning costs nothing");
        }
        let spun = family.processor_time().unwrap();
        shell.0.stdin.as_mut().unwrap().write_all(b"end\n").unwrap();
        while !family.children().unwrap().is_empty() {
            assert!(begun.elapsed() < Duration::from_mins(1), "the child does not end");
        }
        assert!(family.processor_time().unwrap() >= spun);
    }

    #[test]
    fn this_process_uses_processor_time() {
        let begun = Instant::now();
        let before = processor_time(std::process::id()).unwrap();
        while processor_time(std::process::id()).unwrap() == before {
            assert!(begun.elapsed() < Duration::from_secs(20), "spinning costs nothing");
        }
    }
}
