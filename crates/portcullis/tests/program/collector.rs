//! A collector of OpenTelemetry that takes spans over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

/// What it was sent, head by head and span by span.
#[derive(Clone, Default)]
struct Received {
    heads: Vec<String>,
    requests: Vec<ExportTraceServiceRequest>,
}

pub(crate) struct Collector {
    pub(crate) url: String,
    received: Arc<Mutex<Received>>,
}

impl Collector {
    /// A collector that takes whatever comes.
    pub(crate) fn start() -> Self {
        let received = Arc::new(Mutex::new(Received::default()));
        let url = listen({
            let received = Arc::clone(&received);
            move |connection| take_all(&connection, &received)
        });
        Self { url, received }
    }

    /// The URL of one that reads and never answers.
    pub(crate) fn hung() -> String {
        listen(|mut connection| {
            std::io::copy(&mut connection, &mut std::io::sink()).ok();
        })
    }

    /// The spans that it has.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let received = self.received.lock().expect("no holder panics").clone();
        let scopes = received.requests.into_iter().flat_map(|request| request.resource_spans);
        scopes.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// All that it was told, in one text.
    pub(crate) fn text(&self) -> String {
        let received = self.received.lock().expect("no holder panics");
        format!("{}{:?}", received.heads.concat(), received.requests)
    }

    /// The spans of a trace once `name` is among them, which is the last to end.
    #[track_caller]
    pub(crate) fn trace(&self, trace: &str, name: &str) -> Vec<Span> {
        const PATIENCE: Duration = Duration::from_secs(20);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut spans = self.spans();
            spans.retain(|span| hex(&span.trace_id) == trace);
            if spans.iter().any(|span| span.name == name) {
                return spans;
            }
            assert!(Instant::now() < deadline, "{name} does not come: {spans:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Listens for ever and gives each connection to `serve`; the URL of it.
fn listen(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let (connection, serve) = (connection.expect("somebody connects"), serve.clone());
            std::thread::spawn(move || serve(connection));
        }
    });
    url
}

fn take_all(connection: &TcpStream, received: &Mutex<Received>) {
    let mut incoming = BufReader::new(connection);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if incoming.read_line(&mut head).expect("a head is text") == 0 {
                return;
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.and_then(|length| length.parse().ok()).expect("a body has a length");
        let mut body = vec![0; length];
        incoming.read_exact(&mut body).expect("a body arrives whole");
        {
            let mut received = received.lock().expect("no holder panics");
            received.heads.push(head);
            received.requests.push(ExportTraceServiceRequest::decode(body.as_slice()).expect("it is OTLP"));
        }
        { connection }.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").expect("they listen");
    }
}

pub(crate) fn hex(id: &[u8]) -> String {
    id.iter().fold(String::new(), |text, octet| text + &format!("{octet:02x}"))
}

/// The value of an attribute as text.
pub(crate) fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    match &attribute.value {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => Some(text.clone()),
        Some(AnyValue { value: Some(Value::IntValue(number)) }) => Some(number.to_string()),
        other => panic!("{key} is {other:?}"),
    }
}
