//! The languages that pages are written in.

use std::sync::LazyLock;

use actix_web::{HttpRequest, web};
use portcullis_domain::Locale;
use portcullis_http_actix::HttpOptions;
use portcullis_http_actix::building_blocks::preferred;

use crate::texts::{self, Texts};

/// A language that pages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
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
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    pub(crate) fn texts(self) -> &'static Texts {
        match self {
            Self::English => &texts::ENGLISH,
            Self::German => &texts::GERMAN,
        }
    }

    /// The one that the reader prefers among them, else the one that the installation is set to, else English.
    pub(crate) fn of_reader(request: &HttpRequest) -> Self {
        let configured = || Some(&request.app_data::<web::Data<HttpOptions>>()?.default_locale);
        preferred(request, &LOCALES).or_else(configured).and_then(Self::of).unwrap_or(Self::English)
    }

    fn of(locale: &Locale) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == locale.language())
    }
}
