//! `/dev/mailbox`: the mails that would have been sent, for who develops against the service.

use std::error::Error;
use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::guard::GuardContext;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use async_trait::async_trait;
use minijinja::value::Serde;
use minijinja::{Value, context};
use portcullis_domain::{EmailAddress, Timestamp};
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;

use super::language::Language;
use super::layout::{NOT_INDEXED, Page, Place};
use crate::HttpOptions;
use crate::access::Access::Open;
use crate::dto::Moment;
use crate::fields::{Fields, FromFields};
use crate::problem::{Code, Problem};
use crate::query::Query;
use crate::routes::{UNLIMITED, at};

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
pub(super) fn configure(routes: &mut ServiceConfig) {
    for endpoint in [
        at("/mailbox").get(Open, UNLIMITED, list),
        at("/mailbox.json").get(Open, UNLIMITED, list_as_json),
        at("/mailbox/{id}").get(Open, UNLIMITED, show),
        at("/mailbox/{id}/html").get(Open, UNLIMITED, show_html),
    ] {
        endpoint.mount(routes);
    }
}

/// Whether this installation has a mailbox. Where it has none, these paths lead nowhere.
pub(super) fn is_there(context: &GuardContext) -> bool {
    reader(context.app_data()).is_some()
}

fn reader(options: Option<&web::Data<HttpOptions>>) -> Option<Arc<dyn MailboxReader>> {
    options?.mailbox.clone()
}

/// The mailbox of this installation.
struct Mailbox(Arc<dyn MailboxReader>);

impl FromRequest for Mailbox {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mailbox = reader(request.app_data()).map(Self);
        ready(mailbox.ok_or_else(|| Problem::new(Code::NotFound)))
    }
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

/// The list, for people.
async fn list(language: Language, mailbox: Mailbox) -> Result<HttpResponse, Problem> {
    let mails = mailbox.0.list().await?;
    let content = context! {
        texts => Serde(&language.texts().mailbox),
        mails => mails.iter().map(MailView::from).map(|mail| Value::from(Serde(mail))).collect::<Vec<_>>(),
    };
    let page =
        Page { status: StatusCode::OK, language, template: "mailbox.html", content, place: Place::Mailbox };
    Ok(page.respond())
}

/// The list, for programs.
async fn list_as_json(mailbox: Mailbox, Query(filter): Query<Filter>) -> Result<HttpResponse, Problem> {
    let mails = mailbox.0.list().await?;
    let items = mails.iter().filter(|mail| filter.lets_through(mail)).map(MailDto::from).collect();
    Ok(HttpResponse::Ok().json(MailsDto { items }))
}

/// One mail.
async fn show(language: Language, mailbox: Mailbox, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let mail = mailbox.find(&id).await?;
    let content = context! {
        texts => Serde(&language.texts().mailbox),
        mail => Serde(MailView::from(&mail)),
    };
    Ok(Page { status: StatusCode::OK, language, template: "mail.html", content, place: Place::Mail }
        .respond())
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
    date: Moment,
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
            date: Moment(mail.date),
            text: &mail.text,
            html: mail.html.as_deref(),
            links: &mail.links,
            code: mail.code.as_deref(),
        }
    }
}

/// A mail as the pages show it.
#[derive(Serialize)]
struct MailView<'a> {
    #[serde(flatten)]
    mail: MailDto<'a>,
    date_in_words: String,
    /// Those of the links that a browser may follow from here; others could be scripts.
    web_links: Vec<&'a str>,
}

impl<'a> From<&'a Mail> for MailView<'a> {
    fn from(mail: &'a Mail) -> Self {
        let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
        let is_web = |link: &&str| link.starts_with("https://") || link.starts_with("http://");
        Self {
            mail: mail.into(),
            date_in_words: OffsetDateTime::from(mail.date)
                .format(format)
                .expect("the format fits every moment"),
            web_links: mail.links.iter().map(String::as_str).filter(is_web).collect(),
        }
    }
}
