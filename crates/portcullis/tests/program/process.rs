//! Runs the program in a folder of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Where nobody listens.
pub(crate) const NOWHERE: &str = "127.90.0.1:1";

/// A folder to run the program in, with its data in `data`.
pub(crate) struct Installation {
    folder: Arc<TempDir>,
    environment: Vec<(&'static str, String)>,
}

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Installation {
    pub(crate) fn new() -> Self {
        let folder = Arc::new(TempDir::new().expect("a folder can be made"));
        // No two tests may want the same port.
        let environment = [("PORTCULLIS_BIND", "127.0.0.1:0"), ("PORTCULLIS_OPS_BIND", "")];
        let environment = environment.map(|(variable, value)| (variable, value.to_owned()));
        Self { folder, environment: environment.into() }
    }

    pub(crate) fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((variable, value.into()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        for (variable, _) in std::env::vars_os() {
            if ["PORTCULLIS_", "OTEL_"].iter().any(|prefix| variable.to_string_lossy().starts_with(prefix)) {
                command.env_remove(variable);
            }
        }
        command
            .current_dir(self.folder.path())
            .envs(self.environment.iter().map(|(variable, value)| (*variable, value.as_str())))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.command(arguments).output().expect("the program can be run").into()
    }

    /// Runs the program to its end with `input` on its standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        let mut child = self.spawn(arguments, Stdio::piped());
        child.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("the program reads");
        child.wait_with_output().expect("the program ends").into()
    }

    fn spawn(&self, arguments: &[&str], stdin: Stdio) -> Child {
        self.command(arguments).stdin(stdin).spawn().expect("the program can be run")
    }

    /// Runs the program and does not wait until it serves.
    pub(crate) fn start(&self) -> Starting {
        Starting(self.spawn(&[], Stdio::null()))
    }

    /// Runs a command and does not wait for its end.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Running {
        Running(self.spawn(arguments, Stdio::piped()))
    }

    /// Runs the program and hangs up on its standard output at once.
    pub(crate) fn run_for_nobody(&self, arguments: &[&str]) -> Finished {
        let mut child = self.spawn(arguments, Stdio::null());
        drop(child.stdout.take());
        child.wait_with_output().expect("the program ends").into()
    }

    /// Starts to serve and waits for the ready line.
    pub(crate) fn serve(&self) -> Serving {
        let mut child = self.spawn(&[], Stdio::null());
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the program writes text");
        match line.strip_prefix("listening on http://") {
            Some(address) => Serving {
                child,
                stdout,
                address: address.trim_end().to_owned(),
                _folder: Arc::clone(&self.folder),
            },
            None => {
                panic!(
                    "{line:?} is no ready line: {:?}",
                    Finished::from(child.wait_with_output().expect("the program ends"))
                )
            }
        }
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |octets| String::from_utf8(octets).expect("the program writes text");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Finished {
    /// The message of a failure: one line, nothing else, and nothing on standard output.
    #[track_caller]
    pub(crate) fn failure(&self) -> &str {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        self.stderr.trim_end().strip_prefix("error: ").expect("a failure says that it is one")
    }

    /// What was printed by a run that went well.
    #[track_caller]
    pub(crate) fn output(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.stdout
    }

    /// The JSON that was printed by a run that went well.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.output()).expect("the output is JSON")
    }

    /// The events of the audit trail among the log records, which are JSON.
    #[track_caller]
    pub(crate) fn audit_records(&self) -> Vec<serde_json::Value> {
        let record = |line| serde_json::from_str::<serde_json::Value>(line).expect("a record is JSON");
        self.stderr.lines().map(record).filter(|record| record["target"] == "audit").collect()
    }
}

/// The program while it starts; killed when it is dropped.
pub(crate) struct Starting(Child);

impl Drop for Starting {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A command while it runs; killed when it is dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Writes `input` to its standard input, which stays open.
    pub(crate) fn write(&mut self, input: &str) {
        let stdin = self.0.stdin.as_mut().expect("it is piped");
        stdin.write_all(input.as_bytes()).expect("the program reads");
    }

    /// Sends the signal `name`, as `kill` spells it.
    pub(crate) fn signal(&self, name: &str) {
        send_signal(&self.0, name);
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.0.try_wait().expect("the program can be waited for").is_none()
    }

    /// Waits for the end, which comes although its standard input stays open.
    pub(crate) fn end(mut self) -> Finished {
        let code = wait_for_end(&mut self.0).code();
        let mut finished = Finished { code, stdout: String::new(), stderr: String::new() };
        let (stdout, stderr) = (self.0.stdout.as_mut(), self.0.stderr.as_mut());
        stdout.expect("it is piped").read_to_string(&mut finished.stdout).expect("the program writes text");
        stderr.expect("it is piped").read_to_string(&mut finished.stderr).expect("the program writes text");
        finished
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn send_signal(child: &Child, name: &str) {
    let process = child.id().to_string();
    let sent = Command::new("kill").args(["-s", name, &process]).status().expect("there is a kill");
    assert!(sent.success());
}

fn wait_for_end(child: &mut Child) -> ExitStatus {
    const PATIENCE: Duration = Duration::from_secs(20);
    let deadline = Instant::now() + PATIENCE;
    loop {
        match child.try_wait().expect("the program can be waited for") {
            Some(status) => return status,
            None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            None => panic!("the program did not end"),
        }
    }
}

/// The program while it serves; killed when it is dropped.
pub(crate) struct Serving {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    pub(crate) address: String,
    /// Each further connection opens the database by its path.
    _folder: Arc<TempDir>,
}

/// An answer to an HTTP request.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// To a `GET` at another address than that of the API.
    pub(crate) fn at(address: &str, path: &str) -> Option<Self> {
        Some(Self::to(TcpStream::connect(address).ok()?, "GET", path, "", ""))
    }

    fn to(mut connection: TcpStream, method: &str, path: &str, head: &str, body: &str) -> Self {
        let length = body.len();
        write!(
            connection,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n{head}\r\n{body}"
        )
        .expect("the program reads");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("the program answers text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Self { status: status.expect("an answer has a status"), body: body.to_owned() }
    }
}

impl Serving {
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, "", "")
    }

    pub(crate) fn post(&self, path: &str, body: &serde_json::Value) -> Answer {
        self.request("POST", path, "", &body.to_string())
    }

    /// As [`post`](Self::post), with more lines in the head, each with its end.
    pub(crate) fn post_with(&self, path: &str, head: &str, body: &serde_json::Value) -> Answer {
        self.request("POST", path, head, &body.to_string())
    }

    fn request(&self, method: &str, path: &str, head: &str, body: &str) -> Answer {
        let connection = TcpStream::connect(&self.address).expect("the program accepts");
        Answer::to(connection, method, path, head, body)
    }

    /// Sends the signal `name`, as `kill` spells it.
    pub(crate) fn signal(&self, name: &str) {
        send_signal(&self.child, name);
    }

    /// Sends a signal and waits for the end; the output is what came after the ready line.
    pub(crate) fn end(mut self, signal: &str) -> Finished {
        self.signal(signal);
        let status = wait_for_end(&mut self.child);
        let mut finished = Finished { code: status.code(), stdout: String::new(), stderr: String::new() };
        self.stdout.read_to_string(&mut finished.stdout).expect("the program writes text");
        let stderr = self.child.stderr.as_mut().expect("it is piped");
        stderr.read_to_string(&mut finished.stderr).expect("the program writes text");
        finished
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
