//! The load: callers in a closed loop, each with one request under way.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::TryStreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{sleep, timeout};

use crate::http_client::{Answer, Connection};
use crate::latency::Latencies;

/// Somebody who keeps calling, and knows what answer to expect.
pub(crate) trait Caller {
    /// The next request, whole.
    fn request(&self) -> &[u8];

    /// Takes the answer in, or says that it is not the expected one.
    fn take(&mut self, answer: Answer<'_>) -> Result<(), UnexpectedAnswer>;
}

impl<C: Caller + ?Sized> Caller for Box<C> {
    fn request(&self) -> &[u8] {
        (**self).request()
    }

    fn take(&mut self, answer: Answer<'_>) -> Result<(), UnexpectedAnswer> {
        (**self).take(answer)
    }
}

/// Callers who share a connection, and take turns.
pub(crate) struct Turns<C> {
    callers: Vec<C>,
    next: usize,
}

impl<C> Turns<C> {
    /// Deals callers to so many connections, as many of them to each as to any other. Who is left over does
    /// not call.
    pub(crate) fn deal(callers: Vec<C>, connections: usize) -> anyhow::Result<Vec<Self>> {
        let each = callers.len() / connections;
        ensure!(each > 0, "{} callers are too few for {connections} connections", callers.len());
        let mut callers = callers.into_iter();
        let turns = |_| Self { callers: callers.by_ref().take(each).collect(), next: 0 };
        Ok((0..connections).map(turns).collect())
    }
}

impl<C: Caller> Caller for Turns<C> {
    fn request(&self) -> &[u8] {
        self.callers[self.next].request()
    }

    fn take(&mut self, answer: Answer<'_>) -> Result<(), UnexpectedAnswer> {
        self.callers[self.next].take(answer)?;
        self.next = (self.next + 1) % self.callers.len();
        Ok(())
    }
}

/// An answer that the caller did not expect.
#[derive(Debug, thiserror::Error)]
#[error("unexpected answer: {status} {body}")]
pub(crate) struct UnexpectedAnswer {
    status: u16,
    body: String,
}

impl From<Answer<'_>> for UnexpectedAnswer {
    fn from(Answer { status, body }: Answer<'_>) -> Self {
        Self { status, body: String::from_utf8_lossy(body).into_owned() }
    }
}

/// A caller with a connection of their own.
struct Client<'a, C> {
    connection: Connection,
    caller: &'a mut C,
}

impl<C: Caller> Client<'_, C> {
    async fn keep_calling(
        mut self,
        load: Load,
        begun: Instant,
        tally: &RefCell<Tally>,
    ) -> anyhow::Result<()> {
        while begun.elapsed() < load.lasts && tally.borrow_mut().may_send(load.most) {
            let latency = self.call().await?;
            tally.borrow_mut().count(latency, load.pause);
            if !load.pause.is_zero() {
                sleep(load.pause).await;
            }
        }
        Ok(())
    }

    async fn call(&mut self) -> anyhow::Result<Duration> {
        let sent = Instant::now();
        let answer = self.connection.exchange(self.caller.request()).await?;
        let latency = sent.elapsed();
        self.caller.take(answer)?;
        Ok(latency)
    }
}

/// How callers call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// No request is sent after this time.
    pub(crate) lasts: Duration,
    /// How long a caller waits between an answer and their next request.
    pub(crate) pause: Duration,
    /// No more requests than this are sent.
    pub(crate) most: u32,
}

impl Load {
    /// Each answer is followed by the next request at once.
    pub(crate) fn without_pause(lasts: Duration) -> Self {
        Self { lasts, pause: Duration::ZERO, most: u32::MAX }
    }

    /// So many requests, however long they take.
    pub(crate) fn of(requests: u32) -> Self {
        const LONGEST: Duration = Duration::from_mins(10);
        Self { most: requests, ..Self::without_pause(LONGEST) }
    }
}

/// Runs before the first round, so that threads, statements and caches are there.
pub(crate) const WARM_UP: Load =
    Load { lasts: Duration::from_secs(1), pause: Duration::ZERO, most: u32::MAX };

struct Tally {
    sent: u32,
    answers: u32,
    latencies: Latencies,
}

impl Tally {
    /// Whether one more request may be sent, which it then is.
    fn may_send(&mut self, most: u32) -> bool {
        let may = self.sent < most;
        self.sent += u32::from(may);
        may
    }

    fn count(&mut self, latency: Duration, pause: Duration) {
        self.answers += 1;
        self.latencies.record_with_missed(latency, pause);
    }
}

/// What a load met with.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) answers: u32,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    latencies: Latencies,
}

impl Outcome {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(self.answers) / self.took.as_secs_f64()
    }

    /// The seconds within which `share` of the answers came, a number from 0 to 1.
    pub(crate) fn latency(&self, share: f64) -> f64 {
        self.latencies.quantile(share).as_secs_f64()
    }
}

/// How much longer than its load a run may take for the answers under way.
const PATIENCE: Duration = Duration::from_secs(30);

/// Lets all `callers` call the server at `address` at the same time, on this thread. Their connections are
/// there before the time runs.
///
/// # Errors
///
/// With the first answer that is not the expected one, or does not come.
pub(crate) async fn drive<C: Caller>(
    address: SocketAddr,
    callers: &mut [C],
    load: Load,
) -> anyhow::Result<Outcome> {
    let mut clients = Vec::new();
    for caller in callers {
        let connection = Connection::open(address).await.context("cannot connect")?;
        clients.push(Client { connection, caller });
    }
    let tally = RefCell::new(Tally { sent: 0, answers: 0, latencies: Latencies::new() });
    let begun = Instant::now();
    let calling: FuturesUnordered<_> =
        clients.into_iter().map(|client| client.keep_calling(load, begun, &tally)).collect();
    timeout(load.lasts + PATIENCE, calling.try_collect::<()>()).await.context("answers did not come")??;
    let took = begun.elapsed();
    let Tally { answers, latencies, .. } = tally.into_inner();
    Ok(Outcome { answers, took, latencies })
}

/// Asks for the same thing again and again, and expects the same answer as at first, to the octet.
pub(crate) struct Repeats {
    request: Vec<u8>,
    expected: Vec<u8>,
}

impl Repeats {
    /// Asks `request` once to learn the answer, which must be 200.
    pub(crate) async fn learn(connection: &mut Connection, request: Vec<u8>) -> anyhow::Result<Self> {
        let answer = connection.exchange(&request).await?;
        if answer.status != 200 {
            return Err(UnexpectedAnswer::from(answer).into());
        }
        let expected = answer.body.to_vec();
        Ok(Self { request, expected })
    }

    /// The body of every answer.
    pub(crate) fn expected(&self) -> &[u8] {
        &self.expected
    }
}

impl Caller for Repeats {
    fn request(&self) -> &[u8] {
        &self.request
    }

    fn take(&mut self, answer: Answer<'_>) -> Result<(), UnexpectedAnswer> {
        if answer.status == 200 && answer.body == self.expected { Ok(()) } else { Err(answer.into()) }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Says who they are, and expects to be answered with it.
    struct Echo(&'static [u8]);

    impl Caller for Echo {
        fn request(&self) -> &[u8] {
            self.0
        }

        fn take(&mut self, answer: Answer<'_>) -> Result<(), UnexpectedAnswer> {
            if answer.body == self.0 { Ok(()) } else { Err(answer.into()) }
        }
    }

    #[test]
    fn callers_on_one_connection_take_turns() {
        let callers = ["a", "b", "c", "d", "e"].map(|name| Echo(name.as_bytes())).into();
        let mut turns = Turns::deal(callers, 2).unwrap();
        assert_eq!(turns.len(), 2);
        for turn in [b"c", b"d", b"c"] {
            assert_eq!(turns[1].request(), turn);
            turns[1].take(Answer { status: 200, body: turn }).unwrap();
        }
        turns[1].take(Answer { status: 200, body: b"c" }).expect_err("it is the turn of d");
        assert!(Turns::deal(vec![Echo(b"a")], 2).is_err(), "somebody would have to wait for ever");
    }

    const LOAD: Load = Load { lasts: Duration::from_millis(100), pause: Duration::ZERO, most: u32::MAX };

    /// A server that answers the nth request on a connection with `body(n)`.
    async fn answering(body: fn(u32) -> &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 1024];
                    let mut number = 0;
                    while stream.read(&mut request).await.is_ok_and(|length| length > 0) {
                        let body = body(number);
                        let length = body.len();
                        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
                        if stream.write_all(answer.as_bytes()).await.is_err() {
                            break;
                        }
                        number += 1;
                    }
                });
            }
        });
        address
    }

    async fn callers(address: SocketAddr, count: usize) -> Vec<Repeats> {
        let mut callers = Vec::new();
        for _ in 0..count {
            let mut connection = Connection::open(address).await.unwrap();
            callers.push(Repeats::learn(&mut connection, crate::http_client::get("/", None)).await.unwrap());
        }
        callers
    }

    #[tokio::test]
    async fn callers_call_until_the_time_is_over() {
        let address = answering(|_| "same").await;
        let mut callers = callers(address, 3).await;
        let outcome = drive(address, &mut callers, LOAD).await.unwrap();
        assert!(outcome.answers >= 3, "{outcome:?}");
        assert!(outcome.took >= LOAD.lasts && outcome.took < PATIENCE, "{outcome:?}");
    }

    #[tokio::test]
    async fn callers_call_as_often_as_is_asked() {
        let address = answering(|_| "same").await;
        let mut callers = callers(address, 3).await;
        let outcome = drive(address, &mut callers, Load::of(100)).await.unwrap();
        assert_eq!(outcome.answers, 100);
    }

    #[tokio::test]
    async fn a_pause_bounds_the_rate() {
        let address = answering(|_| "same").await;
        let mut callers = callers(address, 2).await;
        let load = Load { pause: Duration::from_millis(30), ..LOAD };
        let outcome = drive(address, &mut callers, load).await.unwrap();
        assert!((2..=8).contains(&outcome.answers), "{outcome:?}");
    }

    #[tokio::test]
    async fn one_other_answer_ends_the_run() {
        let address = answering(|number| if number < 5 { "same" } else { "other" }).await;
        let mut callers = callers(address, 2).await;
        let error = drive(address, &mut callers, Load::without_pause(PATIENCE)).await.unwrap_err();
        assert_eq!(error.to_string(), "unexpected answer: 200 other");
    }
}
