//! `/dev/mailbox`: the mails that would have been sent, for who develops against the service.

use std::error::Error;
use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{self, ContentType};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use askama::Template;
use async_trait::async_trait;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use portcullis_domain::{EmailAddress, Timestamp};
use portcullis_http_actix::Access::Open;
use portcullis_http_actix::building_blocks::{
    Code, Fields, FromFields, Moment as ExactMoment, Problem, Query, UNLIMITED, at, names_this_machine,
};
use serde::Serialize;

use crate::elements::{Html, Moment, Page};
use crate::frame::{Frame, NOT_INDEXED, Powers};
use crate::site::Site;
use crate::texts::MailboxTexts;

/// Reads the mails that were written to files instead of being sent.
#[async_trait]
pub trait MailboxReader: Send + Sync {
    /// The mails, newest first.
    ///
    /// # Errors
    ///
    /// [`MailboxError`] when they cannot be read.
    async fn list(&self) -> Result<Vec<Mail>, MailboxError>;
}

/// A mail that would have been sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Names it within the mailbox.
    pub id: String,
    /// To which address.
    pub to: String,
    /// From whom.
    pub from: String,
    /// What it is about.
    pub subject: String,
    /// When it was written.
    pub date: Timestamp,
    /// Its text.
    pub text: String,
    /// The same in HTML.
    pub html: Option<String>,
    /// The links in it.
    pub links: Vec<String>,
    /// The one-time code in it.
    pub code: Option<String>,
}

/// The mailbox could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the mailbox cannot be read")]
pub struct MailboxError(#[source] pub Box<dyn Error + Send + Sync>);

impl From<MailboxError> for Problem {
    fn from(error: MailboxError) -> Self {
        Self::internal(error)
    }
}

/// Mounts the mailbox below `/dev`.
pub(crate) fn configure(routes: &mut ServiceConfig) {
    for endpoint in [
        at("/mailbox").get(Open, UNLIMITED, list),
        at("/mailbox.json").get(Open, UNLIMITED, list_as_json),
        at("/mailbox/{id}").get(Open, UNLIMITED, show),
        at("/mailbox/{id}/html").get(Open, UNLIMITED, show_html),
    ] {
        endpoint.mount(routes);
    }
}

/// The mailbox of this installation.
struct Mailbox(Arc<dyn MailboxReader>);

impl FromRequest for Mailbox {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let site = request.app_data::<web::Data<Site>>();
        let mailbox = site.and_then(|site| site.options.mailbox.clone()).filter(|_| is_from_here(request));
        ready(mailbox.map(Self).ok_or_else(|| Problem::new(Code::NotFound)))
    }
}

/// Whether a program of this machine asks, and for this machine.
///
/// A proxy on this machine asks for others, and says so. A page from elsewhere can have its name mean this machine, and the
/// browser then takes what is here for the page's own.
fn is_from_here(request: &HttpRequest) -> bool {
    const WORDS_OF_PROXIES: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    let headers = request.headers();
    headers.get(header::HOST).is_none_or(|host| host.to_str().is_ok_and(names_this_machine))
        && !WORDS_OF_PROXIES.iter().any(|name| headers.contains_key(*name))
}

impl Mailbox {
    /// Looks among the mails that there are: what stands in a URL never becomes the name of a file.
    async fn find(&self, id: &str) -> Result<Mail, Problem> {
        let mails = self.0.list().await?;
        mails.into_iter().find(|mail| mail.id == id).ok_or_else(|| Problem::new(Code::NotFound))
    }
}

/// Which mails are asked for.
struct Filter {
    /// Those to this address; none stands for all.
    to: Option<EmailAddress>,
}

impl FromFields for Filter {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        Some(Self { to: fields.optional("to", EmailAddress::parse)? })
    }
}

impl Filter {
    fn lets_through(&self, mail: &Mail) -> bool {
        let Some(wanted) = &self.to else { return true };
        EmailAddress::parse(&mail.to).is_ok_and(|address| address == *wanted)
    }
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct MailboxPage<'a> {
    texts: &'static MailboxTexts,
    newest: &'a str,
    mails: Vec<MailView<'a>>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct MailPage<'a> {
    texts: &'static MailboxTexts,
    mail: MailView<'a>,
}

/// The list, for people.
async fn list(frame: Frame, mailbox: Mailbox) -> Result<HttpResponse, Problem> {
    let mails = mailbox.0.list().await?;
    let texts = &frame.texts().mailbox;
    let newest = mails.first().map_or("", |mail| &mail.id);
    let body = MailboxPage { texts, newest, mails: mails.iter().map(MailView::from).collect() };
    let page = Page::ok(texts.title.clone(), body);
    Ok(frame.respond(page, Powers::Mailbox, None))
}

/// The list, for programs.
async fn list_as_json(mailbox: Mailbox, Query(filter): Query<Filter>) -> Result<HttpResponse, Problem> {
    let mails = mailbox.0.list().await?;
    let items = mails.iter().filter(|mail| filter.lets_through(mail)).map(MailDto::from).collect();
    Ok(HttpResponse::Ok().json(MailsDto { items }))
}

/// One mail.
async fn show(frame: Frame, mailbox: Mailbox, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let mail = mailbox.find(&id).await?;
    let body = MailPage { texts: &frame.texts().mailbox, mail: MailView::from(&mail) };
    let page = Page::ok(mail.subject.clone(), body);
    Ok(frame.respond(page, Powers::Mail, None))
}

/// The HTML of one mail, as a document that may do nothing but look as it does and open its links in new tabs.
async fn show_html(mailbox: Mailbox, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; \
                          frame-ancestors 'self'; base-uri 'none'; \
                          sandbox allow-popups allow-popups-to-escape-sandbox";
    let html = mailbox.find(&id).await?.html.ok_or_else(|| Problem::new(Code::NotFound))?;
    let html = html.replacen("<head>", "<head><base target=\"_blank\">", 1);
    Ok(HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_FRAME_OPTIONS, "SAMEORIGIN"))
        .insert_header(NOT_INDEXED)
        .body(html))
}

#[derive(Serialize)]
struct MailsDto<'a> {
    items: Vec<MailDto<'a>>,
}

#[derive(Serialize)]
struct MailDto<'a> {
    id: &'a str,
    to: &'a str,
    from: &'a str,
    subject: &'a str,
    date: ExactMoment,
    text: &'a str,
    html: Option<&'a str>,
    links: &'a [String],
    code: Option<&'a str>,
}

impl<'a> From<&'a Mail> for MailDto<'a> {
    fn from(mail: &'a Mail) -> Self {
        Self {
            id: &mail.id,
            to: &mail.to,
            from: &mail.from,
            subject: &mail.subject,
            date: ExactMoment(mail.date),
            text: &mail.text,
            html: mail.html.as_deref(),
            links: &mail.links,
            code: mail.code.as_deref(),
        }
    }
}

/// A mail as the pages show it.
struct MailView<'a> {
    id_in_url: String,
    to: &'a str,
    from: &'a str,
    subject: &'a str,
    date: Html,
    text: &'a str,
    has_html: bool,
    links: Vec<LinkView<'a>>,
    code: Option<&'a str>,
}

struct LinkView<'a> {
    url: &'a str,
    /// Whether a browser may follow it from here; others could be scripts.
    is_web: bool,
}

impl<'a> From<&'a Mail> for MailView<'a> {
    fn from(mail: &'a Mail) -> Self {
        Self {
            id_in_url: utf8_percent_encode(&mail.id, NON_ALPHANUMERIC).to_string(),
            to: &mail.to,
            from: &mail.from,
            subject: &mail.subject,
            date: Html::of(Moment::at(mail.date)),
            text: &mail.text,
            has_html: mail.html.is_some(),
            links: mail.links.iter().map(|url| LinkView::of(url)).collect(),
            code: mail.code.as_deref(),
        }
    }
}

impl<'a> LinkView<'a> {
    fn of(url: &'a str) -> Self {
        Self { url, is_web: url.starts_with("https://") || url.starts_with("http://") }
    }
}
