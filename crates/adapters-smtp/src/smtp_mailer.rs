//! A mailer for production: SMTP.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::Extension;
use portcullis_domain::mail::OutgoingMail;
use portcullis_domain::ports::{Clock, Mailer, MailerError};
use portcullis_domain::{EmailAddress, MailId};

use crate::composer::Composer;
use crate::redaction::redacted;
use crate::smtp_connections::{ConnectError, Security, SmtpConnections};
use crate::smtp_url::{Encryption, SmtpUrl};

/// How to reach the mail server.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Where it is, and the credentials for it.
    pub url: SmtpUrl,
    /// The certificates (PEM) that its own must go back to; none for those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// How long one attempt may take, from connecting to the server's last word.
    pub timeout: Duration,
}

impl SmtpSettings {
    /// The usual timeout: patient with a slow server, and well within the lease of a claimed mail.
    pub const TIMEOUT: Duration = Duration::from_secs(20);
}

/// Hands mails to a mail server by SMTP (RFC 5321).
///
/// Certificates are verified; with STARTTLS nothing is sent to a server that does not offer it.
/// Whatever goes wrong before the server is ready for a mail, a refused password too, is
/// [`MailerError::Transient`]: it is no fault of the mail, and an operator can mend it.
pub struct SmtpMailer {
    composer: Composer,
    clock: Arc<dyn Clock>,
    connections: SmtpConnections,
    server: String,
    timeout: Duration,
}

impl SmtpMailer {
    /// A mailer over this server; it connects when it is first needed.
    ///
    /// # Errors
    ///
    /// [`SmtpSetupError`] when the certificates cannot be used.
    pub fn new(
        settings: &SmtpSettings,
        composer: Composer,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SmtpSetupError> {
        let url = &settings.url;
        let tls = || tls_parameters(url, settings.ca_file.as_deref());
        let security = match url.encryption() {
            Encryption::None => Security::None,
            Encryption::StartTls => Security::StartTls(tls()?),
            Encryption::Tls => Security::Tls(tls()?),
        };
        Ok(Self {
            composer,
            clock,
            connections: SmtpConnections::new(url, security),
            server: format!("{}:{}", url.host(), url.port()),
            timeout: settings.timeout,
        })
    }

    /// Connects, encrypts and signs in as for a mail, and sends none.
    ///
    /// # Errors
    ///
    /// [`MailerError::Transient`] says why that failed.
    pub async fn check(&self) -> Result<(), MailerError> {
        self.in_time(async {
            let connection = self.connect().await?;
            self.connections.keep(connection);
            Ok(())
        })
        .await
    }

    /// Sends a mail to `to` that says nothing but that it has arrived.
    ///
    /// # Errors
    ///
    /// [`MailerError`] as of any mail.
    pub async fn send_trial(&self, id: MailId, to: &EmailAddress) -> Result<(), MailerError> {
        let message = self.composer.compose_trial(id, to, self.clock.now())?;
        self.in_time(self.deliver(&message)).await
    }

    async fn in_time<T>(
        &self,
        attempt: impl Future<Output = Result<T, MailerError>>,
    ) -> Result<T, MailerError> {
        tokio::time::timeout(self.timeout, attempt).await.unwrap_or_else(|_| {
            Err(MailerError::Transient(format!("{} took longer than {:?}", self.server, self.timeout)))
        })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailerError> {
        self.connections.take().await.map_err(|error| {
            let reason = match error {
                ConnectError::Unavailable(error) => in_words(&error),
                ConnectError::Credentials => error.to_string(),
            };
            MailerError::Transient(format!("{}: {reason}", self.server))
        })
    }

    async fn deliver(&self, message: &Message) -> Result<(), MailerError> {
        let octets = message.formatted();
        let mut connection = self.connect().await?;
        // Only an international local part makes a mail other than ASCII: all else is encoded.
        if !octets.is_ascii() && !takes_international_addresses(&connection) {
            self.connections.keep(connection);
            return Err(MailerError::Permanent(format!(
                "{} does not take international addresses (SMTPUTF8)",
                self.server
            )));
        }
        connection.send(message.envelope(), &octets).await.map_err(|error| self.refusal(&error))?;
        self.connections.keep(connection);
        Ok(())
    }

    fn refusal(&self, error: &Error) -> MailerError {
        let reason = format!("{}: {}", self.server, in_words(error));
        if error.is_permanent() && !asks_for_credentials(error) {
            MailerError::Permanent(reason)
        } else {
            MailerError::Transient(reason)
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailerError> {
        let message = self.composer.compose(mail, self.clock.now())?;
        self.in_time(self.deliver(&message)).await.map_err(|error| match error {
            MailerError::Transient(reason) => MailerError::Transient(redacted(&reason, &mail.content)),
            MailerError::Permanent(reason) => MailerError::Permanent(redacted(&reason, &mail.content)),
        })
    }
}

fn tls_parameters(url: &SmtpUrl, ca_file: Option<&Path>) -> Result<TlsParameters, SmtpSetupError> {
    let mut parameters = TlsParameters::builder(url.host().to_owned());
    if let Some(path) = ca_file {
        let certificate = read_certificates(path)?;
        parameters = parameters.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    parameters.build_rustls().map_err(|error| SmtpSetupError::Tls(error.to_string()))
}

fn read_certificates(path: &Path) -> Result<Certificate, SmtpSetupError> {
    let pem = std::fs::read_to_string(path)
        .map_err(|source| SmtpSetupError::Unreadable { path: path.to_owned(), source })?;
    let invalid = || SmtpSetupError::NoCertificate { path: path.to_owned() };
    // A file without any would otherwise count as one that trusts nobody.
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err(invalid());
    }
    Certificate::from_pem(pem.as_bytes()).map_err(|_| invalid())
}

fn takes_international_addresses(connection: &AsyncSmtpConnection) -> bool {
    let server = connection.server_info();
    server.supports_feature(Extension::SmtpUtfEight) && server.supports_feature(Extension::EightBitMime)
}

/// Whether the server refused the session rather than the mail (RFC 4954 §6).
fn asks_for_credentials(error: &Error) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538))
}

/// A server's answer as it gave it, any other fault with its cause.
fn in_words(error: &Error) -> String {
    match (error.status(), std::error::Error::source(error)) {
        (Some(code), Some(words)) => format!("{code} {words}"),
        _ => error.to_string(),
    }
}

/// Why an [`SmtpMailer`] cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SmtpSetupError {
    /// The file with certificates could not be read.
    #[error("cannot read the certificates in {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds no certificate, or a damaged one.
    #[error("{} is no PEM file of certificates", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// TLS cannot be used with these certificates, or to a host of this name.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
}
