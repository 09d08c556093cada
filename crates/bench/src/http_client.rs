//! A small HTTP/1.1 client that costs the driver little: one connection, kept alive, one request at a time,
//! answers with a `Content-Length` only.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;

use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that is kept from request to request.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What the server answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    #[error("the connection failed")]
    Connection(#[from] io::Error),
    #[error("the server closed the connection")]
    Closed,
    #[error("the answer is not HTTP/1.1")]
    Malformed(#[from] httparse::Error),
    #[error("the answer has no Content-Length that this client understands")]
    Unframed,
    #[error("more came than the answer")]
    Surplus,
    #[error("the answer is larger than {} octets", Connection::LARGEST_ANSWER)]
    TooLarge,
}

impl Connection {
    const USUAL_ANSWER: usize = 8 * 1024;
    const LARGEST_ANSWER: usize = 1024 * 1024;

    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: vec![0; Self::USUAL_ANSWER] })
    }

    /// Sends a whole request and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// See [`ExchangeError`]. The connection is then of no more use.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>, ExchangeError> {
        self.stream.write_all(request).await?;
        let mut length = 0;
        let head = loop {
            if length == self.received.len() {
                if length >= Self::LARGEST_ANSWER {
                    return Err(ExchangeError::TooLarge);
                }
                self.received.resize(2 * length, 0);
            }
            match self.stream.read(&mut self.received[length..]).await? {
                0 => return Err(ExchangeError::Closed),
                more => length += more,
            }
            let Some(head) = Head::parse(&self.received[..length])? else { continue };
            match length.cmp(&head.body.end) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => break head,
                std::cmp::Ordering::Greater => return Err(ExchangeError::Surplus),
            }
        };
        Ok(Answer { status: head.status, body: &self.received[head.body] })
    }
}

/// What the head of an answer says.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body stands, or will.
    body: Range<usize>,
}

impl Head {
    const MOST_HEADERS: usize = 32;

    /// Reads the head; `None` while it is incomplete.
    fn parse(octets: &[u8]) -> Result<Option<Self>, ExchangeError> {
        let mut headers = [httparse::EMPTY_HEADER; Self::MOST_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(start) = response.parse(octets)? else {
            return Ok(None);
        };
        let mut lengths = response.headers.iter().filter(|header| is(header, "Content-Length"));
        let length = match (lengths.next(), lengths.next()) {
            (Some(length), None) => str::from_utf8(length.value).ok().and_then(|value| value.parse().ok()),
            _ => None,
        };
        let in_chunks = response.headers.iter().any(|header| is(header, "Transfer-Encoding"));
        let length: usize = length.filter(|_| !in_chunks).ok_or(ExchangeError::Unframed)?;
        let end = start.checked_add(length).ok_or(ExchangeError::TooLarge)?;
        Ok(Some(Self { status: response.code.ok_or(ExchangeError::Unframed)?, body: start..end }))
    }
}

fn is(header: &httparse::Header<'_>, name: &str) -> bool {
    header.name.eq_ignore_ascii_case(name)
}

/// A `GET` of `path`, as the bearer of `access_token` if there is one.
pub(crate) fn get(path: &str, access_token: Option<&str>) -> Vec<u8> {
    let authorization =
        access_token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}\r\n").into_bytes()
}

/// A `POST` of `body` as JSON to `path`.
pub(crate) fn post(path: &str, body: &impl Serialize) -> Vec<u8> {
    let body = serde_json::to_vec(body).expect("bodies have string keys and cannot fail");
    let length = body.len();
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n"
    )
    .into_bytes();
    request.extend(body);
    request
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-other: 1\r\n\r\nhello";

    #[test]
    fn a_head_says_status_and_place_of_the_body() {
        let head = Head::parse(ANSWER).unwrap().unwrap();
        assert_eq!(head, Head { status: 200, body: ANSWER.len() - 5..ANSWER.len() });
    }

    #[test]
    fn an_incomplete_head_is_none_yet() {
        let start_of_body = ANSWER.len() - 5;
        for length in 0..start_of_body {
            assert_eq!(Head::parse(&ANSWER[..length]).unwrap(), None, "{length} octets");
        }
        assert!(Head::parse(&ANSWER[..start_of_body]).unwrap().is_some());
    }

    #[test]
    fn a_body_without_one_plain_length_is_refused() {
        for headers in [
            "",
            "content-length: -1\r\n",
            "content-length: five\r\n",
            "content-length: 5\r\ncontent-length: 5\r\n",
            "transfer-encoding: chunked\r\n",
            "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        ] {
            let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
            assert!(
                matches!(Head::parse(head.as_bytes()), Err(ExchangeError::Unframed)),
                "{headers:?} was understood"
            );
        }
    }

    #[test]
    fn what_is_not_http_is_refused() {
        let refused = Head::parse(b"220 mail.example.com ESMTP\r\n\r\n");
        assert!(matches!(refused, Err(ExchangeError::Malformed(_))));
    }

    #[test]
    fn requests_are_whole() {
        assert_eq!(
            String::from_utf8(get("/me", Some("abc"))).unwrap(),
            "GET /me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer abc\r\n\r\n"
        );
        assert_eq!(
            String::from_utf8(post("/login", &json!({"a": 1}))).unwrap(),
            "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: 7\r\n\r\n{\"a\":1}"
        );
    }

    /// A server that sends these pieces, with a pause between them, whenever something arrives.
    async fn answering(pieces: &'static [&'static [u8]]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut request = [0; 1024];
            while stream.read(&mut request).await.unwrap() > 0 {
                for piece in pieces {
                    stream.write_all(piece).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        });
        address
    }

    #[tokio::test]
    async fn an_answer_in_pieces_is_put_together_and_the_connection_kept() {
        let (head, body) = ANSWER.split_at(30);
        let (first, second) = (Vec::leak(vec![head, body]), &*get("/", None));
        let mut connection = Connection::open(answering(first).await).await.unwrap();
        for _ in 0..3 {
            let answer = connection.exchange(second).await.unwrap();
            assert_eq!((answer.status, answer.body), (200, &b"hello"[..]));
        }
    }

    #[tokio::test]
    async fn an_answer_larger_than_usual_is_read_whole() {
        let body = vec![b'x'; 100_000];
        let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend(&body);
        let address = answering(Vec::leak(vec![&*answer.leak()])).await;
        let mut connection = Connection::open(address).await.unwrap();
        assert_eq!(connection.exchange(&get("/", None)).await.unwrap().body, body);
    }

    #[tokio::test]
    async fn octets_after_the_answer_are_an_error() {
        let address = answering(&[b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"]).await;
        let mut connection = Connection::open(address).await.unwrap();
        let outcome = connection.exchange(&get("/", None)).await;
        assert!(matches!(outcome, Err(ExchangeError::Surplus)));
    }

    #[tokio::test]
    async fn a_connection_closed_before_the_answer_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(&ANSWER[..40]).await.unwrap();
        });
        let mut connection = Connection::open(address).await.unwrap();
        let outcome = connection.exchange(&get("/", None)).await;
        assert!(matches!(outcome, Err(ExchangeError::Closed)));
    }
}
