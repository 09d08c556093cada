#![expect(clippy::unwrap_used, reason = "a test that cannot do its part has to stop")]

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use portcullis_domain::policy::Policy;
use portcullis_domain::ports::PasswordHasher;
use portcullis_domain::use_cases::{CreateRoleCommand, Delivery, Hooks, UseCases};
use portcullis_domain::{Actor, Locale, RoleId, UserId};
use portcullis_http_actix::{
    Allowance, Api, Authentication, Caller, HttpObserver, HttpOptions, MetricsReader, Operations,
    ProblemPages, Rate, RateLimiter, RateLimiting, RateLimits, Readiness, RouteGroup, ServerLimits, openapi,
    serve, serve_operations,
};
use portcullis_testkit::{
    CheapHasher, Fakes, FrozenClock, MemoryStorage, RecordingMailer, ScriptedEntropy, Storage, fixtures,
};
use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// An installation on fakes, served at a port of its own.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) use_cases: Arc<UseCases>,
    pub(crate) storage: MemoryStorage,
    pub(crate) clock: Arc<FrozenClock>,
    pub(crate) mailer: Arc<RecordingMailer>,
    pub(crate) hasher: Arc<CheapHasher>,
    pub(crate) readiness: Readiness,
    client: reqwest::Client,
}

/// How an installation under test differs from the usual one.
pub(crate) struct Installation {
    pub(crate) policy: Policy,
    pub(crate) cors_origins: Vec<String>,
    pub(crate) authentication: Authentication,
    /// How many calls of each group a client may make; none turns the limits off.
    pub(crate) calls_a_minute: Option<u32>,
    /// Takes the place of the usual hasher.
    pub(crate) hasher: Option<Arc<dyn PasswordHasher>>,
    /// Makes ids and tokens unlike those of the other tests in the process.
    pub(crate) seed: Option<u64>,
    /// Whether the start is over.
    pub(crate) has_started: bool,
    pub(crate) problem_pages: Option<Arc<dyn ProblemPages>>,
    pub(crate) observer: Option<Arc<dyn HttpObserver>>,
    pub(crate) metrics: Option<Arc<dyn MetricsReader>>,
    pub(crate) hooks: Hooks,
}

impl Default for Installation {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            cors_origins: Vec::new(),
            authentication: Authentication::AccessTokens,
            calls_a_minute: Some(1_000_000),
            hasher: None,
            seed: None,
            has_started: true,
            problem_pages: None,
            observer: None,
            metrics: None,
            hooks: Hooks::default(),
        }
    }
}

impl Installation {
    /// The interface to it, with the fakes behind.
    fn build(self) -> (Option<Api>, Operations, Service) {
        let mut fakes = Fakes::default();
        if let Some(seed) = self.seed {
            fakes.entropy = Arc::new(ScriptedEntropy::seeded(seed));
        }
        let mut ports = fakes.ports();
        if let Some(hasher) = self.hasher {
            ports.hasher = hasher;
        }
        ports.hooks = self.hooks;
        let use_cases = Arc::new(UseCases::new(&ports, self.policy, &fixtures::secret_key()));
        let Fakes { storage, clock, mailer, hasher, .. } = fakes;
        let options = HttpOptions {
            authentication: self.authentication,
            cors_origins: self.cors_origins,
            rate_limiting: self.calls_a_minute.map(limiting),
            locales: vec![Locale::english(), fixtures::locale("de")],
            problem_pages: self.problem_pages,
            observer: self.observer,
            metrics: self.metrics,
            ..HttpOptions::new(
                clock.clone(),
                Arc::new(ScriptedEntropy::seeded(self.seed.unwrap_or_default() + 1)),
            )
        };
        let readiness = Readiness::default();
        let operations = Operations::new(options.clone(), readiness.clone());
        let api = || Api::new(use_cases.clone(), options).with_readiness(readiness.clone());
        let api = self.has_started.then(api);
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        (api, operations, Service { address, use_cases, storage, clock, mailer, hasher, readiness, client })
    }

    pub(crate) fn serve(self) -> Service {
        let (api, _, mut service) = self.build();
        let api = api.expect("it has started");
        let listener = TcpListener::bind(service.address).unwrap();
        service.address = listener.local_addr().unwrap();
        let limits = ServerLimits { workers: 1, shutdown_grace: Duration::from_secs(1) };
        tokio::spawn(serve(listener, api, limits).unwrap());
        service
    }

    /// Without a server of its own.
    pub(crate) fn embedded(self) -> (Api, Service) {
        let (api, _, service) = self.build();
        (api.expect("it has started"), service)
    }

    pub(crate) fn serve_operations(self) -> Service {
        let (_, operations, mut service) = self.build();
        let listener = TcpListener::bind(service.address).unwrap();
        service.address = listener.local_addr().unwrap();
        tokio::spawn(serve_operations(listener, operations, Duration::from_secs(1)).unwrap());
        service
    }
}

/// Counts calls for ever, as if no time went by.
#[derive(Default)]
struct TimelessLimiter(Mutex<HashMap<(Caller, RouteGroup), u32>>);

#[async_trait]
impl RateLimiter for TimelessLimiter {
    async fn count(&self, caller: Caller, group: RouteGroup, rate: Rate) -> Allowance {
        let mut counts = self.0.lock().unwrap();
        let count = counts.entry((caller, group)).or_default();
        if *count == rate.calls.get() {
            return Allowance::after_refusal(rate, rate.share() * *count);
        }
        *count += 1;
        Allowance::after_admission(rate, rate.share() * *count)
    }

    async fn give_back(&self, caller: Caller, group: RouteGroup, _: Rate) {
        let mut counts = self.0.lock().unwrap();
        let count = counts.entry((caller, group)).or_default();
        *count = count.saturating_sub(1);
    }
}

fn limiting(calls: u32) -> RateLimiting {
    let rate = Rate { calls: NonZeroU32::new(calls).unwrap(), period: Duration::from_mins(1) };
    let limits =
        RateLimits { login: rate, register: rate, reset: rate, verify: rate, refresh: rate, other: rate };
    RateLimiting { limits, limiter: Arc::<TimelessLimiter>::default() }
}

impl Service {
    pub(crate) fn start() -> Self {
        Installation::default().serve()
    }

    pub(crate) fn under(policy: Policy) -> Self {
        Installation { policy, ..Installation::default() }.serve()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Reply {
        self.send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    pub(crate) async fn delete_as(&self, token: &str, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path).bearer_auth(token)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn post_as(&self, token: &str, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::POST, path).bearer_auth(token).json(&body)).await
    }

    pub(crate) async fn patch_as(&self, token: &str, path: &str, body: Value) -> Reply {
        self.call_as(token, Method::PATCH, path, body).await
    }

    pub(crate) async fn call_as(&self, token: &str, method: Method, path: &str, body: Value) -> Reply {
        self.send(self.request(method, path).bearer_auth(token).json(&body)).await
    }

    /// Sends a request and checks what must be true of every answer, whatever the test is about.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Reply {
        let copy = request.try_clone().unwrap().build().unwrap();
        let reply = self.send_undocumented(request).await;
        reply.check_documented(copy.method(), copy.url().path());
        reply
    }

    /// The same for an answer that the document does not list with its operation.
    pub(crate) async fn send_undocumented(&self, request: RequestBuilder) -> Reply {
        let response = request.send().await.unwrap();
        let reply = Reply {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        };
        reply.check_envelope();
        reply
    }

    /// Sends these octets as they are and returns the octets that come back until the server hangs up.
    pub(crate) async fn send_raw(&self, octets: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(octets).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(crate) async fn deliver_mails(&self) {
        while self.use_cases.deliver_mail.deliver_next().await.unwrap() != Delivery::Idle {}
    }

    /// What the link of the latest mail to `address` carries.
    pub(crate) async fn mailed_token(&self, address: &str) -> String {
        self.deliver_mails().await;
        self.mailer.last_token_for(address).expect("a mail with a link").expose().to_string()
    }

    /// Registers `address` and verifies it.
    pub(crate) async fn verified(&self, address: &str) -> Reply {
        let body = json!({"email": address, "password": PASSWORD});
        assert_eq!(self.post("/api/v1/auth/register", body).await.status, 201);
        let token = self.mailed_token(address).await;
        let verified = self.get(&format!("/api/v1/auth/verify-email/{token}")).await;
        assert_eq!(verified.status, 200);
        verified
    }

    pub(crate) async fn login(&self, address: &str, password: &str) -> Reply {
        self.post("/api/v1/auth/login", json!({"email": address, "password": password})).await
    }

    /// A verified user who has signed in.
    pub(crate) async fn signed_in(&self, address: &str) -> Tokens {
        self.verified(address).await;
        self.signed_in_again(address).await
    }

    /// Another session of a verified user, a minute later.
    pub(crate) async fn signed_in_again(&self, address: &str) -> Tokens {
        self.clock.advance(Duration::from_mins(1));
        let reply = self.login(address, PASSWORD).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        Tokens::of(&reply)
    }

    /// A signed-in administrator.
    pub(crate) async fn administrator(&self) -> Tokens {
        let tokens = self.signed_in("admin@example.com").await;
        self.set_roles(&tokens.user_id, &[("admin", &[])]).await;
        tokens
    }

    /// A signed-in user who holds these permissions and no others.
    pub(crate) async fn holding(&self, permissions: &[&str]) -> Tokens {
        let name = permissions.join("_").replace(':', "-");
        let name = &name[..name.len().min(64)];
        let tokens = self.signed_in(&format!("{name}@example.com")).await;
        self.set_roles(&tokens.user_id, &[(name, permissions)]).await;
        tokens
    }

    /// Gives a user exactly these roles besides `user`, each with these permissions.
    pub(crate) async fn set_roles(&self, user: &str, roles: &[(&str, &[&str])]) {
        let (operator, user) = (Actor::operator(), user_id(user));
        for held in self.use_cases.list_roles.held_by(user).await.unwrap() {
            let stays =
                held.name.as_str() == "user" || roles.iter().any(|(name, _)| *name == held.name.as_str());
            if !stays {
                self.use_cases.revoke_role.revoke(&operator, user, held.id).await.unwrap();
            }
        }
        for (name, permissions) in roles {
            let role = self.role(name, permissions).await;
            self.use_cases.assign_role.assign(&operator, user, role).await.unwrap();
        }
    }

    /// The role of this name, which is made with these permissions if it is not there.
    pub(crate) async fn role(&self, name: &str, permissions: &[&str]) -> RoleId {
        let name = fixtures::role(name);
        if let Ok(role) = self.use_cases.find_role.find_by_name(&name).await {
            return role.id;
        }
        let permissions = permissions.iter().map(|permission| fixtures::permission(permission)).collect();
        let command = CreateRoleCommand { name, description: None, permissions };
        self.use_cases.create_role.create(&Actor::operator(), command).await.unwrap().id
    }

    pub(crate) async fn disable(&self, user: &str) {
        Storage::from(self.storage.clone()).back_door.set_active(user_id(user), false).await;
    }
}

fn user_id(text: &str) -> UserId {
    UserId::from(uuid::Uuid::parse_str(text).unwrap())
}

/// What a login gives.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) user_id: String,
}

impl Tokens {
    pub(crate) fn of(reply: &Reply) -> Self {
        let body = reply.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            access: text(&body["access_token"]),
            refresh: text(&body["refresh_token"]),
            user_id: text(&body["user"]["id"]),
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The values of a member of each item of a list.
    pub(crate) fn each(&self, member: &str) -> Vec<String> {
        let body = self.json();
        let items = body["items"].as_array().unwrap_or_else(|| panic!("no list: {body}")).iter();
        items.map(|item| item[member].as_str().unwrap().to_owned()).collect()
    }

    /// The status and the code of a problem, such as `"409 email_taken"`.
    pub(crate) fn problem(&self) -> String {
        let body = self.json();
        format!("{} {}", self.status.as_u16(), body["code"].as_str().unwrap_or("without a code"))
    }

    /// The fields of a 422 with their codes, such as `"email invalid, password required"`.
    pub(crate) fn faults(&self) -> String {
        assert_eq!(self.problem(), "422 validation_failed");
        let body = self.json();
        let faults = body["errors"].as_array().unwrap().iter();
        let texts = faults
            .map(|fault| format!("{} {}", fault["field"].as_str().unwrap(), fault["code"].as_str().unwrap()));
        texts.collect::<Vec<_>>().join(", ")
    }

    /// What a client sees, but for what every answer has.
    pub(crate) fn snapshot(&self) -> Value {
        const SHOWN: [&str; 6] =
            ["allow", "cache-control", "content-type", "location", "retry-after", "www-authenticate"];
        let headers: Map<String, Value> = SHOWN
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), Value::from(self.header(name)?))))
            .collect();
        let body = if self.text.is_empty() { Value::Null } else { self.json() };
        json!({"status": self.status.as_u16(), "headers": headers, "body": body})
    }

    fn check_envelope(&self) {
        let id = self.header("x-request-id").expect("every answer names its request");
        assert_eq!(uuid::Uuid::parse_str(id).unwrap().get_version_num(), 7);
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(self.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(self.header("x-frame-options"), Some("DENY"));
        assert!(self.header("content-security-policy").is_some());
        assert!(self.header("cache-control").is_some());
        if self.status.is_client_error() || self.status.is_server_error() {
            self.check_problem(id);
        }
    }

    fn check_problem(&self, id: &str) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        if self.text.is_empty() {
            return; // an answer to HEAD
        }
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        assert_eq!(body["instance"], format!("urn:uuid:{id}"));
        for member in ["type", "title", "detail", "code"] {
            assert!(body[member].is_string(), "{member}: {body}");
        }
        assert_eq!(body["errors"].is_array(), self.status == 422, "{body}");
        assert_eq!(self.header("www-authenticate").is_some(), self.status == 401);
        let waits = [429, 503].contains(&self.status.as_u16());
        let retry_after = self.header("retry-after").map(|seconds| seconds.parse::<u64>().unwrap());
        assert_eq!(retry_after.is_some(), waits);
        assert_eq!(body["retry_after"].as_u64(), retry_after);
    }

    /// Whatever a test sees has to be in the document.
    fn check_documented(&self, method: &Method, path: &str) {
        let method = if method == Method::HEAD { Method::GET } else { method.clone() };
        let Some(operation) = documented(&method, path) else {
            return;
        };
        let response = &operation["responses"][self.status.as_str()];
        assert!(response.is_object(), "{method} {path} does not document {}", self.status);
        if self.status.as_u16() >= 400 && !self.text.is_empty() {
            let code = self.json()["code"].as_str().unwrap().to_owned();
            let examples = &response["content"]["application/problem+json"]["examples"];
            assert!(examples[&code].is_object(), "{method} {path} does not document {code}");
        }
        for (name, value) in response["headers"].as_object().into_iter().flatten() {
            assert!(value["schema"].is_object());
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            assert!(self.headers.contains_key(&name), "{method} {path} documents {name}");
        }
    }
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(openapi()).unwrap());

/// The operation of the document that this request is for.
fn documented(method: &Method, path: &str) -> Option<&'static Value> {
    let is_path = |template: &str| {
        let (mut parts, mut given) = (template.split('/'), path.split('/'));
        loop {
            match (parts.next(), given.next()) {
                (None, None) => return true,
                (Some(part), Some(text)) if part == text || part.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    let (_, item) = DOCUMENT["paths"].as_object()?.iter().find(|(template, _)| is_path(template))?;
    item.get(method.as_str().to_lowercase())
}
