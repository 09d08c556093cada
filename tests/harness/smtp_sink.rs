use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use mail_parser::MessageParser;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A mail server that keeps what it takes.
pub(crate) struct SmtpSink {
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    /// What every recipient is refused with, while there is something.
    refusal: Mutex<Option<&'static str>>,
    refused: AtomicUsize,
    mails: Mutex<Vec<Received>>,
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) recipient: String,
    pub(crate) text: String,
}

impl SmtpSink {
    /// Serves at this address from now on.
    pub(crate) async fn start(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("the address is free");
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move { converse(connection, &state).await.ok() });
            }
        });
        Self { state, task }
    }

    /// Refuses every recipient from now on, or takes them again.
    pub(crate) fn refuse(&self, with: Option<&'static str>) {
        *self.state.refusal.lock().expect("no holder panics") = with;
    }

    /// How many mails were refused so far.
    pub(crate) fn refused(&self) -> usize {
        self.state.refused.load(Ordering::SeqCst)
    }

    pub(crate) fn mails(&self) -> Vec<Received> {
        self.state.mails.lock().expect("no holder panics").clone()
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(connection: TcpStream, state: &State) -> std::io::Result<()> {
    let mut stream = BufReader::new(connection);
    stream.get_mut().write_all(b"220 sink\r\n").await?;
    let mut recipient = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end();
        let refusal = *state.refusal.lock().expect("no holder panics");
        let answer = match command.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => "250-sink\r\n250 8BITMIME",
            "RCPT" if refusal.is_some() => {
                state.refused.fetch_add(1, Ordering::SeqCst);
                refusal.unwrap_or_default()
            }
            "RCPT" => {
                recipient = command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 ok"
            }
            "DATA" => {
                stream.get_mut().write_all(b"354 go on\r\n").await?;
                let mail = read_mail(&mut stream).await?;
                let message = MessageParser::default().parse(&mail).expect("a mail");
                let text = message.body_text(0).unwrap_or_default().into_owned();
                let received = Received { recipient: recipient.clone(), text };
                state.mails.lock().expect("no holder panics").push(received);
                "250 taken"
            }
            "QUIT" => return stream.get_mut().write_all(b"221 bye\r\n").await,
            _ => "250 ok",
        };
        stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

async fn read_mail(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut mail = Vec::new();
    loop {
        let start = mail.len();
        if stream.read_until(b'\n', &mut mail).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if &mail[start..] == b".\r\n" {
            mail.truncate(start);
            return Ok(mail);
        }
    }
}
