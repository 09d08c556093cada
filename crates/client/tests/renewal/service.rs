use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portcullis_client::Tokens;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinHandle;

/// A pair of tokens, by its number: each refresh gives the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair(usize);

/// The pair that every session here begins with. Its access token has expired.
pub(crate) const FIRST: Pair = Pair(1);

impl Pair {
    pub(crate) fn of(tokens: &Tokens) -> Self {
        let number = tokens.refresh_token.expose().trim_start_matches("refresh-").parse().expect("a number");
        Self(number)
    }

    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    pub(crate) fn access_token(self) -> String {
        format!("access-{}", self.0)
    }

    pub(crate) fn refresh_token(self) -> String {
        format!("refresh-{}", self.0)
    }
}

/// What refreshes are answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refreshes {
    Succeed,
    AreRefused,
    FailOnce,
    LoseTheFirstAnswer,
}

/// How long a test waits for what is about to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until it is so.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what} does not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Looks like the service to a client.
pub(crate) struct Service {
    url: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    refreshes: Refreshes,
    /// Keeps those who call with the first token until so many have come.
    together: Mutex<Option<Arc<Barrier>>>,
    held_back: Mutex<HashSet<&'static str>>,
    gates: HashMap<&'static str, Semaphore>,
    calls: Mutex<Vec<String>>,
    /// The calls whose clients have hung up after the answer.
    ended: Mutex<Vec<String>>,
    spent: Mutex<Vec<String>>,
    latest: AtomicUsize,
}

impl Service {
    pub(crate) async fn start(refreshes: Refreshes) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(State {
            refreshes,
            together: Mutex::default(),
            held_back: Mutex::default(),
            gates: ["refresh", "logout"].map(|gate| (gate, Semaphore::new(0))).into(),
            calls: Mutex::default(),
            ended: Mutex::default(),
            spent: Mutex::default(),
            latest: AtomicUsize::new(FIRST.0),
        });
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    state.serve(connection).await;
                });
            }
        });
        Self { url, state, task }
    }

    /// Answers nobody who calls with the first token before so many have.
    pub(crate) fn refusing_the_first_token_together(self, callers: usize) -> Self {
        *self.state.together.lock().expect("no holder panics") = Some(Arc::new(Barrier::new(callers)));
        self
    }

    pub(crate) fn refuse_the_first_token_alone(&self) {
        *self.state.together.lock().expect("no holder panics") = None;
    }

    /// Answers no call of this kind before that is released.
    pub(crate) fn holding_back(self, gate: &'static str) -> Self {
        self.state.held_back.lock().expect("no holder panics").insert(gate);
        self
    }

    pub(crate) fn release(&self, gate: &str) {
        self.state.gates[gate].add_permits(CALLS_AT_ONCE);
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How often this was called.
    pub(crate) fn count(&self, call: &str) -> usize {
        self.state.calls.lock().expect("no holder panics").iter().filter(|made| *made == call).count()
    }

    pub(crate) fn calls(&self) -> usize {
        self.state.calls.lock().expect("no holder panics").len()
    }

    /// Waits until this has been called.
    pub(crate) async fn wait_for(&self, call: &str) {
        until(call, || self.count(call) > 0).await;
    }

    /// Waits until this has been called so often, and who called has read the answer and hung up.
    pub(crate) async fn wait_for_ends_of(&self, call: &str, count: usize) {
        let ends = || {
            self.state.ended.lock().expect("no holder panics").iter().filter(|ended| *ended == call).count()
        };
        until(call, || ends() >= count).await;
    }

    /// The refresh tokens that came, in order.
    pub(crate) fn spent(&self) -> Vec<String> {
        self.state.spent.lock().expect("no holder panics").clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// More than any test makes.
const CALLS_AT_ONCE: usize = 1_000;

struct Request {
    call: String,
    bearer: String,
    body: Value,
}

impl State {
    /// Answers one request.
    async fn serve(&self, connection: TcpStream) {
        let mut stream = BufReader::new(connection);
        let request = read(&mut stream).await;
        self.calls.lock().expect("no holder panics").push(request.call.clone());
        let Some((status, body)) = self.answer(&request).await else { return };
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} as told\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        // A client that was dropped does not read it.
        let _ = stream.get_mut().write_all((head + &body).as_bytes()).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
        self.ended.lock().expect("no holder panics").push(request.call);
    }

    /// None closes the connection instead.
    async fn answer(&self, request: &Request) -> Option<(u16, Value)> {
        match request.call.as_str() {
            "GET /api/v1/auth/me" => Some(self.me(request).await),
            "POST /api/v1/auth/login" => {
                let mut answer = tokens(FIRST, 0);
                answer["user"] = user();
                Some((200, answer))
            }
            "POST /api/v1/auth/refresh" => self.refresh(request).await,
            "POST /api/v1/auth/logout" => {
                self.pass("logout").await;
                Some((200, Value::Null))
            }
            _ => Some((502, json!("<html>"))),
        }
    }

    async fn me(&self, request: &Request) -> (u16, Value) {
        if request.bearer == Pair(self.latest.load(Ordering::SeqCst)).access_token()
            && request.bearer != FIRST.access_token()
        {
            return (200, user());
        }
        let together = self.together.lock().expect("no holder panics").clone();
        if let Some(together) = together {
            together.wait().await;
        }
        (401, problem(401, "invalid_access_token"))
    }

    async fn refresh(&self, request: &Request) -> Option<(u16, Value)> {
        let spent = request.body["refresh_token"].as_str().expect("a token").to_owned();
        let is_first_time = {
            let mut all = self.spent.lock().expect("no holder panics");
            all.push(spent.clone());
            all.len() == 1
        };
        // Time for those who do not wait for this one to be seen.
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.pass("refresh").await;
        match self.refreshes {
            Refreshes::AreRefused => return Some((401, problem(401, "invalid_refresh_token"))),
            Refreshes::FailOnce if is_first_time => return Some((503, problem(503, "store_unavailable"))),
            Refreshes::LoseTheFirstAnswer if is_first_time => return None,
            Refreshes::Succeed | Refreshes::FailOnce | Refreshes::LoseTheFirstAnswer => {}
        }
        let current = Pair(self.latest.load(Ordering::SeqCst));
        if spent != current.refresh_token() {
            return Some((401, problem(401, "invalid_refresh_token")));
        }
        self.latest.store(current.next().0, Ordering::SeqCst);
        Some((200, tokens(current.next(), 1800)))
    }

    /// Waits until this is released, if it is held back.
    async fn pass(&self, gate: &str) {
        if !self.held_back.lock().expect("no holder panics").contains(gate) {
            return;
        }
        drop(self.gates[gate].acquire().await.expect("gates stay"));
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Request {
    let mut request = Request { call: String::new(), bearer: String::new(), body: Value::Null };
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("a whole request");
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        match line.split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                value.trim_start_matches("Bearer ").clone_into(&mut request.bearer);
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().expect("a number");
            }
            Some(_) => {}
            None => request.call = line.trim_end_matches(" HTTP/1.1").to_owned(),
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("a whole request");
    request.body = serde_json::from_slice(&body).unwrap_or_default();
    request
}

fn tokens(pair: Pair, expires_in: u64) -> Value {
    json!({
        "access_token": pair.access_token(), "refresh_token": pair.refresh_token(), "token_type": "bearer",
        "expires_in": expires_in, "refresh_expires_in": 2_592_000,
    })
}

fn user() -> Value {
    json!({
        "id": "019ca0f4-3c00-7cc1-8000-5d2e3b7f7a10", "email": "ada@example.com", "email_verified": true,
        "username": null, "name": null, "first_name": null, "last_name": null, "is_active": true, "roles": ["user"],
        "created_at": "2026-03-01T12:00:00.123456Z", "updated_at": null, "last_login_at": null,
    })
}

fn problem(status: u16, code: &str) -> Value {
    let mut problem = json!({
        "type": format!("urn:portcullis:problem:{code}"), "title": code, "status": status, "detail": code,
        "code": code, "instance": "urn:uuid:019ca0f4-3c5b-7cc1-8000-5d2e3b7f7a10",
    });
    if status == 503 {
        problem["retry_after"] = json!(2);
    }
    problem
}
