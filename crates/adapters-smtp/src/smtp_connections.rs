//! Connections to the mail server, kept for the next mail.

use std::sync::Mutex;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::Instant;

use crate::smtp_url::SmtpUrl;

/// Opens connections, and keeps those that are fit for another mail.
///
/// A connection is taken out for a mail and comes back only when the mail is through. So one on
/// which anything failed, and one whose caller gave up in the middle, is never used again: the
/// server's late answers to one mail cannot be taken for answers to the next.
pub(crate) struct SmtpConnections {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    idle: Mutex<Vec<(Instant, AsyncSmtpConnection)>>,
}

/// How connections are protected.
pub(crate) enum Security {
    /// Not at all.
    None,
    /// By STARTTLS (RFC 3207), without which nothing is sent.
    StartTls(TlsParameters),
    /// By TLS from the first octet (RFC 8314).
    Tls(TlsParameters),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The server is out of reach, is not the one it should be, or wants no mail from here.
    #[error("{0}")]
    Unavailable(#[from] Error),
    /// The server refused the credentials. Its words are left out, since some servers repeat the
    /// command that they refuse.
    #[error("the server refused the credentials")]
    Credentials,
}

impl SmtpConnections {
    /// For each address of the server: there may be another that answers.
    const CONNECT_TIMEOUT: Duration = Duration::from_secs(6);
    const MAX_IDLE: usize = 4;
    /// Servers wait for minutes; some firewalls forget a silent connection sooner.
    const MAX_IDLE_TIME: Duration = Duration::from_mins(1);

    pub(crate) fn new(url: &SmtpUrl, security: Security) -> Self {
        Self {
            host: url.host().to_owned(),
            port: url.port(),
            security,
            credentials: url
                .credentials()
                .map(|it| Credentials::new(it.user.clone(), it.password.to_string())),
            idle: Mutex::default(),
        }
    }

    /// A connection over which a mail can be sent, signed in where there are credentials.
    pub(crate) async fn take(&self) -> Result<AsyncSmtpConnection, ConnectError> {
        while let Some(mut connection) = self.take_idle() {
            if connection.test_connected().await {
                return Ok(connection);
            }
        }
        self.open().await
    }

    /// Keeps a connection over which a mail just went through.
    pub(crate) fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().expect("no holder of this lock panics");
        if idle.len() < Self::MAX_IDLE {
            idle.push((Instant::now(), connection));
        }
    }

    fn take_idle(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.idle.lock().expect("no holder of this lock panics");
        idle.retain(|(since, _)| since.elapsed() < Self::MAX_IDLE_TIME);
        idle.pop().map(|(_, connection)| connection)
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, ConnectError> {
        let hello = ClientId::default();
        let (tls, starttls) = match &self.security {
            Security::None => (None, None),
            Security::StartTls(parameters) => (None, Some(parameters.clone())),
            Security::Tls(parameters) => (Some(parameters.clone()), None),
        };
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (self.host.as_str(), self.port),
            Some(Self::CONNECT_TIMEOUT),
            &hello,
            tls,
            None,
        )
        .await?;
        if let Some(parameters) = starttls {
            connection.starttls(parameters, &hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&MECHANISMS, credentials).await.map_err(|error| match error.status() {
                Some(_) => ConnectError::Credentials,
                None => ConnectError::Unavailable(error),
            })?;
        }
        Ok(connection)
    }
}
