use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portcullis_throwaway_postgres::{Database, Template};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

use super::{Answer, PATIENCE};

/// A server to be started.
#[derive(Clone)]
pub(crate) struct ServerBuilder {
    settings: Vec<(String, String)>,
    data: Arc<TempDir>,
    /// Made for the first server that is started, and kept for those that follow on it.
    database: Option<Arc<Database>>,
    /// Whether there are two where the store can be shared.
    is_raced: bool,
}

impl ServerBuilder {
    pub(crate) fn new() -> Self {
        let data = Arc::new(TempDir::new().expect("a temporary folder"));
        Self { settings: Vec::new(), data, database: None, is_raced: false }
            .with("PORTCULLIS_BIND", "127.0.0.1:0")
            .with("PORTCULLIS_OPS_BIND", "")
            .with("PORTCULLIS_RATE_LIMIT", "off")
    }

    /// Hashes at almost no cost and refuses none, for tests that are about something else and sign in a
    /// lot.
    pub(crate) fn with_cheap_hashes(self) -> Self {
        self.with("PORTCULLIS_ARGON2", "m=8,t=1,p=1").with("PORTCULLIS_HASHING_QUEUE", "1000")
    }

    pub(crate) fn with(mut self, variable: &str, value: impl Into<String>) -> Self {
        self.settings.push((variable.to_owned(), value.into()));
        self
    }

    /// Where the store can be shared, starts two instances, and sends every other request to the second.
    pub(crate) fn raced(mut self) -> Self {
        self.is_raced = true;
        self.with("PORTCULLIS_PUBLIC_URL", "http://accounts.test")
    }

    /// Keeps its data in a PostgreSQL database of its own.
    pub(crate) async fn with_empty_database(self) -> Self {
        let database = Template::empty_database().await;
        let url = database.url();
        Self { database: Some(Arc::new(database)), ..self }.on_postgres(&url)
    }

    /// Keeps its data in this PostgreSQL database.
    pub(crate) fn on_postgres(self, url: &str) -> Self {
        self.with("PORTCULLIS_DATABASE_URL", url)
            .with("PORTCULLIS_SECRET_KEY", "++xK5kHBBpFjFQ/hZHMYWFYrmRWDeqV0a0ZYjectB3M=")
    }

    /// The database that was made for it, if there is one.
    pub(crate) fn database(&self) -> Option<&Database> {
        self.database.as_deref()
    }

    /// The binary with these settings and no others, about to run `arguments`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis-under-test"));
        let is_setting =
            |variable: &str| variable.starts_with("PORTCULLIS_") || variable.starts_with("OTEL_");
        for (variable, _) in std::env::vars().filter(|(variable, _)| is_setting(variable)) {
            command.env_remove(variable);
        }
        command
            .current_dir(self.data.path())
            .env("PORTCULLIS_DATA_DIR", self.data.path().join("data"))
            .envs(self.settings.iter().map(|(variable, value)| (variable, value)))
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub(crate) async fn start(mut self) -> Server {
        let has_database = self.settings.iter().any(|(variable, _)| variable == "PORTCULLIS_DATABASE_URL");
        if crate::ON_POSTGRES && !has_database {
            self = self.with_empty_database().await;
        }
        let second = (self.is_raced && crate::ON_POSTGRES).then(|| self.clone());
        let mut server = Self::spawn(self).await;
        if let Some(second) = second {
            server.second = Some(Box::new(Self::spawn(second).await));
        }
        server
    }

    async fn spawn(self) -> Server {
        tokio::task::spawn_blocking(move || Server::spawn(self)).await.expect("the server starts")
    }
}

/// A running server with a data folder of its own; killed when dropped.
pub(crate) struct Server {
    pub(crate) builder: ServerBuilder,
    process: Mutex<Child>,
    url: String,
    log: Arc<Mutex<String>>,
    client: Client,
    /// Another instance on the same store.
    second: Option<Box<Server>>,
    requests: AtomicUsize,
}

impl Server {
    /// A server with the default configuration.
    pub(crate) async fn start() -> Self {
        ServerBuilder::new().start().await
    }

    fn spawn(builder: ServerBuilder) -> Self {
        let mut process = builder
            .command(&[])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let log = Arc::new(Mutex::new(String::new()));
        let mut stderr = BufReader::new(process.stderr.take().expect("piped"));
        std::thread::spawn({
            let log = Arc::clone(&log);
            move || {
                let mut line = String::new();
                while stderr.read_line(&mut line).is_ok_and(|length| length > 0) {
                    log.lock().expect("no reader panics").push_str(&line);
                    line.clear();
                }
            }
        });
        let mut ready_line = String::new();
        let mut stdout = BufReader::new(process.stdout.take().expect("piped"));
        stdout.read_line(&mut ready_line).expect("standard output is text");
        let Some(url) = ready_line.trim_end().strip_prefix("listening on ") else {
            std::thread::sleep(Duration::from_millis(100));
            panic!("not ready: {ready_line:?}\n{}", log.lock().expect("no reader panics"));
        };
        let url = url.to_owned();
        std::thread::spawn(move || {
            let mut rest = String::new();
            let _ = stdout.read_to_string(&mut rest);
            assert_eq!(rest, "", "the ready line stands alone on standard output");
        });
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_mins(1))
            .build()
            .expect("a client");
        Self {
            builder,
            process: Mutex::new(process),
            url,
            log,
            client,
            second: None,
            requests: AtomicUsize::new(0),
        }
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process.lock().expect("no holder panics").id()
    }

    /// Sends a signal to a process that a test started.
    pub(crate) fn signal(process: u32, signal: &str) {
        let kill = Command::new("kill").args([format!("-{signal}"), process.to_string()]).status();
        assert!(kill.expect("kill runs").success());
    }

    /// How the server ended, once it was told to.
    pub(crate) async fn wait_for_end(&self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.process.lock().expect("no holder panics").try_wait();
            if let Some(status) = status.expect("a child can be waited for") {
                return status;
            }
            assert!(Instant::now() < deadline, "the server did not stop:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Kills the server without warning.
    pub(crate) fn kill(&self) {
        if let Some(second) = &self.second {
            second.kill();
        }
        let mut process = self.process.lock().expect("no holder panics");
        process.kill().expect("the server runs");
        process.wait().expect("a child can be waited for");
    }

    /// Kills the server without warning and starts it again on the same data.
    pub(crate) async fn crash_and_restart(self) -> Self {
        self.kill();
        let again = self.builder.clone();
        drop(self);
        again.start().await
    }

    /// The binary on this server's data, about to run `arguments`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.builder.command(arguments)
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.builder.data.path().join("data")
    }

    /// What the server has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("no reader panics").clone()
    }

    /// What the server has logged, once this is among it: it arrives later than answers do.
    pub(crate) async fn log_with(&self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log();
            if log.contains(text) {
                return log;
            }
            assert!(Instant::now() < deadline, "{text:?} is not in the log:\n{log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The address that the ready line names.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let is_even = self.requests.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        let url = match &self.second {
            Some(second) if !is_even => &second.url,
            _ => &self.url,
        };
        self.client.request(method, format!("{url}{path}"))
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.expect("the server answers")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// The answer, or none if the server goes away before it is complete.
    pub(crate) async fn try_post(&self, path: &str, body: Value) -> Option<Answer> {
        let response = self.request(Method::POST, path).json(&body).send().await.ok()?;
        Answer::try_read(response).await
    }

    pub(crate) async fn get_as(&self, access_token: &str, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(access_token)).await
    }

    pub(crate) async fn call_as(
        &self,
        access_token: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> Answer {
        self.send(self.request(method, path).bearer_auth(access_token).json(&body)).await
    }

    pub(crate) async fn post_as(&self, access_token: &str, path: &str, body: Value) -> Answer {
        self.call_as(access_token, Method::POST, path, body).await
    }

    /// Every file of the data folder, for tests that look for what must not be there.
    pub(crate) fn stored_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        collect_files(&self.data_dir(), &mut found);
        found
    }

    /// The database that was made for this server, if it is not among its files.
    pub(crate) fn database(&self) -> Option<&Database> {
        self.builder.database()
    }

    /// Every row of the database, if it is not among the files.
    pub(crate) async fn stored_rows(&self) -> String {
        let Some(database) = self.database() else {
            return String::new();
        };
        let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
        let mut rows = String::new();
        for table in database.run(tables).await {
            rows += &database.run(&format!("SELECT row::text FROM {table} AS row")).await.join("\n");
        }
        rows
    }
}

fn collect_files(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect_files(&path, found);
        } else if let Ok(octets) = std::fs::read(&path) {
            found.push((path, octets));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let process = self.process.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = process.kill();
        let _ = process.wait();
    }
}
