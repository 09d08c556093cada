//! A stretch of wire on which round trips can be counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Hands on what is said between clients and a server, each answer a little later: whoever waits for one
/// before going on is seen to.
#[derive(Clone, Default)]
pub(crate) struct Proxy {
    trips: Arc<AtomicUsize>,
    is_answered: Arc<AtomicBool>,
}

impl Proxy {
    const DELAY: Duration = Duration::from_millis(15);

    /// Stands before the server of a URL, and gives the URL to reach it by.
    pub(crate) async fn before(url: &str) -> (Self, String) {
        let (start, rest) = url.split_once('@').expect("a URL names a user");
        let (server, database) = rest.split_once('/').expect("a URL names a database");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("it has an address");
        let (proxy, server) = (Self::default(), server.to_owned());
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.expect("the server is there");
                client.set_nodelay(true).expect("a setting");
                server.set_nodelay(true).expect("a setting");
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(serving.clone().ask(from_client, to_server));
                tokio::spawn(serving.clone().answer(from_server, to_client));
            }
        });
        (proxy, format!("{start}@{address}/{database}"))
    }

    /// How many round trips there were since it was last asked.
    pub(crate) fn take_count(&self) -> usize {
        self.is_answered.store(true, Ordering::SeqCst);
        self.trips.swap(0, Ordering::SeqCst)
    }

    async fn ask(self, mut client: OwnedReadHalf, mut server: OwnedWriteHalf) {
        let mut octets = vec![0; 1 << 16];
        while let Ok(length @ 1..) = client.read(&mut octets).await {
            if self.is_answered.swap(false, Ordering::SeqCst) {
                self.trips.fetch_add(1, Ordering::SeqCst);
            }
            if server.write_all(&octets[..length]).await.is_err() {
                break;
            }
        }
    }

    async fn answer(self, mut server: OwnedReadHalf, mut client: OwnedWriteHalf) {
        let mut octets = vec![0; 1 << 16];
        while let Ok(length @ 1..) = server.read(&mut octets).await {
            tokio::time::sleep(Self::DELAY).await;
            self.is_answered.store(true, Ordering::SeqCst);
            if client.write_all(&octets[..length]).await.is_err() {
                break;
            }
        }
    }
}
