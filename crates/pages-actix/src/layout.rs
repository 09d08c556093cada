//! What all pages have in common: their templates, and the headers that they are sent with.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType, HeaderName, HeaderValue};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::assets;
use super::language::Language;

/// Tells search engines to pass over an answer.
pub(super) const NOT_INDEXED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));

/// One page, ready to be sent.
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) language: Language,
    /// The template of its content.
    pub(super) template: &'static str,
    /// What the template shows.
    pub(super) content: Value,
    /// Where it stands, which says how it reaches the root.
    pub(super) place: Place,
}

/// Where a page stands. All URLs in pages are relative, so that a proxy may serve them below a path of its own.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// At the root, as what mailed links lead to.
    Root,
    /// The list of the mailbox, one folder below.
    Mailbox,
    /// One mail of it, two folders below.
    Mail,
}

macro_rules! embedded {
    ($($name:literal)+) => { [$(($name, include_str!(concat!("../../templates/", $name)))),+] };
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let blocks_on_own_lines = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(blocks_on_own_lines.expect("the default delimiters can be told apart"));
    let files = embedded! {
        "confirmation.html" "elements.html" "layout.html" "mail.html" "mailbox.html" "notice.html"
        "reset-password.html"
    };
    for (name, source) in files {
        environment.add_template(name, source).expect("the built-in templates parse");
    }
    environment
});

impl Page {
    /// The answer with this page: kept by no cache, found by no search engine, and told to no other site by
    /// a `Referer`, since its URL may hold a secret.
    pub(super) fn respond(self) -> HttpResponse {
        let html = TEMPLATES
            .get_template(self.template)
            .and_then(|template| {
                template.render(context! {
                    language => self.language.tag(),
                    root => Value::from_safe_string(self.place.to_root().to_owned()),
                    assets => assets::URLS.clone(),
                    ..self.content
                })
            })
            .expect("a built-in template renders from what its page gives it");
        HttpResponse::build(self.status)
            .content_type(ContentType::html())
            .insert_header((header::CONTENT_LANGUAGE, self.language.tag()))
            .insert_header((header::CONTENT_SECURITY_POLICY, self.place.content_security_policy()))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::REFERRER_POLICY, "no-referrer"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header(NOT_INDEXED)
            .body(html)
    }
}

impl Place {
    fn to_root(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Mailbox => "../",
            Self::Mail => "../../",
        }
    }

    /// What the page may load: no more than it does.
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
            Self::Root => policy!(),
            Self::Mailbox => policy!("script-src 'self'; connect-src 'self'; "),
            Self::Mail => policy!("frame-src 'self'; "),
        }
    }
}
