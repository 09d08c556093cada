//! The languages that pages are written in.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::LazyLock;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use portcullis_domain::Locale;

use super::texts::{self, Texts};
use crate::HttpOptions;
use crate::locale::preferred;

/// A language that pages are written in: as an extractor, the one that the reader prefers among them, else
/// the one that the installation is set to, else English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    German,
}

static LOCALES: LazyLock<Vec<Locale>> = LazyLock::new(|| {
    let parse = |language: Language| Locale::parse(language.tag()).expect("every language has a tag");
    Language::ALL.map(parse).to_vec()
});

impl Language {
    const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its BCP 47 tag.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    pub(super) fn texts(self) -> &'static Texts {
        match self {
            Self::English => &texts::ENGLISH,
            Self::German => &texts::GERMAN,
        }
    }

    fn of(locale: &Locale) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == locale.language())
    }
}

impl FromRequest for Language {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let configured = || Some(&request.app_data::<web::Data<HttpOptions>>()?.default_locale);
        let locale = preferred(request, &LOCALES).or_else(configured);
        ready(Ok(locale.and_then(Self::of).unwrap_or(Self::English)))
    }
}
