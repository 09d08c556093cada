//! A stretch of wire on which round trips can be counted.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep_until};

/// Hands on what is said between clients and a server, each answer a little later: whoever waits for one
/// before going on is seen to, and takes that much longer.
///
/// It counts how often a client speaks that has been answered before. What is sent without a look at the
/// answers, as in a pipeline, is one round trip however much it is.
#[derive(Clone)]
pub struct Wire {
    delay: Duration,
    trips: Arc<AtomicUsize>,
}

impl Wire {
    /// Stands before the server of a database URL, holds up answers for `delay`, and gives the URL to reach
    /// it by. Whoever connects is served on this runtime.
    ///
    /// # Errors
    ///
    /// An error of the operating system.
    ///
    /// # Panics
    ///
    /// When the URL names no user or no database.
    pub async fn before(url: &str, delay: Duration) -> io::Result<(Self, String)> {
        let (start, rest) = url.split_once('@').expect("a URL names a user");
        let (server, database) = rest.split_once('/').expect("a URL names a database");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (wire, server) = (Self { delay, trips: Arc::default() }, server.to_owned());
        let serving = wire.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serving.clone().join(client, server.clone()));
            }
        });
        Ok((wire, format!("{start}@{address}/{database}")))
    }

    /// How many round trips there were, on all connections together, since it was last asked.
    #[must_use]
    pub fn take_count(&self) -> usize {
        self.trips.swap(0, Ordering::SeqCst)
    }

    /// Serves a client until it or the server goes away, which the other one then sees.
    async fn join(self, client: TcpStream, server: String) -> io::Result<()> {
        let server = TcpStream::connect(&server).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let is_answered = Arc::new(AtomicBool::new(true));
        let (sender, receiver) = unbounded_channel();
        tokio::spawn(take_in(from_server, self.delay, sender));
        tokio::spawn(hand_out(receiver, to_client, Arc::clone(&is_answered)));
        self.ask(from_client, to_server, &is_answered).await
    }

    async fn ask(
        self,
        mut client: OwnedReadHalf,
        mut server: OwnedWriteHalf,
        is_answered: &AtomicBool,
    ) -> io::Result<()> {
        let mut octets = vec![0; 1 << 16];
        loop {
            match client.read(&mut octets).await? {
                0 => return server.shutdown().await,
                length => {
                    if is_answered.swap(false, Ordering::SeqCst) {
                        self.trips.fetch_add(1, Ordering::SeqCst);
                    }
                    server.write_all(&octets[..length]).await?;
                }
            }
        }
    }
}

/// What a server said, and when it may be known.
type Held = (Instant, Vec<u8>);

async fn take_in(mut server: OwnedReadHalf, delay: Duration, held: UnboundedSender<Held>) {
    let mut octets = vec![0; 1 << 16];
    while let Ok(length @ 1..) = server.read(&mut octets).await {
        if held.send((Instant::now() + delay, octets[..length].to_vec())).is_err() {
            break;
        }
    }
}

async fn hand_out(
    mut held: UnboundedReceiver<Held>,
    mut client: OwnedWriteHalf,
    is_answered: Arc<AtomicBool>,
) {
    while let Some((moment, octets)) = held.recv().await {
        sleep_until(moment).await;
        is_answered.store(true, Ordering::SeqCst);
        if client.write_all(&octets).await.is_err() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ends of a wire that holds up what the server says for `delay`.
    async fn ends(delay: Duration) -> (Wire, TcpStream, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("postgres://ada@{}/accounts", listener.local_addr().unwrap());
        let (wire, url) = Wire::before(&url, delay).await.unwrap();
        let place = url.strip_prefix("postgres://ada@").unwrap().strip_suffix("/accounts").unwrap();
        let client = TcpStream::connect(place).await.unwrap();
        client.set_nodelay(true).unwrap();
        let (server, _) = listener.accept().await.unwrap();
        (wire, client, server)
    }

    /// The client says something, and the server says it back once it has heard it.
    async fn echo(client: &mut TcpStream, server: &mut TcpStream, words: &[u8]) {
        client.write_all(words).await.unwrap();
        let mut heard = vec![0; words.len()];
        server.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, words);
        server.write_all(words).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_sent_before_an_answer_is_one_round_trip() {
        // No answer comes while the test lasts.
        let (wire, mut client, mut server) = ends(Duration::from_hours(1)).await;
        for word in [b"one", b"two"] {
            echo(&mut client, &mut server, word).await;
        }
        assert_eq!(wire.take_count(), 1);
    }

    #[tokio::test]
    async fn what_is_sent_after_an_answer_is_another_round_trip() {
        let (wire, mut client, mut server) = ends(Duration::from_millis(1)).await;
        for _ in 0..2 {
            echo(&mut client, &mut server, b"again").await;
            let mut answer = [0; 5];
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"again");
        }
        assert_eq!((wire.take_count(), wire.take_count()), (2, 0));
    }

    #[tokio::test]
    async fn an_answer_comes_as_much_later_as_was_asked_for() {
        const DELAY: Duration = Duration::from_secs(1);
        let (_wire, mut client, mut server) = ends(DELAY).await;
        let asked = Instant::now();
        echo(&mut client, &mut server, b"word").await;
        client.read_exact(&mut [0; 4]).await.unwrap();
        assert!(asked.elapsed() >= DELAY, "{:?}", asked.elapsed());
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_is_seen_to_by_the_server() {
        let (_wire, mut client, mut server) = ends(Duration::from_millis(1)).await;
        client.write_all(b"last words").await.unwrap();
        client.shutdown().await.unwrap();
        let mut heard = Vec::new();
        server.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"last words");
        server.write_all(b"farewell").await.unwrap();
        drop(server);
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"farewell");
    }
}
