//! Where a form was sent from, as far as the browser tells.

use actix_web::http::header::{self, HeaderMap, HeaderName};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether nothing that the browser says speaks against a form being from one of our own pages.
///
/// Browsers that know `Sec-Fetch-Site` say it outright. Older ones, and all over plain `http`, send `Origin`, unless
/// the page keeps it to itself as those do that mailed links lead to. What sends neither is no browser.
pub(crate) fn is_ours(headers: &HeaderMap, public_url: &str) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    origin.to_str().is_ok_and(|origin| {
        let is_host = |host: &str| origin.split_once("://").is_some_and(|(_, authority)| authority == host);
        origin == "null" || origin == origin_of(public_url) || host.is_some_and(is_host)
    })
}

/// A URL up to its path.
fn origin_of(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |scheme| scheme + 3);
    let path = url[authority..].find('/').map_or(url.len(), |path| authority + path);
    &url[..path]
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn is_ours_with(headers: &[(&'static str, &str)]) -> bool {
        let request =
            headers.iter().fold(TestRequest::default(), |request, header| request.insert_header(*header));
        is_ours(request.to_http_request().headers(), "https://accounts.example.com/people")
    }

    #[test]
    fn what_the_browser_says_of_itself_decides() {
        for (site, expected) in
            [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false)]
        {
            assert_eq!(is_ours_with(&[("sec-fetch-site", site)]), expected, "{site}");
            let with_origin = [("sec-fetch-site", site), ("origin", "https://evil.example")];
            assert_eq!(is_ours_with(&with_origin), expected, "{site}");
        }
    }

    #[test]
    fn else_the_origin_has_to_be_the_public_one_or_the_host() {
        for (origin, expected) in [
            ("https://accounts.example.com", true),
            ("http://10.0.0.1:8080", true),
            ("null", true),
            ("https://accounts.example.com.evil.example", false),
            ("https://evil.example", false),
            ("http://accounts.example.com", false),
        ] {
            assert_eq!(is_ours_with(&[("origin", origin), ("host", "10.0.0.1:8080")]), expected, "{origin}");
        }
        assert!(is_ours_with(&[]));
    }
}
