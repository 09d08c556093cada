//! The service as HTTP: addresses, requests, and answers as values or problems.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, SetupError};
use crate::problem::Problem;

/// A service at an address.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// Its path ends with a slash.
    base: Url,
    http: reqwest::Client,
}

impl Service {
    pub(crate) fn new(base: &str, http: reqwest::Client) -> Result<Self, SetupError> {
        let mut base: Url = base.parse().map_err(|_| SetupError::InvalidBaseUrl)?;
        let is_address = matches!(base.scheme(), "http" | "https") && base.query().is_none();
        if !is_address || base.fragment().is_some() {
            return Err(SetupError::InvalidBaseUrl);
        }
        let path = format!("{}/", base.path().trim_end_matches('/'));
        base.set_path(&path);
        Ok(Self { base, http })
    }

    /// A request to a path below the base, whose segments are written so that each stays one.
    pub(crate) fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        url.path_segments_mut().expect("an http URL has a path").pop_if_empty().extend(path);
        self.http.request(method, url)
    }

    /// A request below `/api/v1/auth`.
    pub(crate) fn auth(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.request(method, &[&["api", "v1", "auth"], path].concat())
    }
}

/// What came back from a call that succeeded.
pub(crate) struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    /// # Errors
    ///
    /// The problem that was answered, or what kept an answer from arriving.
    pub(crate) async fn to(request: RequestBuilder) -> Result<Self, Error> {
        // The address can hold a secret: that of a mailed link.
        let unanswered = |error: reqwest::Error| Error::Unanswered(error.without_url());
        let response = request.send().await.map_err(unanswered)?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let body = response.bytes().await.map_err(unanswered)?.to_vec();
        let answer = Self { status, body };
        if status.is_success() { Ok(answer) } else { Err(answer.refusal(retry_after)) }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|source| Error::Unintelligible { status: self.status.as_u16(), source })
    }

    /// The items of a list that comes whole.
    pub(crate) fn items<T: DeserializeOwned>(&self) -> Result<Vec<T>, Error> {
        #[derive(Deserialize)]
        struct List<T> {
            items: Vec<T>,
        }
        Ok(self.json::<List<T>>()?.items)
    }

    fn refusal(&self, retry_after: Option<Duration>) -> Error {
        match self.json::<Problem>() {
            Ok(problem) => {
                let retry_after = problem.retry_after.or(retry_after);
                Error::Refused(Box::new(Problem { retry_after, ..problem }))
            }
            Err(error) => error,
        }
    }
}

/// In seconds, which is how the service writes it.
fn retry_after(response: &Response) -> Option<Duration> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str, path: &[&str]) -> String {
        let service = Service::new(base, reqwest::Client::new()).unwrap();
        service.request(Method::GET, path).build().unwrap().url().to_string()
    }

    #[test]
    fn a_base_may_have_a_path_with_or_without_a_slash_at_its_end() {
        for (base, expected) in [
            ("https://a.example", "https://a.example/health"),
            ("https://a.example/", "https://a.example/health"),
            ("https://a.example:8443/accounts", "https://a.example:8443/accounts/health"),
            ("http://a.example/all/accounts/", "http://a.example/all/accounts/health"),
        ] {
            assert_eq!(url(base, &["health"]), expected);
        }
    }

    #[test]
    fn what_is_no_address_of_a_service_is_refused() {
        for base in
            ["", "accounts", "/accounts", "ftp://a.example", "https://a.example/?x=1", "https://a.example/#x"]
        {
            assert!(Service::new(base, reqwest::Client::new()).is_err(), "{base}");
        }
    }

    #[test]
    fn a_segment_stays_one_segment() {
        assert_eq!(
            url("https://a.example", &["verify-email", "a/b?c#d%"]),
            "https://a.example/verify-email/a%2Fb%3Fc%23d%25"
        );
    }
}
