//! Serves accounts at <http://localhost:8082>, kept in the file `accounts.redb`.
//!
//! `SECRET_KEY` is 32 octets or more that nobody guesses; without it every start has another key, and what was issued
//! before is worth nothing. Mails are posted to `MAIL_API_URL`.

use std::env;
use std::path::Path;

use example_axum_service::{Accounts, service};
use example_http_mailer::MailApi;
use portcullis_adapters_crypto::OsEntropy;
use portcullis_domain::SecretKey;
use portcullis_domain::ports::Entropy as _;
use tokio::net::TcpListener;

const URL: &str = "http://localhost:8082";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().init();
    let mails = MailApi {
        url: env::var("MAIL_API_URL").unwrap_or_else(|_| "http://localhost:8025/mails".to_owned()),
        key: env::var("MAIL_API_KEY").unwrap_or_default(),
        from: "accounts@example.com".to_owned(),
        pages_url: URL.to_owned(),
    };
    let accounts = Accounts::open(Path::new("accounts.redb"), &secret_key()?, URL, mails).await?;
    let listener = TcpListener::bind(("127.0.0.1", 8082)).await?;
    axum::serve(listener, service(accounts.use_cases)).await?;
    Ok(())
}

fn secret_key() -> anyhow::Result<SecretKey> {
    if let Ok(key) = env::var("SECRET_KEY") {
        return Ok(SecretKey::new(key.into_bytes())?);
    }
    let mut octets = vec![0; SecretKey::MIN_OCTETS];
    OsEntropy.fill(&mut octets);
    Ok(SecretKey::new(octets)?)
}
