use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use url::Url;

use super::{Mail, MailboxError};

/// A mail catcher with the API of Mailpit.
pub(super) struct Mailpit {
    client: Client,
    base: String,
}

#[derive(Deserialize)]
struct Found {
    messages: Vec<Summary>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    #[serde(rename = "ID")]
    id: String,
    to: Vec<Recipient>,
    text: String,
    #[serde(rename = "HTML")]
    html: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Recipient {
    address: String,
}

impl Mailpit {
    pub(super) fn new(url: &Url) -> Result<Self, MailboxError> {
        let client = Client::builder().timeout(Duration::from_secs(10)).build()?;
        Ok(Self { client, base: url.as_str().trim_end_matches('/').to_owned() })
    }

    /// The oldest first.
    pub(super) async fn mails_to(&self, address: &str) -> Result<Vec<Mail>, MailboxError> {
        let query = [("query", format!("to:\"{address}\"")), ("limit", "100".to_owned())];
        let search = Url::parse_with_params(&format!("{}/api/v1/search", self.base), query)
            .expect("a URL stays one with a path and a query");
        let found: Found = self.read(search.as_str()).await?;
        let mut mails = Vec::new();
        for Summary { id } in found.messages.into_iter().rev() {
            let message: Message = self.read(&format!("{}/api/v1/message/{id}", self.base)).await?;
            mails.push(message.into());
        }
        // A search may find more than it is asked for.
        mails.retain(|mail: &Mail| mail.is_to(address));
        Ok(mails)
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, MailboxError> {
        let response = self.client.get(url).send().await.and_then(reqwest::Response::error_for_status);
        let message = async { response?.json().await };
        Ok(message.await.map_err(reqwest::Error::without_url)?)
    }
}

impl From<Message> for Mail {
    fn from(Message { id, to, text, html }: Message) -> Self {
        let to: Vec<_> = to.into_iter().map(|recipient| recipient.address).collect();
        Self { id, to: to.join(", "), text, html }
    }
}
