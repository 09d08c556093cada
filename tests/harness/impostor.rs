use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::Server;
use super::upstream::{Arrived, read_request};

/// Stands in front of a server, passes calls on, and lies about some.
pub(crate) struct Impostor {
    url: String,
    task: JoinHandle<()>,
}

/// How it lies.
#[derive(Clone, Copy)]
pub(crate) struct Lie {
    /// Changes a call on its way, or answers it.
    pub(crate) before: fn(&Memory, &mut Call) -> Option<Reply>,
    /// Changes an answer on its way.
    pub(crate) after: fn(&Memory, &Call, &mut Reply),
}

impl Lie {
    pub(crate) const NONE: Self = Self { before: |_, _| None, after: |_, _, _| () };

    pub(crate) const fn before(before: fn(&Memory, &mut Call) -> Option<Reply>) -> Self {
        Self { before, ..Self::NONE }
    }

    pub(crate) const fn after(after: fn(&Memory, &Call, &mut Reply)) -> Self {
        Self { after, ..Self::NONE }
    }
}

/// What it remembers of calls so far.
pub(crate) struct Memory {
    notes: Mutex<HashMap<String, String>>,
    /// The folder of the server's mails.
    pub(crate) mailbox: PathBuf,
}

impl Memory {
    pub(crate) fn notes(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.notes.lock().expect("no holder panics")
    }
}

pub(crate) struct Call {
    pub(crate) method: Method,
    /// With the query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    /// Null if it is no JSON.
    pub(crate) body: Value,
    /// Whether the body is passed on instead of the octets that came.
    is_changed: bool,
    octets: Vec<u8>,
}

impl Call {
    fn read(arrived: Arrived) -> Self {
        let mut words = arrived.line.split(' ').map(str::to_owned);
        let method = words.next().and_then(|method| method.parse().ok()).expect("a method");
        let path = words.next().expect("a path");
        let body = serde_json::from_slice(&arrived.body).unwrap_or_default();
        Self { method, path, headers: arrived.headers, body, is_changed: false, octets: arrived.body }
    }

    pub(crate) fn is(&self, method: &Method, path: &str) -> bool {
        self.method == method && self.path == path
    }

    /// Changes a member of the body.
    pub(crate) fn set(&mut self, member: &str, value: Value) {
        self.body[member] = value;
        self.is_changed = true;
    }

    pub(crate) fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_default()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// How long to hold it back.
    pub(crate) delay: Duration,
}

impl Reply {
    pub(crate) fn new(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string(), delay: Duration::ZERO }
    }

    pub(crate) fn problem(status: u16, code: &str) -> Self {
        Self::new(status, &json!({ "status": status, "code": code }))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// As it goes over the wire, with its body or without.
    fn written(&self, has_body: bool) -> String {
        let body = if has_body { self.body.as_str() } else { "" };
        let mut written = format!("HTTP/1.1 {} as told\r\n", self.status);
        for (name, value) in &self.headers {
            write!(written, "{name}: {value}\r\n").expect("a string takes all");
        }
        if self.status != 204 {
            write!(written, "content-length: {}\r\n", body.len()).expect("a string takes all");
        }
        written + "\r\n" + body
    }
}

impl Impostor {
    pub(crate) async fn before(server: &Server, lie: Lie) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let memory = Memory { notes: Mutex::default(), mailbox: server.data_dir().join("mailbox") };
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let stand_in = Arc::new(StandIn { server: server.url().to_owned(), client, memory, lie });
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let stand_in = Arc::clone(&stand_in);
                tokio::spawn(async move { stand_in.serve(connection).await.ok() });
            }
        });
        Self { url, task }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct StandIn {
    server: String,
    client: Client,
    memory: Memory,
    lie: Lie,
}

impl StandIn {
    async fn serve(&self, connection: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(connection);
        while let Some(arrived) = read_request(&mut stream).await? {
            let call = Call::read(arrived);
            let has_body = call.method != Method::HEAD;
            let reply = self.answer(call).await;
            tokio::time::sleep(reply.delay).await;
            stream.get_mut().write_all(reply.written(has_body).as_bytes()).await?;
        }
        Ok(())
    }

    async fn answer(&self, mut call: Call) -> Reply {
        if let Some(reply) = (self.lie.before)(&self.memory, &mut call) {
            return reply;
        }
        let mut reply = self.pass_on(&call).await;
        (self.lie.after)(&self.memory, &call, &mut reply);
        reply
    }

    async fn pass_on(&self, call: &Call) -> Reply {
        const OF_THE_CONNECTION: [&str; 4] =
            ["connection", "content-length", "transfer-encoding", "keep-alive"];
        let is_passed_on = |name: &str| !OF_THE_CONNECTION.contains(&name);
        let mut request = self.client.request(call.method.clone(), format!("{}{}", self.server, call.path));
        for (name, value) in call.headers.iter().filter(|(name, _)| is_passed_on(name)) {
            request = request.header(name, value);
        }
        let body = if call.is_changed { call.body.to_string().into_bytes() } else { call.octets.clone() };
        let response = request.body(body).send().await.expect("the server answers");
        let headers = response.headers().iter().filter(|(name, _)| is_passed_on(name.as_str()));
        Reply {
            status: response.status().as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
                .collect(),
            body: response.text().await.expect("the body arrives whole"),
            delay: Duration::ZERO,
        }
    }
}
