//! Redis for tests: a server of one's own, to kill, to pause, to start again.
//!
//! It listens on loopback, trusts everybody, writes nothing to disk, and is gone with the test that drops it.

use std::fs::File;
use std::io;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use portcullis_throwaway_port::Port;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const PROGRAM: &str = "redis-server";

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Redis {
    process: Child,
    place: Place,
}

/// Where a server is and how it is spoken to.
#[derive(Debug)]
struct Place {
    folder: TempDir,
    port: Port,
    tls: Option<Certificate>,
}

/// The files with which a server shows that it is `localhost`.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// There is no server.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No program can be started.
    #[error("{PROGRAM} cannot be started; on Debian and Ubuntu, `apt-get install redis-server` installs it")]
    Program(#[source] io::Error),
    /// There is no place for it.
    #[error("there is no folder or no port for a server")]
    Place(#[from] io::Error),
    /// It does not listen.
    #[error("the server ended or does not listen: {log}")]
    Silent {
        /// What it said.
        log: String,
    },
}

impl Redis {
    /// Starts a server on a free port, and returns once it listens.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what is missing.
    pub fn start() -> Result<Self, StartError> {
        Self::start_with(None)
    }

    /// The same for a server that speaks TLS only.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what is missing.
    pub fn start_with_tls(certificate: &Certificate) -> Result<Self, StartError> {
        Self::start_with(Some(certificate))
    }

    fn start_with(tls: Option<&Certificate>) -> Result<Self, StartError> {
        let place = Place { folder: TempDir::new()?, port: Port::keep()?, tls: tls.cloned() };
        let mut server = Self { process: place.spawn()?, place };
        server.wait_until_it_listens()?;
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        let Place { port, tls, .. } = &self.place;
        match tls {
            Some(_) => format!("rediss://localhost:{}", port.number()),
            None => format!("redis://{}", port.address()),
        }
    }

    /// Ends it at once, with all that it keeps.
    ///
    /// # Errors
    ///
    /// When it cannot be killed.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()?;
        self.process.wait().map(drop)
    }

    /// Starts it again at the same port after it was killed.
    ///
    /// # Errors
    ///
    /// [`StartError`] says why it does not come up.
    pub fn restart(&mut self) -> Result<(), StartError> {
        self.process = self.place.spawn()?;
        self.wait_until_it_listens()
    }

    /// Lets it hang: connections stay open, and nothing is answered.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn pause(&self) -> io::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on after a pause.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn resume(&self) -> io::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.process), signal)?)
    }

    fn wait_until_it_listens(&mut self) -> Result<(), StartError> {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(self.place.port.address()).is_err() || self.has_ended()? {
            if self.has_ended()? || Instant::now() > deadline {
                let log = std::fs::read_to_string(self.place.log())?;
                return Err(StartError::Silent { log });
            }
            sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.process.try_wait()?.is_some())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.kill();
    }
}

impl Place {
    fn spawn(&self) -> Result<Child, StartError> {
        let port = self.port.number().to_string();
        let mut command = Command::new(PROGRAM);
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .arg(self.folder.path());
        match &self.tls {
            Some(Certificate { certificate, key }) => {
                command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
                command.arg("--tls-cert-file").arg(certificate).arg("--tls-key-file").arg(key);
            }
            None => {
                command.args(["--port", &port]);
            }
        }
        let log = File::create(self.log())?;
        command.stdin(Stdio::null()).stdout(log).stderr(Stdio::null()).spawn().map_err(StartError::Program)
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}
