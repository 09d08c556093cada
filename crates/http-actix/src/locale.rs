use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{AcceptLanguage, Header as _, Quality};
use actix_web::{FromRequest, HttpRequest, web};
use portcullis_domain::Locale;

use crate::HttpOptions;

/// The language that a client prefers among those that there are; none when it asks for none of them.
#[derive(Debug)]
pub struct PreferredLocale(pub Option<Locale>);

impl FromRequest for PreferredLocale {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let available =
            request.app_data::<web::Data<HttpOptions>>().map_or(&[][..], |options| &options.locales);
        ready(Ok(Self(preferred(request, available).cloned())))
    }
}

/// Looks up each language that is accepted, the most wanted first, and what it is a variety of (RFC 4647 §3.4).
#[must_use]
pub fn preferred<'a>(request: &HttpRequest, available: &'a [Locale]) -> Option<&'a Locale> {
    let mut accepted = AcceptLanguage::parse(request).ok()?;
    accepted.retain(|language| language.quality > Quality::ZERO);
    accepted.ranked().iter().filter_map(|language| language.item()).find_map(|tag| {
        let mut range = tag.as_str();
        loop {
            let found = available.iter().find(|locale| locale.as_str().eq_ignore_ascii_case(range));
            if found.is_some() {
                return found;
            }
            range = range.rsplit_once('-')?.0;
        }
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::ACCEPT_LANGUAGE;
    use actix_web::test::TestRequest;

    use super::*;

    fn preferred_of(header: &str) -> Option<String> {
        let available = ["en", "de", "pt-br"].map(|tag| Locale::parse(tag).unwrap());
        let request = TestRequest::default().insert_header((ACCEPT_LANGUAGE, header)).to_http_request();
        preferred(&request, &available).map(ToString::to_string)
    }

    #[test]
    fn the_highest_quality_that_is_there_wins() {
        assert_eq!(preferred_of("de, en;q=0.8").as_deref(), Some("de"));
        assert_eq!(preferred_of("de;q=0.7, en;q=0.8").as_deref(), Some("en"));
        assert_eq!(preferred_of("fr, de;q=0.1").as_deref(), Some("de"));
    }

    #[test]
    fn a_variety_falls_back_to_its_language() {
        assert_eq!(preferred_of("de-AT").as_deref(), Some("de"));
        assert_eq!(preferred_of("PT-BR").as_deref(), Some("pt-br"));
        assert_eq!(preferred_of("zh-Hant-TW, en-GB;q=0.5").as_deref(), Some("en"));
    }

    #[test]
    fn who_accepts_none_of_them_prefers_none() {
        for header in ["", "fr", "*", "de;q=0", "pt", "!!!", "de;q=nonsense", "en_US"] {
            assert_eq!(preferred_of(header), None, "{header}");
        }
    }
}
