//! What goes around every page: the document, its header, and the headers that it is sent with.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, ContentType, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use askama::Template;
use portcullis_http_actix::building_blocks::Problem;
use zeroize::Zeroizing;

use crate::elements::{Html, Page};
use crate::language::Language;
use crate::site::Site;
use crate::texts::{LayoutTexts, Texts};

/// Tells search engines to pass over an answer.
pub(crate) const NOT_INDEXED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));

/// The frame of the page that a request asks for: as an extractor, in the reader's language.
pub(crate) struct Frame {
    pub(crate) language: Language,
    pub(crate) site: web::Data<Site>,
    /// How the page reaches the root. All URLs in pages are relative, so that a proxy may serve them below a path
    /// of its own.
    root: String,
}

/// Who is signed in, and how they sign out.
pub(crate) struct SignOut {
    pub(crate) name: String,
    pub(crate) form_token: Zeroizing<String>,
}

/// What a page may do: no more than it has to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Powers {
    /// Loads styles and pictures. Its URL may hold a secret, which no other site is told by a `Referer`.
    Link,
    /// Makes forms comfortable by a script. Tells its own site where they come from, in `Origin`.
    Form,
    /// Looks for new mails.
    Mailbox,
    /// Shows a mail in a frame.
    Mail,
}

#[derive(Template)]
#[template(path = "layout.html")]
struct Layout<'a> {
    language: &'static str,
    texts: &'static LayoutTexts,
    title: &'a str,
    product: &'a str,
    body_class: &'static str,
    root: &'a str,
    /// Where the name leads.
    home: Option<String>,
    stylesheets: Vec<String>,
    scripts: Vec<String>,
    icon: String,
    logo: Option<String>,
    /// How many seconds a page is shown before it is loaded again, where there are no scripts to do better.
    reload_without_script: Option<u8>,
    sign_out: Option<SignOut>,
    body: Html,
}

impl Frame {
    pub(crate) fn texts(&self) -> &'static Texts {
        self.language.texts()
    }

    /// The URL of a page, given its path from the root, as this page names it.
    pub(crate) fn to(&self, path_from_root: &str) -> String {
        match format!("{}{path_from_root}", self.root).as_str() {
            "" => "./".to_owned(),
            url => url.to_owned(),
        }
    }

    /// Sends the browser to another page.
    pub(crate) fn redirect(&self, path_from_root: &str) -> HttpResponse {
        HttpResponse::SeeOther().insert_header((header::LOCATION, self.to(path_from_root))).finish()
    }

    /// The answer with this page: kept by no cache and found by no search engine.
    pub(crate) fn respond<B: Template>(
        &self,
        page: Page<B>,
        powers: Powers,
        sign_out: Option<SignOut>,
    ) -> HttpResponse {
        let Site { options, assets, .. } = self.site.as_ref();
        let scripts = match powers {
            Powers::Link => vec![],
            Powers::Form | Powers::Mail => vec![&assets.script],
            Powers::Mailbox => vec![&assets.script, &assets.mailbox_script],
        };
        let layout = Layout {
            language: self.language.tag(),
            texts: &self.texts().layout,
            title: &page.title,
            product: &options.brand.name,
            body_class: if sign_out.is_some() { "signed-in" } else { "guest" },
            root: &self.root,
            home: options.are_accounts_shown.then(|| self.to("account")),
            stylesheets: [Some(&assets.stylesheet), assets.own_stylesheet.as_ref()]
                .into_iter()
                .flatten()
                .map(|asset| asset.url())
                .collect(),
            scripts: scripts.into_iter().map(|asset| asset.url()).collect(),
            icon: assets.logo.as_ref().unwrap_or(&assets.icon).url(),
            logo: assets.logo.as_ref().map(|asset| asset.url()),
            reload_without_script: (powers == Powers::Mailbox).then_some(5),
            sign_out,
            body: Html::of(page.body),
        };
        let mut response = HttpResponse::build(page.status);
        for header in page.headers {
            response.insert_header(header);
        }
        response
            .content_type(ContentType::html())
            .insert_header((header::CONTENT_LANGUAGE, self.language.tag()))
            .insert_header((header::CONTENT_SECURITY_POLICY, powers.content_security_policy()))
            .insert_header((header::REFERRER_POLICY, powers.referrer_policy()))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header(NOT_INDEXED)
            .body(Html::of(layout).to_string())
    }
}

impl Powers {
    fn content_security_policy(self) -> &'static str {
        macro_rules! policy {
            ($($more:literal)?) => {
                concat!(
                    "default-src 'none'; style-src 'self'; img-src 'self'; ", $($more,)?
                    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
                )
            };
        }
        match self {
            Self::Link => policy!(),
            Self::Form => policy!("script-src 'self'; "),
            Self::Mailbox => policy!("script-src 'self'; connect-src 'self'; "),
            Self::Mail => policy!("script-src 'self'; frame-src 'self'; "),
        }
    }

    fn referrer_policy(self) -> &'static str {
        match self {
            Self::Link | Self::Mailbox | Self::Mail => "no-referrer",
            Self::Form => "same-origin",
        }
    }
}

impl FromRequest for Frame {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let folders = request.path().matches('/').count().saturating_sub(1);
        let site = request.app_data::<web::Data<Site>>().cloned();
        let frame = |site| Self { language: Language::of_reader(request), site, root: "../".repeat(folders) };
        ready(site.map(frame).ok_or_else(|| Problem::internal("the pages have not been configured")))
    }
}
