//! Serves accounts at <http://localhost:8082>, kept in `data/axum-service`. Mails are posted to `MAIL_API_URL`.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
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
    let folder = Path::new("data/axum-service");
    fs::create_dir_all(folder)?;
    let secret = secret_key(&folder.join("secret-key"))?;
    let accounts = Accounts::open(&folder.join("accounts.redb"), &secret, URL, mails).await?;
    let listener = TcpListener::bind(("127.0.0.1", 8082)).await?;
    axum::serve(listener, service(accounts.use_cases)).await?;
    Ok(())
}

/// What keys, codes and tokens are derived from. Where there is a place for secrets, it comes from there instead.
fn secret_key(path: &Path) -> anyhow::Result<SecretKey> {
    if !path.exists() {
        let mut octets = [0; SecretKey::MIN_OCTETS];
        OsEntropy.fill(&mut octets);
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(&octets)?;
    }
    Ok(SecretKey::new(fs::read(path)?)?)
}
