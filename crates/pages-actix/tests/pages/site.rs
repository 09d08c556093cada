use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, http::header};
use portcullis_domain::policy::Policy;
use portcullis_domain::use_cases::{
    ClaimedIdentifier, Delivery, Hooks, LinkKind, LoginCommand, Ports, RegisterCommand,
    RequestEmailChangeCommand, Tokens, UseCases,
};
use portcullis_domain::{
    Client, Password, PasswordPolicy, ProfileNames, SecretKey, SigningAlgorithm, TokenSecret,
};
use portcullis_http_actix::{Api, HttpOptions, InProcessRateLimiter, Rate, RateLimiting, RateLimits};
use portcullis_pages_actix::{Brand, FormTokens, MailboxReader, Pages, PagesOptions};
use portcullis_testkit::{CheapHasher, Fakes, FrozenClock, MemoryStorage, RecordingMailer, fixtures};

pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The policy of every page that mailed links lead to.
pub(crate) const STRICT_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// An installation on fakes, as a browser sees it.
pub(crate) struct Site {
    pub(crate) use_cases: Arc<UseCases>,
    pub(crate) storage: MemoryStorage,
    pub(crate) clock: Arc<FrozenClock>,
    pub(crate) hasher: Arc<CheapHasher>,
    mailer: Arc<RecordingMailer>,
    options: HttpOptions,
    pub(crate) pages: PagesOptions,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::under(Policy::default())
    }

    pub(crate) fn under(policy: Policy) -> Self {
        Self::with(policy, Hooks::default())
    }

    /// Where an application around has a say.
    pub(crate) fn with(policy: Policy, hooks: Hooks) -> Self {
        let registration = policy.registration;
        let fakes = Fakes::default();
        let ports = Ports { hooks, ..fakes.ports() };
        let use_cases = Arc::new(UseCases::new(&ports, policy, &fixtures::secret_key()));
        let Fakes { storage, clock, mailer, hasher, entropy, .. } = fakes;
        let options = HttpOptions {
            rate_limiting: None,
            locales: vec![fixtures::locale("en"), fixtures::locale("de")],
            ..HttpOptions::new(clock.clone(), entropy)
        };
        let pages = PagesOptions {
            are_accounts_shown: true,
            public_url: "https://accounts.example.com".to_owned(),
            renewal: Duration::from_mins(30),
            registration,
            password: PasswordPolicy::default(),
            signing_algorithm: SigningAlgorithm::EdDsa,
            brand: Brand::default(),
            form_tokens: FormTokens::new(&SecretKey::new((0..32).collect()).expect("a secret key")),
            mailbox: None,
        };
        Self { use_cases, storage, clock, hasher, mailer, options, pages }
    }

    /// Where a client may call each page once an hour.
    pub(crate) fn limited(mut self) -> Self {
        let rate = Rate { calls: NonZeroU32::MIN, period: Duration::from_hours(1) };
        let limits =
            RateLimits { login: rate, register: rate, reset: rate, verify: rate, refresh: rate, other: rate };
        let limiter = Arc::new(InProcessRateLimiter::default());
        self.options.rate_limiting = Some(RateLimiting { limits, limiter });
        self
    }

    pub(crate) fn speaking(mut self, locale: &str) -> Self {
        self.options.default_locale = fixtures::locale(locale);
        self
    }

    pub(crate) fn with_mailbox(mut self, mailbox: impl MailboxReader + 'static) -> Self {
        self.pages.mailbox = Some(Arc::new(mailbox));
        self
    }

    /// The token of the link in the latest mail to `address`, once all mails are delivered.
    pub(crate) async fn link_mailed_to(&self, address: &str) -> TokenSecret {
        while self.use_cases.deliver_mail.deliver_next().await.expect("the store works") != Delivery::Idle {}
        self.mailer.last_token_for(address).expect("a mail with a link")
    }

    /// The code in the latest mail to `address`, once all mails are delivered.
    pub(crate) async fn code_mailed_to(&self, address: &str) -> String {
        self.link_mailed_to(address).await;
        self.mailer.last_code_for(address).expect("a mail with a code").expose().to_owned()
    }

    /// What a client of the API gets for signing in.
    pub(crate) async fn tokens_of(&self, address: &str) -> Tokens {
        self.use_cases.login.login(login(address, PASSWORD)).await.expect("a login").tokens
    }

    pub(crate) async fn register(&self, address: &str) {
        let command = RegisterCommand {
            email: fixtures::email(address),
            password: Password::parse(PASSWORD).expect("a password"),
            username: None,
            profile: ProfileNames::default(),
            locale: None,
            client: Client::default(),
        };
        self.use_cases.register.register(command).await.expect("a registration");
    }

    /// The link that verifies a user who has just registered.
    pub(crate) async fn verification_link(&self, address: &str) -> TokenSecret {
        self.register(address).await;
        self.link_mailed_to(address).await
    }

    pub(crate) async fn verified(&self, address: &str) {
        let link = self.verification_link(address).await;
        self.use_cases.verify_email.verify(&link, Client::default()).await.expect("a good link");
    }

    /// The link that resets the password of an existing user.
    pub(crate) async fn reset_link(&self, address: &str) -> TokenSecret {
        let email = fixtures::email(address);
        self.use_cases.request_password_reset.request(email, None).await.expect("the store works");
        self.link_mailed_to(address).await
    }

    /// The link that moves a verified user to `new_address`.
    pub(crate) async fn email_change_link(&self, address: &str, new_address: &str) -> TokenSecret {
        let signed_in = self.use_cases.login.login(login(address, PASSWORD)).await.expect("a login");
        let access_token = &signed_in.tokens.access_token;
        let principal = self.use_cases.authenticate.authenticate(access_token).await.expect("a live session");
        let command = RequestEmailChangeCommand {
            new_email: fixtures::email(new_address),
            password: Password::parse(PASSWORD).ok(),
            client: Client::default(),
        };
        self.use_cases.request_email_change.request(&principal, command).await.expect("a request");
        self.link_mailed_to(new_address).await
    }

    pub(crate) async fn can_sign_in(&self, address: &str, password: &str) -> bool {
        self.use_cases.login.login(login(address, password)).await.is_ok()
    }

    /// Whether a link would still act.
    pub(crate) async fn is_good(&self, kind: LinkKind, token: &TokenSecret) -> bool {
        self.use_cases.inspect_link.inspect(kind, token).await.expect("the store works").is_some()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.answer(TestRequest::get().uri(path)).await
    }

    /// Follows a mailed link.
    pub(crate) async fn open(&self, page: &str, token: &TokenSecret) -> Answer {
        self.get(&format!("{page}?token={}", token.expose().as_str())).await
    }

    /// Follows a mailed link as mail scanners do that ask for the head only.
    pub(crate) async fn probe(&self, page: &str, token: &TokenSecret) -> Answer {
        let uri = format!("{page}?token={}", token.expose().as_str());
        self.answer(TestRequest::with_uri(&uri).method(Method::HEAD)).await
    }

    pub(crate) async fn get_in(&self, language: &str, path: &str) -> Answer {
        self.answer(TestRequest::get().uri(path).insert_header((ACCEPT_LANGUAGE, language))).await
    }

    /// Presses the button of a page whose form has only the token.
    pub(crate) async fn press(&self, page: &str, token: &TokenSecret) -> Answer {
        self.submit(page, format!("token={}", token.expose().as_str())).await
    }

    pub(crate) async fn submit(&self, page: &str, form: impl Into<String>) -> Answer {
        self.post(page, "application/x-www-form-urlencoded", form).await
    }

    pub(crate) async fn post(&self, page: &str, media_type: &str, body: impl Into<String>) -> Answer {
        let request = TestRequest::post().uri(page).insert_header((CONTENT_TYPE, media_type));
        self.answer(request.set_payload(body.into())).await
    }

    pub(crate) async fn answer(&self, request: TestRequest) -> Answer {
        let pages = Pages::new(self.pages.clone());
        let api = Api::new(self.use_cases.clone(), self.options.clone())
            .with(move |routes| pages.configure(routes));
        let app = init_service(App::new().configure(|routes| api.configure(routes))).await;
        let response = call_service(&app, request.to_request()).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = String::from_utf8(read_body(response).await.to_vec()).expect("UTF-8");
        Answer { status, headers, body }
    }
}

fn login(address: &str, password: &str) -> LoginCommand {
    LoginCommand {
        identifier: ClaimedIdentifier::Email(address.to_owned()),
        password: Password::parse(password).ok(),
        client: Client::default(),
    }
}

/// What the site answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a readable header"))
    }

    #[track_caller]
    pub(crate) fn assert_contains(&self, text: &str) {
        assert!(self.body.contains(text), "{text:?} is not in {}", self.body);
    }

    /// A page for people with this status, and with the headers that keep its secrets.
    #[track_caller]
    pub(crate) fn assert_is_page(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(self.header("content-security-policy"), Some(STRICT_POLICY));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(self.header("x-robots-tag"), Some("noindex"));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
    }

    /// A page that tells that the link does nothing, and offers nothing to press.
    #[track_caller]
    pub(crate) fn assert_is_dead_link(&self) {
        self.assert_is_page(400);
        self.assert_contains("<h1>This link does not work any more</h1>");
        assert!(!self.body.contains("<form"), "{}", self.body);
    }

    /// A problem for programs with this status and code.
    #[track_caller]
    pub(crate) fn assert_is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header(header::CONTENT_TYPE.as_str()), Some("application/problem+json"));
        let problem: serde_json::Value = serde_json::from_str(&self.body).expect("JSON");
        assert_eq!(problem["code"], code);
    }

    /// The secret stands in the hidden field of the form and nowhere else.
    #[track_caller]
    pub(crate) fn assert_hides(&self, token: &TokenSecret) {
        let token = token.expose();
        let field = format!(r#"<input type="hidden" name="token" value="{}">"#, token.as_str());
        self.assert_contains(&field);
        assert_eq!(self.body.matches(token.as_str()).count(), 1);
        let in_a_header =
            |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).contains(token.as_str());
        assert!(!self.headers.iter().any(|(_, value)| in_a_header(value)));
    }
}
