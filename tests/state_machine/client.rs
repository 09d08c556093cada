//! Makes calls over HTTP, and reads the answers in the words of the model.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_domain::Timestamp;
use portcullis_domain::mail::{MailContent, OutgoingMail};
use portcullis_testkit::FrozenClock;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::call::{
    AccountNumber, Answer, Call, Caller, Code, ListedSession, LoginName, MailName, MailNumber, Profile,
    RefreshToken, SessionNumber, Task, Tokens,
};
use crate::service::Service;

/// A client with a good memory: every token, every secret and every id that it was ever given.
pub(crate) struct Client {
    pub(crate) service: Service,
    http: reqwest::Client,
    accounts: Vec<String>,
    sessions: Vec<Session>,
    mailed: Vec<Secrets>,
    /// How many mails were read.
    mails_read: usize,
}

struct Session {
    id: String,
    /// The newest.
    access_token: String,
    /// By generation.
    refresh_tokens: Vec<String>,
}

struct Secrets {
    token: String,
    code: Option<String>,
}

/// An answer as it came.
struct Reply {
    status: u16,
    body: Value,
}

/// Has the form of a link's secret, and was mailed to nobody.
const NOBODYS_SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const NOBODYS_REFRESH_TOKEN: &str = "AZyg9DwAfMGAAF0uO396EAAAAADm2J0VqT8z4i7mWcYg3fTtJ0o9s0b1mJ0o7c5rK2xQw";

impl Client {
    pub(crate) fn new(service: Service) -> Self {
        let accounts = vec![service.administrator.clone()];
        Self {
            service,
            http: reqwest::Client::new(),
            accounts,
            sessions: Vec::new(),
            mailed: Vec::new(),
            mails_read: 0,
        }
    }

    pub(crate) async fn make(&mut self, call: &Call) -> Answer {
        let reply = self.send(call).await;
        let mut answer = self.read(&reply);
        self.service.deliver_mails().await;
        answer.mails = self.read_mails();
        answer
    }

    async fn send(&self, call: &Call) -> Reply {
        const AUTH: &str = "/api/v1/auth";
        let post = |path: &str, by: Caller, body: Value| {
            self.request(Method::POST, &format!("{AUTH}{path}"), by).json(&body)
        };
        let request = match call {
            Call::Register { email, username, password } => {
                let body = json!({"email": email, "username": username, "password": password});
                post("/register", None, body)
            }
            Call::ResendVerification { email } => post("/verify/resend", None, json!({"email": email})),
            Call::VerifyByLink { mail } => {
                self.request(Method::GET, &format!("{AUTH}/verify-email/{}", self.secret(*mail)), None)
            }
            Call::VerifyByCode { email, code } => {
                post("/verify", None, json!({"email": email, "code": self.code(*code)}))
            }
            Call::SignIn { name: LoginName::Email(email), password } => {
                post("/login", None, json!({"email": email, "password": password}))
            }
            Call::SignIn { name: LoginName::Username(username), password } => {
                post("/login", None, json!({"username": username, "password": password}))
            }
            Call::Refresh { token } => {
                post("/refresh", None, json!({"refresh_token": self.refresh_token(*token)}))
            }
            Call::Logout { by, of: None } => self.request(Method::POST, &format!("{AUTH}/logout"), *by),
            Call::Logout { by, of } => {
                post("/logout", *by, json!({"refresh_token": self.refresh_token(*of)}))
            }
            Call::LogoutAll { by } => self.request(Method::POST, &format!("{AUTH}/logout-all"), *by),
            Call::EndSession { by, session } => {
                let path = format!("{AUTH}/sessions/{}", self.sessions[*session].id);
                self.request(Method::DELETE, &path, *by)
            }
            Call::ChangePassword { by, current, new } => {
                post("/password-change", *by, json!({"current_password": current, "new_password": new}))
            }
            Call::RequestReset { email } => post("/password-reset/request", None, json!({"email": email})),
            Call::ConfirmReset { mail, password } => {
                let body = json!({"token": self.secret(*mail), "new_password": password});
                post("/password-reset/confirm", None, body)
            }
            Call::RequestEmailChange { by, email, password } => {
                post("/email-change", *by, json!({"new_email": email, "password": password}))
            }
            Call::ConfirmEmailChange { mail } => {
                post("/email-change/confirm", None, json!({"token": self.secret(*mail)}))
            }
            Call::SetUsername { by, username } => {
                let request = self.request(Method::PATCH, &format!("{AUTH}/me"), *by);
                request.json(&json!({"username": username}))
            }
            Call::DeleteMe { by, password } => {
                self.request(Method::DELETE, &format!("{AUTH}/me"), *by).json(&json!({"password": password}))
            }
            Call::Administer { by, task } => self.task(*by, task),
        };
        Self::answered(request).await
    }

    fn task(&self, by: Caller, task: &Task) -> RequestBuilder {
        let path =
            |account: &AccountNumber, of: &str| format!("/api/v1/users/{}{of}", self.accounts[*account]);
        match task {
            Task::Create { email, password, email_verified } => {
                let body = json!({"email": email, "password": password, "email_verified": email_verified});
                self.request(Method::POST, "/api/v1/users", by).json(&body)
            }
            Task::SetActive { account, is_active } => {
                let body = json!({"is_active": is_active});
                self.request(Method::PATCH, &path(account, ""), by).json(&body)
            }
            Task::SetEmail { account, email } => {
                self.request(Method::PATCH, &path(account, ""), by).json(&json!({"email": email}))
            }
            Task::Verify { account } => self.request(Method::POST, &path(account, "/verify"), by),
            Task::Unlock { account } => self.request(Method::POST, &path(account, "/unlock"), by),
            Task::Delete { account } => self.request(Method::DELETE, &path(account, ""), by),
            Task::RevokeSessions { account } => self.request(Method::DELETE, &path(account, "/sessions"), by),
            Task::GrantAdmin { account } => {
                let path = path(account, &format!("/roles/{}", self.service.admin_role));
                self.request(Method::POST, &path, by)
            }
            Task::RevokeAdmin { account } => {
                let path = path(account, &format!("/roles/{}", self.service.admin_role));
                self.request(Method::DELETE, &path, by)
            }
        }
    }

    /// What `GET /me` shows with the newest access token of a session; nothing when it is refused.
    pub(crate) async fn me(&self, session: SessionNumber) -> Option<Profile> {
        let reply = self.get("/api/v1/auth/me", session).await;
        (reply.status == 200).then(|| profile(&reply.body))
    }

    /// The sessions that the owner of this one sees, the oldest first.
    pub(crate) async fn listed_with(&self, session: SessionNumber) -> Vec<ListedSession> {
        let reply = self.get("/api/v1/auth/sessions", session).await;
        let mut listed: Vec<_> = items(&reply).iter().map(|item| self.listed(item)).collect();
        listed.sort();
        listed
    }

    fn listed(&self, item: &Value) -> ListedSession {
        ListedSession {
            number: self.session_with_id(text(&item["id"])).expect("a session that was opened here"),
            created_at: moment(&item["created_at"]).expect("it was opened"),
            last_used_at: moment(&item["last_used_at"]).expect("it was used"),
            expires_at: moment(&item["expires_at"]).expect("it expires"),
            is_current: item["current"].as_bool().expect("it is current or not"),
        }
    }

    /// Every account, as administrators see them.
    pub(crate) async fn profiles(&self, administrator: SessionNumber) -> Vec<Profile> {
        let reply = self.get("/api/v1/users?limit=200", administrator).await;
        items(&reply).iter().map(profile).collect()
    }

    fn request(&self, method: Method, path: &str, by: Caller) -> RequestBuilder {
        let request = self.http.request(method, format!("http://{}{path}", self.service.address));
        match by {
            Some(session) => request.bearer_auth(&self.sessions[session].access_token),
            None => request,
        }
    }

    async fn get(&self, path: &str, session: SessionNumber) -> Reply {
        Self::answered(self.request(Method::GET, path, Some(session))).await
    }

    async fn answered(request: RequestBuilder) -> Reply {
        let response = request.send().await.expect("the service answers");
        let status = response.status().as_u16();
        let text = response.text().await.expect("the body arrives whole");
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") };
        Reply { status, body }
    }

    /// Puts an answer into the words of the model, and keeps what it gives.
    fn read(&mut self, reply: &Reply) -> Answer {
        let Reply { status, body } = reply;
        let user = if body["user"].is_object() { &body["user"] } else { body };
        let user = user["email"].is_string().then_some(user);
        if let Some(id) = user.map(|user| text(&user["id"]))
            && self.accounts.iter().all(|known| known != id)
        {
            self.accounts.push(id.to_owned());
        }
        Answer {
            status: *status,
            code: body["code"].as_str().map(str::to_owned),
            retry_after: body["retry_after"].as_u64(),
            user: user.map(profile),
            tokens: body["refresh_token"].is_string().then(|| self.keep(body)),
            mails: Vec::new(),
        }
    }

    fn keep(&mut self, body: &Value) -> Tokens {
        let (access_token, refresh_token) = (text(&body["access_token"]), text(&body["refresh_token"]));
        let id = session_id(access_token);
        let number = self.session_with_id(&id).unwrap_or_else(|| {
            self.sessions.push(Session { id, access_token: String::new(), refresh_tokens: Vec::new() });
            self.sessions.len() - 1
        });
        let session = &mut self.sessions[number];
        access_token.clone_into(&mut session.access_token);
        let known = session.refresh_tokens.iter().position(|known| known == refresh_token);
        let generation = known.unwrap_or_else(|| {
            session.refresh_tokens.push(refresh_token.to_owned());
            session.refresh_tokens.len() - 1
        });
        Tokens {
            refresh_token: RefreshToken { session: number, generation },
            expires_in: body["expires_in"].as_u64().expect("seconds"),
            refresh_expires_in: body["refresh_expires_in"].as_u64().expect("seconds"),
        }
    }

    fn session_with_id(&self, id: &str) -> Option<SessionNumber> {
        self.sessions.iter().position(|session| session.id == id)
    }

    fn read_mails(&mut self) -> Vec<(MailName, String)> {
        let sent = self.service.mailer.sent();
        let new = &sent[self.mails_read..];
        self.mails_read = sent.len();
        self.mailed.extend(new.iter().filter_map(Secrets::of));
        let mut names: Vec<_> =
            new.iter().map(|mail| (MailName::of(&mail.content), mail.to.as_str().to_owned())).collect();
        names.sort();
        names
    }

    fn secret(&self, mail: Option<MailNumber>) -> &str {
        mail.map_or(NOBODYS_SECRET, |mail| &self.mailed[mail].token)
    }

    fn code(&self, code: Code) -> String {
        match code {
            Code::Mailed(mail) => self.mailed[mail].code.clone().expect("verification mails have a code"),
            Code::Wrong => {
                let codes = self.mailed.iter().filter_map(|secrets| secrets.code.as_deref());
                let codes: Vec<_> = codes.collect();
                let mut all = (0..1_000_000).map(|number| format!("{number:06}"));
                all.find(|code| !codes.contains(&code.as_str())).expect("there are a million")
            }
        }
    }

    fn refresh_token(&self, token: Option<RefreshToken>) -> &str {
        token.map_or(NOBODYS_REFRESH_TOKEN, |RefreshToken { session, generation }| {
            &self.sessions[session].refresh_tokens[generation]
        })
    }
}

impl Secrets {
    fn of(mail: &OutgoingMail) -> Option<Self> {
        let (token, code) = match &mail.content {
            MailContent::VerifyEmail { token, code, .. } => (token, Some(code)),
            MailContent::ResetPassword { token, .. }
            | MailContent::Invitation { token, .. }
            | MailContent::ConfirmEmailChange { token, .. } => (token, None),
            _ => return None,
        };
        let code = code.map(|code| code.expose().to_string());
        Some(Self { token: token.expose().to_string(), code })
    }
}

fn items(reply: &Reply) -> &[Value] {
    reply.body["items"].as_array().map_or(&[], Vec::as_slice)
}

fn profile(user: &Value) -> Profile {
    let roles = user["roles"].as_array().expect("roles").iter();
    Profile {
        email: text(&user["email"]).to_owned(),
        email_verified: user["email_verified"].as_bool().expect("verified or not"),
        username: user["username"].as_str().map(str::to_owned),
        is_active: user["is_active"].as_bool().expect("active or not"),
        roles: roles.map(|role| text(role).to_owned()).collect(),
        last_login_at: moment(&user["last_login_at"]),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// In seconds since the walk began.
fn moment(value: &Value) -> Option<u64> {
    let moment = OffsetDateTime::parse(value.as_str()?, &Rfc3339).expect("RFC 3339");
    Some(Timestamp::from(moment).since(FrozenClock::START).as_secs())
}

/// The session that an access token says it belongs to.
fn session_id(access_token: &str) -> String {
    let payload = access_token.split('.').nth(1).expect("three parts");
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON");
    text(&claims["sid"]).to_owned()
}
