use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a reverse proxy passes requests on to: it keeps them, and answers all alike.
pub(crate) struct Upstream {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    status: AtomicU16,
    connections: AtomicUsize,
    requests: Mutex<Vec<Arrived>>,
}

/// A request that came through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrived {
    /// Method, path and query, and version.
    pub(crate) line: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Arrived {
    /// Every value that came under this name.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|header| header.0 == name).map(|header| header.1.as_str()).collect()
    }
}

impl Upstream {
    /// Serves at an address of its own, and answers 200.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            status: AtomicU16::new(200),
            connections: AtomicUsize::new(0),
            requests: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::Relaxed);
                let state = Arc::clone(&shared);
                tokio::spawn(async move { serve(connection, &state).await.ok() });
            }
        });
        Self { address, state, task }
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn answer_with(&self, status: u16) {
        self.state.status.store(status, Ordering::Relaxed);
    }

    /// How many connections were made to it.
    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// The requests since this was last asked.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        std::mem::take(&mut self.state.requests.lock().expect("no holder panics"))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(connection: TcpStream, state: &State) -> std::io::Result<()> {
    let mut stream = BufReader::new(connection);
    while let Some(request) = read_request(&mut stream).await? {
        state.requests.lock().expect("no holder panics").push(request);
        let status = state.status.load(Ordering::Relaxed);
        let rest = if status == 204 { "\r\n" } else { "Content-Length: 8\r\n\r\nupstream" };
        let answer = format!("HTTP/1.1 {status} as told\r\n{rest}");
        stream.get_mut().write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

pub(super) async fn read_request(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Arrived>> {
    let mut request = Arrived { line: read_line(stream).await?, ..Arrived::default() };
    if request.line.is_empty() {
        return Ok(None);
    }
    loop {
        let line = read_line(stream).await?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = request.header("content-length").first().and_then(|length| length.parse().ok());
    request.body.resize(length.unwrap_or(0), 0);
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}

/// Without its end; empty at the end of the connection, too.
async fn read_line(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    line.truncate(line.trim_end().len());
    Ok(line)
}
