use std::time::{Duration, Instant};

use serde_json::Value;

use super::{MAIL_PATIENCE, Server};

/// A mail as `/dev/mailbox.json` shows it.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) links: Vec<String>,
    pub(crate) code: Option<String>,
}

impl Mail {
    fn read(mail: &Value) -> Self {
        let text = |member: &str| mail[member].as_str().unwrap_or_default().to_owned();
        Self {
            to: text("to"),
            subject: text("subject"),
            text: text("text"),
            html: text("html"),
            links: mail["links"]
                .as_array()
                .expect("links")
                .iter()
                .map(|link| link.as_str().expect("a link").to_owned())
                .collect(),
            code: mail["code"].as_str().map(str::to_owned),
        }
    }

    /// The secret of the mail's link.
    #[track_caller]
    pub(crate) fn token(&self) -> &str {
        let link = self.links.iter().find(|link| link.contains("token="));
        link.and_then(|link| link.split("token=").nth(1)).unwrap_or_else(|| panic!("no link in {self:?}"))
    }

    #[track_caller]
    pub(crate) fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_else(|| panic!("no code in {self:?}"))
    }
}

impl Server {
    /// Every mail to `address` so far, the newest first.
    pub(crate) async fn mails_to(&self, address: &str) -> Vec<Mail> {
        let mailbox = self.get("/dev/mailbox.json").await.json(200);
        let mails = mailbox["items"].as_array().expect("items").iter().map(Mail::read);
        mails.filter(|mail| mail.to.contains(address)).collect()
    }

    /// The `count`-th mail to `address`, as soon as it is there.
    pub(crate) async fn mail_to(&self, address: &str, count: usize) -> Mail {
        self.nth_mail_to(address, count, |_| true).await
    }

    /// The `count`-th mail to `address` of those that `wanted` picks, as soon as it is there.
    pub(crate) async fn nth_mail_to(
        &self,
        address: &str,
        count: usize,
        wanted: impl Fn(&Mail) -> bool,
    ) -> Mail {
        let begun = Instant::now();
        loop {
            let mut mails = self.mails_to(address).await;
            mails.retain(&wanted);
            if mails.len() >= count {
                return mails.swap_remove(mails.len() - count);
            }
            assert!(begun.elapsed() < MAIL_PATIENCE, "mail {count} to {address} did not come");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}
