//! A server of one's own.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_throwaway_port::Port;
use rustix::process::{Pid, Signal, kill_process};

use crate::binaries::{Binaries, NoServerInstalled};
use crate::owner::Owner;

/// What a cluster is to be like.
#[derive(Clone, Debug, Default)]
pub struct ClusterOptions {
    /// Whether what was committed survives the machine. Without it the server is quicker, and what was
    /// committed survives the server at least.
    pub durable: bool,
    /// Settings of `postgresql.conf`, names and values.
    pub settings: Vec<(String, String)>,
    /// Files to lie in the folder of the data, readable by the server only: names and contents.
    pub files: Vec<(String, String)>,
}

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is nothing to start.
    #[error(transparent)]
    NoServer(#[from] NoServerInstalled),
    /// A program of PostgreSQL's could not do its part.
    #[error("{program} failed: {output}")]
    Program {
        /// Which one.
        program: String,
        /// What it said.
        output: String,
    },
    /// The operating system refuses something.
    #[error("no server can be started here")]
    System(#[from] io::Error),
}

/// A server with its data, which nobody else knows of.
///
/// Dropping it stops the server and removes the data. So does the end of the process, however it ends.
pub struct Cluster {
    folder: PathBuf,
    port: Port,
    binaries: Binaries,
    owner: Owner,
    settings: Vec<(String, String)>,
    server: Child,
    cleaner: Child,
}

impl Cluster {
    /// Starts a quick one.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what is missing.
    pub fn start() -> Result<Self, StartError> {
        Self::start_with(&ClusterOptions::default())
    }

    /// Starts one.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what is missing.
    pub fn start_with(options: &ClusterOptions) -> Result<Self, StartError> {
        Self::build(options, |home| {
            let mut initdb = home.owner.command(home.binaries.program("initdb"));
            initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]);
            initdb.args(["--no-sync", "--no-instructions", "--pgdata"]).arg(home.data());
            finish(initdb)
        })
    }

    /// Starts a standby that follows `primary`, and is read only until it is [promoted](Self::promote).
    ///
    /// # Errors
    ///
    /// [`StartError`] says what is missing.
    pub fn standby_of(primary: &Self, options: &ClusterOptions) -> Result<Self, StartError> {
        Self::build(options, |home| {
            let mut copy = home.owner.command(home.binaries.program("pg_basebackup"));
            copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--wal-method=stream"]);
            copy.arg("--dbname").arg(primary.url("postgres")).arg("--pgdata").arg(home.data());
            finish(copy)
        })
    }

    fn build(
        options: &ClusterOptions,
        fill: impl FnOnce(&Home) -> Result<(), StartError>,
    ) -> Result<Self, StartError> {
        let home = Home::new()?;
        let cleaner = home.cleaner()?;
        fill(&home)?;
        for (name, content) in &options.files {
            let path = home.data().join(name);
            fs::write(&path, content)?;
            fs::set_permissions(&path, Permissions::from_mode(0o600))?;
            home.owner.give(&path)?;
        }
        let Home { folder, binaries, owner } = home;
        let port = Port::keep()?;
        let settings = settings(options);
        let server = launch(&folder, port.number(), &binaries, owner, &settings)?;
        let mut cluster = Self { folder, port, binaries, owner, settings, server, cleaner };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// The URL of a database, through loopback, for the superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.port.address())
    }

    /// The URL of a database, through the Unix socket, for the superuser.
    #[must_use]
    pub fn socket_url(&self, database: &str) -> String {
        let folder = self.folder.to_string_lossy().replace('/', "%2F");
        format!("postgres://postgres@{folder}:{}/{database}", self.port.number())
    }

    /// Where it listens on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The id of the first process of the server, which has begun all others.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.server.id()
    }

    /// What the server has written into its log so far.
    ///
    /// # Errors
    ///
    /// An error of the operating system.
    pub fn log(&self) -> io::Result<String> {
        fs::read_to_string(self.folder.join("log"))
    }

    /// Kills the server at once, as a crash would.
    ///
    /// # Errors
    ///
    /// An error of the operating system.
    pub fn kill(&mut self) -> io::Result<()> {
        self.signal(Signal::KILL)?;
        self.server.wait()?;
        Ok(())
    }

    /// Starts the server again after it was [killed](Self::kill), at the same place.
    ///
    /// # Errors
    ///
    /// [`StartError`] says why it does not come up.
    pub fn restart(&mut self) -> Result<(), StartError> {
        self.server = launch(&self.folder, self.port.number(), &self.binaries, self.owner, &self.settings)?;
        self.wait_until_ready()
    }

    /// Halts every process of the server: connections stay open, and nothing is answered.
    ///
    /// # Errors
    ///
    /// An error of the operating system.
    pub fn pause(&self) -> io::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets the server go on after it was [paused](Self::pause).
    ///
    /// # Errors
    ///
    /// An error of the operating system.
    pub fn resume(&self) -> io::Result<()> {
        self.signal(Signal::CONT)
    }

    /// Makes a standby the primary, and returns when it is.
    ///
    /// # Errors
    ///
    /// [`StartError`] when it does not become one.
    pub fn promote(&self) -> Result<(), StartError> {
        let mut promote = self.owner.command(self.binaries.program("pg_ctl"));
        promote.args(["promote", "--wait", "--silent", "--pgdata"]).arg(self.folder.join("data"));
        finish(promote)
    }

    /// Sends a signal to the server, and then to the processes that it has begun.
    fn signal(&self, signal: Signal) -> io::Result<()> {
        let server = self.server.id();
        let children = fs::read_to_string(format!("/proc/{server}/task/{server}/children"))?;
        for id in std::iter::once(Ok(server)).chain(children.split_whitespace().map(str::parse)) {
            let id = id.ok().and_then(|id: u32| Pid::from_raw(id.cast_signed()));
            // One that has ended meanwhile needs no signal.
            let _ = kill_process(id.expect("the system lists processes by their ids"), signal);
        }
        Ok(())
    }

    /// Returns when the server takes connections: when the last line of its lock file says so.
    fn wait_until_ready(&mut self) -> Result<(), StartError> {
        const PATIENCE: Duration = Duration::from_mins(1);
        const PAUSE: Duration = Duration::from_millis(10);
        let began = Instant::now();
        let lock = self.folder.join("data/postmaster.pid");
        let ours = self.server.id().to_string();
        loop {
            let status = fs::read_to_string(&lock).unwrap_or_default();
            let is_ours = status.lines().next() == Some(&ours);
            if is_ours && status.lines().nth(7).is_some_and(|line| line.trim_end() == "ready") {
                return Ok(());
            }
            if self.server.try_wait()?.is_some() || began.elapsed() > PATIENCE {
                let output = self.log().unwrap_or_default();
                return Err(StartError::Program { program: "postgres".to_owned(), output });
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.cleaner.stdin.take());
        // Its parent has to take note of its end before the cleaner sees it gone.
        let _ = self.server.wait();
        let _ = self.cleaner.wait();
    }
}

/// What there is before there is a server.
struct Home {
    folder: PathBuf,
    binaries: Binaries,
    owner: Owner,
}

impl Home {
    /// The path of a Unix socket has at most 107 octets, the last 17 of which are its name.
    const LONGEST: usize = 80;

    fn new() -> Result<Self, StartError> {
        let (binaries, owner) = (Binaries::find()?, Owner::find()?);
        let usual = std::env::temp_dir();
        let is_short = usual.as_os_str().len() < Self::LONGEST;
        let parent = if is_short { usual.as_path() } else { Path::new("/tmp") };
        let folder = tempfile::Builder::new().prefix("pg-").tempdir_in(parent)?.keep();
        owner.give(&folder)?;
        Ok(Self { folder, binaries, owner })
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A process that waits for the end of this one, by reading from a pipe that nobody ever writes to, then
    /// stops the server and removes everything.
    ///
    /// It is in a group of its own, so that no signal from a terminal ends it with the tests.
    fn cleaner(&self) -> io::Result<Child> {
        const SCRIPT: &str = r#"
            cat >/dev/null
            server=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
            if [ -n "$server" ] && [ "$(readlink "/proc/$server/cwd")" = "$1/data" ]; then
                kill -CONT "$server" $(cat "/proc/$server/task/$server/children")
                kill -QUIT "$server"
                tries=200
                while [ $tries -gt 0 ] && [ -e "/proc/$server/cwd" ]; do
                    tries=$((tries - 1))
                    sleep 0.05
                done
            fi
            rm -rf "$1"
        "#;
        let mut shell = self.owner.command("/bin/sh");
        shell.args(["-c", SCRIPT, "clean"]).arg(&self.folder);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn()
    }
}

fn settings(options: &ClusterOptions) -> Vec<(String, String)> {
    let mut settings = vec![("max_connections", "200"), ("shared_buffers", "64MB")];
    if !options.durable {
        settings.extend([("fsync", "off"), ("full_page_writes", "off")]);
    }
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    settings.into_iter().map(owned).chain(options.settings.iter().cloned()).collect()
}

fn launch(
    folder: &Path,
    port: u16,
    binaries: &Binaries,
    owner: Owner,
    settings: &[(String, String)],
) -> io::Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("log"))?;
    let mut server = owner.command(binaries.program("postgres"));
    server.arg("-D").arg(folder.join("data")).arg("-k").arg(folder).args(["-p", &port.to_string()]);
    server.args(["-c", "listen_addresses=127.0.0.1"]);
    for (name, value) in settings {
        server.arg("-c").arg(format!("{name}={value}"));
    }
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0).spawn()
}

/// Runs a program to its end, which must be a good one.
fn finish(mut command: Command) -> Result<(), StartError> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(StartError::Program {
        program: command.get_program().to_string_lossy().into_owned(),
        output: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
