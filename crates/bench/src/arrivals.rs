//! The other load: requests that arrive at a fixed rate, however long the answers to earlier ones take. What a
//! closed loop cannot show is seen with it: how a service copes with more than it can do.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::TryStreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{sleep_until, timeout};

use crate::driver::UnexpectedAnswer;
use crate::http_client::Connection;
use crate::latency::Latencies;

/// Requests that come whatever happens to the earlier ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrivals<'a> {
    /// They are sent in turn, again and again.
    pub(crate) requests: &'a [Vec<u8>],
    /// Of all of them together.
    pub(crate) a_second: f64,
    /// No request is sent after this time.
    pub(crate) last: Duration,
}

/// What became of requests that came too often.
#[derive(Clone, Debug)]
pub(crate) struct Reception {
    pub(crate) served: Answered,
    pub(crate) refused: Answered,
    /// When the first request was due.
    begun: Instant,
    /// How long requests arrived.
    lasted: Duration,
    /// When the last request that was served got its answer, if any did.
    last_served: Option<Instant>,
}

/// Answers of one kind. Their latencies count from when the request was due, so they tell how long a client
/// waits that does not care about the others.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    count: u32,
    latencies: Latencies,
}

impl Answered {
    fn none() -> Self {
        Self { count: 0, latencies: Latencies::new() }
    }

    fn add(&mut self, latency: Duration) {
        self.count += 1;
        self.latencies.record(latency);
    }

    /// The seconds within which `share` of them came, a number from 0 to 1.
    pub(crate) fn latency(&self, share: f64) -> f64 {
        self.latencies.quantile(share).as_secs_f64()
    }
}

impl Reception {
    /// Requests that got what they asked for, a second. What waited in a queue when no more requests came was
    /// served in a time of its own.
    pub(crate) fn goodput(&self) -> f64 {
        let until_the_last = self.last_served.map_or(Duration::ZERO, |served| served - self.begun);
        f64::from(self.served.count) / self.lasted.max(until_the_last).as_secs_f64()
    }

    /// Requests that were turned away, a second.
    pub(crate) fn refusals(&self) -> f64 {
        f64::from(self.refused.count) / self.lasted.as_secs_f64()
    }
}

/// More requests under way than this would measure the limits of the driver.
const MOST_UNDER_WAY: usize = 2_000;
/// How much longer than the arrivals a run may take for the answers under way.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends the requests to the server at `address` when they are due, each on a connection that is free or new.
///
/// # Errors
///
/// With the first answer that is neither 200 nor 503, or does not come; and when so many answers are
/// outstanding that the server does not turn requests away but keeps them.
pub(crate) async fn send(address: SocketAddr, arrivals: Arrivals<'_>) -> anyhow::Result<Reception> {
    let Arrivals { requests, a_second, last } = arrivals;
    ensure!(!requests.is_empty() && a_second > 0.0, "there is something to send");
    let free = RefCell::new(Vec::new());
    let begun = Instant::now();
    let tally = RefCell::new(Reception {
        served: Answered::none(),
        refused: Answered::none(),
        begun,
        lasted: last,
        last_served: None,
    });
    let due = (0_u32..)
        .map(|number| begun + Duration::from_secs_f64(f64::from(number) / a_second))
        .take_while(|due| due.duration_since(begun) < last);

    let mut under_way = FuturesUnordered::new();
    for (due, request) in due.zip(requests.iter().cycle()) {
        while let Some(result) = tokio::select! {
            biased;
            () = sleep_until(due.into()) => None,
            Some(result) = futures_util::StreamExt::next(&mut under_way) => Some(result),
        } {
            let () = result?;
        }
        under_way.push(exchange(address, request, due, &free, &tally));
        ensure!(under_way.len() <= MOST_UNDER_WAY, "{MOST_UNDER_WAY} requests wait for their answers");
    }
    timeout(PATIENCE, under_way.try_collect::<()>()).await.context("answers did not come")??;
    Ok(tally.into_inner())
}

async fn exchange(
    address: SocketAddr,
    request: &[u8],
    due: Instant,
    free: &RefCell<Vec<Connection>>,
    tally: &RefCell<Reception>,
) -> anyhow::Result<()> {
    let kept = free.borrow_mut().pop();
    let mut connection = match kept {
        Some(connection) => connection,
        None => Connection::open(address).await.context("cannot connect")?,
    };
    let answer = connection.exchange(request).await?;
    let answered = Instant::now();
    let latency = answered - due;
    let tally = &mut *tally.borrow_mut();
    match answer.status {
        200 => {
            tally.served.add(latency);
            tally.last_served = Some(answered);
        }
        503 => tally.refused.add(latency),
        _ => return Err(UnexpectedAnswer::from(answer).into()),
    }
    free.borrow_mut().push(connection);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers what comes to it with these in turn.
    async fn answering(answers: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let next = Arc::new(AtomicUsize::new(0));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let next = Arc::clone(&next);
                tokio::spawn(async move {
                    let mut request = [0; 1024];
                    while stream.read(&mut request).await.is_ok_and(|length| length > 0) {
                        let answer = answers[next.fetch_add(1, Ordering::Relaxed) % answers.len()];
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                });
            }
        });
        address
    }

    const SERVED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const REFUSED: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

    fn ten_a_second(requests: &[Vec<u8>]) -> Arrivals<'_> {
        Arrivals { requests, a_second: 10.0, last: Duration::from_secs(1) }
    }

    #[tokio::test]
    async fn what_is_served_and_what_is_refused_are_counted_apart() {
        let address = answering(&[SERVED, REFUSED, REFUSED]).await;
        let requests = [b"GET / HTTP/1.1\r\n\r\n".to_vec()];
        let reception = send(address, ten_a_second(&requests)).await.unwrap();
        assert_eq!((reception.served.count, reception.refused.count), (4, 6));
        assert!((reception.refusals() - 6.0).abs() < 1e-9, "in the second in which they arrived");
        let until_the_last = reception.last_served.unwrap() - reception.begun;
        let goodput = 4.0 / until_the_last.as_secs_f64().max(1.0);
        assert!((reception.goodput() - goodput).abs() < 1e-9);
    }

    #[test]
    fn what_is_served_after_the_last_arrival_took_longer_than_the_arrivals() {
        let begun = Instant::now();
        let reception = |seconds| Reception {
            served: Answered { count: 30, latencies: Latencies::new() },
            refused: Answered { count: 10, latencies: Latencies::new() },
            begun,
            lasted: Duration::from_secs(2),
            last_served: Some(begun + Duration::from_secs(seconds)),
        };
        assert!((reception(1).goodput() - 15.0).abs() < 1e-9 && (reception(3).goodput() - 10.0).abs() < 1e-9);
        assert!((reception(3).refusals() - 5.0).abs() < 1e-9);
    }

    #[tokio::test]
    async fn an_answer_of_another_kind_ends_the_run() {
        let address = answering(&[SERVED, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"]).await;
        let requests = [b"GET / HTTP/1.1\r\n\r\n".to_vec()];
        let error = send(address, ten_a_second(&requests)).await.unwrap_err();
        assert_eq!(error.to_string(), "unexpected answer: 401 ");
    }
}
