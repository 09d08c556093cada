//! A mail server in this process: STARTTLS, AUTH, SMTPUTF8, and faults on demand.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// What a server offers, and what it asks for.
#[derive(Clone, Default)]
pub(crate) struct Offer {
    pub(crate) tls: Tls,
    /// Who may send, if not everybody.
    pub(crate) account: Option<(&'static str, &'static str)>,
    pub(crate) international: bool,
}

#[derive(Clone, Default)]
pub(crate) enum Tls {
    #[default]
    Off,
    /// By STARTTLS.
    OnDemand(Arc<ServerConfig>),
    FromTheStart(Arc<ServerConfig>),
}

/// What goes wrong.
#[derive(Clone, Copy, Default)]
pub(crate) enum Fault {
    #[default]
    None,
    /// This instead of the greeting.
    Greeting(&'static str),
    /// This instead of the answer to `RCPT TO`.
    Recipient(&'static str),
    /// This instead of the answer to a mail, followed by the mail's first link.
    QuotingRefusal(&'static str),
    /// No greeting.
    SilentGreeting,
    /// No answer to a mail that was read to its end.
    SilentAfterMail,
    /// The connection ends within the mail.
    DropWithinMail,
}

/// A mail that the server took.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedMail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) content: Vec<u8>,
    pub(crate) encrypted: bool,
    pub(crate) user: Option<String>,
}

pub(crate) struct SmtpServer {
    address: SocketAddr,
    state: Arc<State>,
    listener: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    offer: Offer,
    fault: Mutex<Fault>,
    mails: Mutex<Vec<ReceivedMail>>,
    connections: AtomicUsize,
    hang_up: Notify,
}

impl SmtpServer {
    pub(crate) async fn start(offer: Offer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State { offer, ..State::default() });
        let listener = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { address, state, listener }
    }

    pub(crate) async fn with_fault(fault: Fault) -> Self {
        let server = Self::start(Offer::default()).await;
        server.set_fault(fault);
        server
    }

    /// `localhost:PORT`.
    pub(crate) fn authority(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    pub(crate) fn set_fault(&self, fault: Fault) {
        *self.state.fault.lock().unwrap() = fault;
    }

    /// Ends every connection that is open.
    pub(crate) fn hang_up(&self) {
        self.state.hang_up.notify_waiters();
    }

    pub(crate) fn mails(&self) -> Vec<ReceivedMail> {
        self.state.mails.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut sessions = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        state.connections.fetch_add(1, Ordering::SeqCst);
        let state = Arc::clone(&state);
        sessions.spawn(async move {
            tokio::select! {
                biased;
                () = state.hang_up.notified() => {}
                // It ends with an error when the client hangs up or distrusts the certificate.
                _ = Session::run(stream, Arc::clone(&state)) => {}
            }
        });
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

struct Session {
    stream: BufReader<Box<dyn Stream>>,
    state: Arc<State>,
    encrypted: bool,
    user: Option<String>,
    from: String,
    to: Vec<String>,
}

impl Session {
    async fn run(stream: TcpStream, state: Arc<State>) -> std::io::Result<()> {
        let (stream, encrypted): (Box<dyn Stream>, bool) = match &state.offer.tls {
            Tls::FromTheStart(config) => {
                (Box::new(TlsAcceptor::from(Arc::clone(config)).accept(stream).await?), true)
            }
            Tls::Off | Tls::OnDemand(_) => (Box::new(stream), false),
        };
        let stream = BufReader::new(stream);
        let mut session = Self { stream, state, encrypted, user: None, from: String::new(), to: Vec::new() };
        match session.fault() {
            Fault::Greeting(answer) => session.say(answer).await?,
            Fault::SilentGreeting => std::future::pending().await,
            _ => session.say("220 test server").await?,
        }
        while let Some(line) = session.read_line().await? {
            let command = String::from_utf8_lossy(&line).trim_end().to_owned();
            let verb = command.split([' ', ':']).next().unwrap_or_default();
            match verb {
                "EHLO" => session.hello().await?,
                "STARTTLS" => session = session.start_tls().await?,
                "AUTH" => session.sign_in(&command).await?,
                "MAIL" => session.begin(&command).await?,
                "RCPT" => session.add_recipient(&command).await?,
                "DATA" => session.receive().await?,
                "NOOP" => session.say("250 here").await?,
                "QUIT" => return session.say("221 bye").await,
                _ => session.say("502 unknown").await?,
            }
        }
        Ok(())
    }

    fn fault(&self) -> Fault {
        *self.state.fault.lock().unwrap()
    }

    async fn say(&mut self, answer: &str) -> std::io::Result<()> {
        self.stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    /// The next line with its end; none when the client is gone.
    async fn read_line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let length = self.stream.read_until(b'\n', &mut line).await?;
        Ok((length > 0).then_some(line))
    }

    async fn hello(&mut self) -> std::io::Result<()> {
        let Offer { tls, account, international } = self.state.offer.clone();
        self.say("250-test server").await?;
        if matches!(tls, Tls::OnDemand(_)) && !self.encrypted {
            self.say("250-STARTTLS").await?;
        }
        if account.is_some() && (self.encrypted || matches!(tls, Tls::Off)) {
            self.say("250-AUTH PLAIN").await?;
        }
        if international {
            self.say("250-SMTPUTF8").await?;
        }
        self.say("250 8BITMIME").await
    }

    async fn start_tls(mut self) -> std::io::Result<Self> {
        let Tls::OnDemand(config) = self.state.offer.tls.clone() else {
            self.say("502 not offered").await?;
            return Ok(self);
        };
        self.say("220 go ahead").await?;
        let stream = TlsAcceptor::from(config).accept(self.stream.into_inner()).await?;
        Ok(Self { stream: BufReader::new(Box::new(stream)), encrypted: true, ..self })
    }

    /// Refuses by repeating the command, as some servers do.
    async fn sign_in(&mut self, command: &str) -> std::io::Result<()> {
        let encoded = command.strip_prefix("AUTH PLAIN ").unwrap_or_default();
        let decoded = String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap();
        let (user, password) = self.state.offer.account.unwrap();
        if decoded == format!("\0{user}\0{password}") {
            self.user = Some(user.to_owned());
            self.say("235 welcome").await
        } else {
            self.say(&format!("535 5.7.8 rejected: {command} {}", decoded.replace('\0', " "))).await
        }
    }

    async fn begin(&mut self, command: &str) -> std::io::Result<()> {
        if self.state.offer.account.is_some() && self.user.is_none() {
            return self.say("530 5.7.0 authentication required").await;
        }
        self.from = address_in(command);
        self.to.clear();
        self.say("250 ok").await
    }

    async fn add_recipient(&mut self, command: &str) -> std::io::Result<()> {
        if let Fault::Recipient(answer) = self.fault() {
            return self.say(answer).await;
        }
        self.to.push(address_in(command));
        self.say("250 ok").await
    }

    async fn receive(&mut self) -> std::io::Result<()> {
        self.say("354 go ahead").await?;
        let mut content = Vec::new();
        loop {
            let line = self.read_line().await?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
            if line == b".\r\n" {
                break;
            }
            if matches!(self.fault(), Fault::DropWithinMail) {
                return Err(std::io::ErrorKind::ConnectionAborted.into());
            }
            content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        match self.fault() {
            Fault::SilentAfterMail => std::future::pending().await,
            Fault::QuotingRefusal(answer) => {
                let text = String::from_utf8_lossy(&content).into_owned();
                let link = text.split_whitespace().find(|word| word.starts_with("https://")).unwrap();
                self.say(&format!("{answer} {link}")).await
            }
            _ => {
                self.state.mails.lock().unwrap().push(ReceivedMail {
                    from: self.from.clone(),
                    to: self.to.clone(),
                    content,
                    encrypted: self.encrypted,
                    user: self.user.clone(),
                });
                self.say("250 taken").await
            }
        }
    }
}

fn address_in(command: &str) -> String {
    let start = command.find('<').unwrap() + 1;
    command[start..].split('>').next().unwrap().to_owned()
}

/// A certification authority, and a server certificate from it.
pub(crate) struct TestCa {
    /// The authority's certificate.
    pub(crate) pem: String,
    /// For a server of the name that was asked for.
    pub(crate) server: Arc<ServerConfig>,
}

impl TestCa {
    pub(crate) fn for_server(name: &str) -> Self {
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        let pem = ca.self_signed(&ca_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()])
            .unwrap()
            .signed_by(&key, &Issuer::new(ca, ca_key))
            .unwrap();
        let private_key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let server = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private_key)
            .unwrap();
        Self { pem, server: Arc::new(server) }
    }
}
