//! Users, as the service meets them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::Serving;

/// The status of an attempt to sign in.
pub(crate) fn sign_in(serving: &Serving, email: &str, password: &str) -> u16 {
    serving.post("/api/v1/auth/login", &json!({"email": email, "password": password})).status
}

/// The one-time secret in the link of the newest mail to `recipient`, once it is delivered.
pub(crate) fn mailed_token(serving: &Serving, recipient: &str) -> String {
    const PATIENCE: Duration = Duration::from_secs(20);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mailbox = serving.get(&format!("/dev/mailbox.json?to={recipient}")).body;
        let mails: Value = serde_json::from_str(&mailbox).expect("the mailbox is JSON");
        let mut links = mails["items"][0]["links"].as_array().into_iter().flatten();
        if let Some((_, token)) = links.find_map(|link| link.as_str()?.split_once("token=")) {
            return token.to_owned();
        }
        assert!(Instant::now() < deadline, "no mail to {recipient} in {mailbox}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
