use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::harness::Server;

/// Hands each connection to the next instance that says it is ready, as the usual ones do: it asks now and
/// then, and knows nothing of what it passes on.
pub(crate) struct LoadBalancer {
    pub(crate) url: String,
    backends: Backends,
    tasks: Vec<JoinHandle<()>>,
}

type Backends = Arc<Mutex<Vec<Backend>>>;

#[derive(Clone)]
struct Backend {
    url: String,
    is_ready: bool,
}

/// Well below the time for which an instance that is about to end takes new connections.
const PROBE_INTERVAL: Duration = Duration::from_millis(50);

impl LoadBalancer {
    pub(crate) async fn before(servers: &[&Server]) -> Self {
        let backend = |server: &&Server| Backend { url: server.url().to_owned(), is_ready: true };
        let backends: Backends = Arc::new(Mutex::new(servers.iter().map(backend).collect()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let tasks =
            vec![tokio::spawn(pass_on(listener, backends.clone())), tokio::spawn(probe(backends.clone()))];
        Self { url, backends, tasks }
    }

    /// Whether an instance is ready for more, as far as it knows.
    pub(crate) fn sends_to(&self, server: &Server) -> bool {
        let backends = self.backends.lock().expect("no holder panics");
        backends.iter().any(|backend| backend.url == server.url() && backend.is_ready)
    }

    /// Sends nothing more to one instance, and some to another.
    pub(crate) fn replace(&self, old: &str, new: &Server) {
        let mut backends = self.backends.lock().expect("no holder panics");
        backends.retain(|backend| backend.url != old);
        backends.push(Backend { url: new.url().to_owned(), is_ready: true });
    }
}

impl Drop for LoadBalancer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn pass_on(listener: TcpListener, backends: Backends) {
    for turn in 0_usize.. {
        let Ok((mut client, _)) = listener.accept().await else { return };
        let ready = ready(&backends).await;
        let address = ready[turn % ready.len()].trim_start_matches("http://").parse::<SocketAddr>();
        tokio::spawn(async move {
            let mut server = TcpStream::connect(address.expect("an address")).await.expect("it is ready");
            // Whoever hangs up first ends it for both.
            let _ = copy_bidirectional(&mut client, &mut server).await;
        });
    }
}

/// Those that are ready, once one is: on a busy machine all of them may be too late to say so for a moment.
async fn ready(backends: &Backends) -> Vec<String> {
    loop {
        let ready: Vec<_> = {
            let backends = backends.lock().expect("no holder panics");
            backends.iter().filter(|backend| backend.is_ready).map(|backend| backend.url.clone()).collect()
        };
        if !ready.is_empty() {
            return ready;
        }
        tokio::time::sleep(PROBE_INTERVAL).await;
    }
}

async fn probe(backends: Backends) {
    let client = reqwest::Client::new();
    loop {
        let urls: Vec<_> = {
            let backends = backends.lock().expect("no holder panics");
            backends.iter().map(|backend| backend.url.clone()).collect()
        };
        for url in urls {
            let answer = client.get(format!("{url}/health/ready")).send().await;
            let is_ready = answer.is_ok_and(|answer| answer.status().is_success());
            let mut backends = backends.lock().expect("no holder panics");
            for backend in backends.iter_mut().filter(|backend| backend.url == url) {
                backend.is_ready = is_ready;
            }
        }
        tokio::time::sleep(PROBE_INTERVAL).await;
    }
}
