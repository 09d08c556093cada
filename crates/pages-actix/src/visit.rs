//! Who visits: the browser, and who is signed in with it.

use std::cell::RefCell;
use std::rc::Rc;

use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse};
use askama::Template;
use futures_util::future::LocalBoxFuture;
use portcullis_domain::use_cases::{RefreshError, TokenKind, Tokens, UseCases};
use portcullis_domain::{Actor, Client, EmailAddress, OwnPermission, Principal, User};
use portcullis_http_actix::HttpOptions;
use portcullis_http_actix::building_blocks::{ClientOf, Code, Problem, Recognition, is_head, shared};

use crate::cookies::Jar;
use crate::elements::{Banner, Form, Page};
use crate::form_token::FormSecret;
use crate::frame::{Frame, Powers, SignOut};
use crate::notice::Notice;
use crate::site::Site;
use crate::texts::Texts;

/// A visit: as an extractor, of whomever.
pub(crate) struct Visit {
    pub(crate) frame: Frame,
    /// Who is signed in.
    pub(crate) principal: Option<Principal>,
    pub(crate) client: Client,
    form_secret: FormSecret,
    notice: Option<Notice>,
    departures: Departures,
}

/// A visit of somebody who is signed in: as an extractor, everybody else is sent to sign in.
pub(crate) struct SignedIn {
    pub(crate) visit: Visit,
    pub(crate) principal: Principal,
}

/// The cookies that go out with the answer, whatever it is.
#[derive(Clone, Default)]
pub(crate) struct Departures(Rc<RefCell<Vec<Cookie<'static>>>>);

impl Departures {
    /// Those of a request.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        request.extensions_mut().get_or_insert(Self::default()).clone()
    }

    /// A later one replaces an earlier one of its name.
    fn set(&self, cookie: Cookie<'static>) {
        let mut cookies = self.0.borrow_mut();
        cookies.retain(|other| other.name() != cookie.name());
        cookies.push(cookie);
    }

    /// Leaves something for the next page to tell.
    pub(crate) fn leave(&self, site: &Site, notice: impl Into<Notice>) {
        self.set(site.cookies.set(Jar::Notice, notice.into().write(), None));
    }

    pub(crate) fn take(&self) -> Vec<Cookie<'static>> {
        self.0.take()
    }
}

impl SignedIn {
    /// The visitor as who acts on what is not their own.
    pub(crate) fn actor(&self) -> Actor {
        Actor::signed_in(&self.principal, self.visit.client.clone())
    }
}

impl Visit {
    pub(crate) fn texts(&self) -> &'static Texts {
        self.frame.texts()
    }

    pub(crate) fn site(&self) -> &Site {
        &self.frame.site
    }

    /// Whether who is signed in holds a permission.
    pub(crate) fn may(&self, permission: OwnPermission) -> bool {
        self.principal.as_ref().is_some_and(|principal| principal.permissions.allow_own(permission))
    }

    /// A form that is sent to the page at `path_from_root`, with what shows there that it is ours.
    pub(crate) fn form(&self, path_from_root: &str, button: &'static str) -> Form {
        Form::new(self.frame.to(path_from_root), button).hidden(FORM_TOKEN, self.form_token())
    }

    /// Whether a form that was sent is one that this visitor was shown.
    pub(crate) fn accepts(&self, form_token: &str) -> bool {
        self.site().options.form_tokens.accept(form_token, &self.form_secret, self.session())
    }

    /// The answer with this page.
    pub(crate) fn respond<B: Template>(&self, page: Page<B>) -> HttpResponse {
        let sign_out = self
            .principal
            .as_ref()
            .map(|principal| SignOut { name: display_name(&principal.user), form_token: self.form_token() });
        self.frame.respond(page, Powers::Form, sign_out)
    }

    /// What the last page has left to tell.
    pub(crate) fn news(&self) -> Option<Banner> {
        self.notice.as_ref()?.news.banner(&self.texts().notices)
    }

    /// The address that the last page has left to go on with.
    pub(crate) fn address_at_hand(&self) -> Option<&EmailAddress> {
        self.notice.as_ref()?.address.as_ref()
    }

    /// Leaves something for the next page to tell.
    pub(crate) fn leave(&self, notice: impl Into<Notice>) {
        self.departures.leave(self.site(), notice);
    }

    /// Signs the browser in.
    pub(crate) fn keep(&self, tokens: &Tokens) {
        self.departures.set(session_cookie(self.site(), tokens));
    }

    /// Signs the browser out; its session is none of this.
    pub(crate) fn forget(&self) {
        self.departures.set(self.site().cookies.forget(Jar::Session));
    }

    fn form_token(&self) -> zeroize::Zeroizing<String> {
        self.site().options.form_tokens.write(&self.form_secret, self.session())
    }

    fn session(&self) -> Option<portcullis_domain::SessionId> {
        self.principal.as_ref().map(|principal| principal.session.id)
    }
}

/// The hidden field that shows that a form is ours.
pub(crate) const FORM_TOKEN: &str = "form_token";

/// What somebody is called where there is no room for more.
pub(crate) fn display_name(user: &User) -> String {
    match (&user.profile.name, &user.username) {
        (Some(name), _) => name.as_str().to_owned(),
        (None, Some(username)) => username.as_str().to_owned(),
        (None, None) => user.email.as_str().to_owned(),
    }
}

fn session_cookie(site: &Site, tokens: &Tokens) -> Cookie<'static> {
    site.cookies.set(Jar::Session, tokens.refresh_token.as_str(), Some(tokens.refresh_expires_in))
}

impl AsRef<Self> for Visit {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl AsRef<Visit> for SignedIn {
    fn as_ref(&self) -> &Visit {
        &self.visit
    }
}

impl FromRequest for Visit {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::read(&request).await })
    }
}

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let visit = Visit::read(&request).await?;
            let principal = visit.principal.clone().ok_or_else(|| Problem::new(Code::Unauthenticated))?;
            Ok(Self { visit, principal })
        })
    }
}

impl Visit {
    /// The visit of whoever is behind a request.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub(crate) async fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let frame = Frame::extract(request).into_inner()?;
        let Ok(ClientOf(client)) = ClientOf::extract(request).into_inner();
        let departures = Departures::of(request);
        let cookies = frame.site.cookies;
        let kept = cookies.read(request, Jar::Form).as_deref().and_then(FormSecret::parse);
        let form_secret = if let Some(secret) = kept {
            secret
        } else {
            let secret = FormSecret::generate(shared::<HttpOptions>(request)?.entropy.as_ref());
            departures.set(cookies.set(Jar::Form, secret.as_str(), None));
            secret
        };
        let left = cookies.read(request, Jar::Notice);
        let notice = left.as_deref().and_then(Notice::read);
        if left.is_some() && !notice.as_ref().is_some_and(|notice| notice.news.stays()) {
            departures.set(cookies.forget(Jar::Notice));
        }
        let principal = recognise(request).await?;
        Ok(Self { frame, principal, client, form_secret, notice, departures })
    }
}

/// Who is known to be behind a request already.
pub(crate) fn recognised(request: &HttpRequest) -> Option<Principal> {
    request.extensions().get().cloned()
}

/// Who calls a page that only some may, for the guard of its route.
pub(crate) const BY_COOKIE: Recognition = Recognition(|request| {
    Box::pin(async move { recognise(&request).await?.ok_or_else(|| Problem::new(Code::Unauthenticated)) })
});

/// Finds out who is behind a session cookie, once for each request.
async fn recognise(request: &HttpRequest) -> Result<Option<Principal>, Problem> {
    if let Some(principal) = recognised(request) {
        return Ok(Some(principal));
    }
    let principal = look_up(request).await?;
    if let Some(principal) = &principal {
        request.extensions_mut().insert(principal.clone());
    }
    Ok(principal)
}

/// Who is behind a session cookie. The refresh token in it is exchanged for the next one when it has served long
/// enough, and also when it is spent: another request of the same browser may just have exchanged it, and within
/// the grace both get the same successor. `HEAD` exchanges nothing.
async fn look_up(request: &HttpRequest) -> Result<Option<Principal>, Problem> {
    let site = &Frame::extract(request).into_inner()?.site;
    let Some(refresh_token) = site.cookies.read(request, Jar::Session) else { return Ok(None) };
    let use_cases = shared::<UseCases>(request)?;
    let now = shared::<HttpOptions>(request)?.clock.now();
    let good = use_cases.introspect_token.introspect(&refresh_token).await?;
    let good = good.filter(|good| good.kind == TokenKind::Refresh);
    if is_head(request) {
        return Ok(good.map(|good| good.principal));
    }
    if let Some(good) = good
        && now.since(good.issued_at) < site.options.renewal
    {
        return Ok(Some(good.principal));
    }
    let Ok(ClientOf(client)) = ClientOf::extract(request).into_inner();
    let departures = Departures::of(request);
    match use_cases.refresh.refresh(&refresh_token, client).await {
        Ok(tokens) => {
            departures.set(session_cookie(site, &tokens));
            Ok(Some(use_cases.authenticate.authenticate(&tokens.access_token).await?))
        }
        Err(RefreshError::Invalid | RefreshError::Reused { .. }) => {
            departures.set(site.cookies.forget(Jar::Session));
            Ok(None)
        }
        Err(RefreshError::Storage(error)) => Err(error.into()),
    }
}
