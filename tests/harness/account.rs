use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Mail, Server};

pub(crate) const PASSWORD: &str = "SecurePass123!";

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) user_id: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

impl SignedIn {
    #[track_caller]
    fn read(tokens: &Value, user_id: &str) -> Self {
        let text =
            |member: &str| tokens[member].as_str().unwrap_or_else(|| panic!("{member}: {tokens}")).to_owned();
        Self {
            user_id: user_id.to_owned(),
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
        }
    }
}

impl SignedIn {
    /// The same user with the tokens of a refresh.
    #[track_caller]
    pub(crate) fn renewed(&self, tokens: &Value) -> Self {
        Self::read(tokens, &self.user_id)
    }
}

/// What an access token says.
pub(crate) fn claims(access_token: &str) -> Value {
    let payload = access_token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}

impl Server {
    /// Registers `email` with [`PASSWORD`] and verifies it by the mailed link.
    pub(crate) async fn register_verified(&self, email: &str) {
        let body = json!({ "email": email, "password": PASSWORD });
        self.post("/api/v1/auth/register", body).await.json(201);
        let mail = self.mail_to(email, 1).await;
        self.get(&format!("/api/v1/auth/verify-email/{}", mail.token())).await.json(200);
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> SignedIn {
        let body = json!({ "email": email, "password": password });
        let answer = self.post("/api/v1/auth/login", body).await.json(200);
        SignedIn::read(&answer, answer["user"]["id"].as_str().expect("an id"))
    }

    /// A registered, verified and signed-in user.
    pub(crate) async fn signed_in(&self, email: &str) -> SignedIn {
        self.register_verified(email).await;
        self.login(email, PASSWORD).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> super::Answer {
        self.post("/api/v1/auth/refresh", json!({ "refresh_token": refresh_token })).await
    }

    /// Refreshes and returns the next pair.
    pub(crate) async fn refreshed(&self, signed_in: &SignedIn) -> SignedIn {
        signed_in.renewed(&self.refresh(&signed_in.refresh_token).await.json(200))
    }

    /// Asks for a reset, for the `count`-th time, and returns the secret that is mailed.
    pub(crate) async fn reset_token(&self, email: &str, count: usize) -> String {
        self.post("/api/v1/auth/password-reset/request", json!({ "email": email })).await.json(200);
        let is_reset = |mail: &Mail| mail.links.iter().any(|link| link.contains("/reset-password?token="));
        self.nth_mail_to(email, count, is_reset).await.token().to_owned()
    }

    /// Whether both tokens are refused: the session has ended.
    pub(crate) async fn has_ended(&self, signed_in: &SignedIn) -> bool {
        let me = self.get_as(&signed_in.access_token, "/api/v1/auth/me").await;
        let refresh = self.refresh(&signed_in.refresh_token).await;
        match (me.status, refresh.status) {
            (401, 401) => true,
            (200, 200) => false,
            other => panic!("a session is live or it is not: {other:?}"),
        }
    }
}
