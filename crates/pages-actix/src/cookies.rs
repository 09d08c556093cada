//! The cookies that pages set.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use std::time::Duration;

/// A cookie that pages set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jar {
    /// The refresh token of the session that a browser is signed in with.
    Session,
    /// What the forms of a browser are bound to.
    Form,
    /// What the next page tells.
    Notice,
}

/// How they are set: on `https` only for this very host, and never readable by scripts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookies {
    is_secure: bool,
}

impl Cookies {
    /// The cookies of an installation whose public URL is this.
    pub(crate) fn at(public_url: &str) -> Self {
        Self { is_secure: public_url.starts_with("https://") }
    }

    /// Browsers take a name that begins with `__Host-` only with `Secure`, for `/`, and from the very host. Over
    /// plain `http`, which is for development, not every browser takes them at all.
    pub(crate) fn name(self, jar: Jar) -> &'static str {
        match (jar, self.is_secure) {
            (Jar::Session, true) => "__Host-portcullis-session",
            (Jar::Form, true) => "__Host-portcullis-form",
            (Jar::Notice, true) => "__Host-portcullis-notice",
            (Jar::Session, false) => "portcullis-session",
            (Jar::Form, false) => "portcullis-form",
            (Jar::Notice, false) => "portcullis-notice",
        }
    }

    /// What a browser has sent; nothing counts like an empty text.
    pub(crate) fn read(self, request: &HttpRequest, jar: Jar) -> Option<String> {
        let cookie = request.cookie(self.name(jar))?;
        Some(cookie.value().to_owned()).filter(|value| !value.is_empty())
    }

    /// A cookie that lives as long as this, or as long as the browser runs.
    pub(crate) fn set(
        self,
        jar: Jar,
        value: impl Into<String>,
        lifetime: Option<Duration>,
    ) -> Cookie<'static> {
        let cookie = Cookie::build(self.name(jar), value.into())
            .path("/")
            .http_only(true)
            .secure(self.is_secure)
            .same_site(SameSite::Lax);
        match lifetime {
            Some(lifetime) => {
                let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
                cookie.max_age(CookieDuration::seconds(seconds)).finish()
            }
            None => cookie.finish(),
        }
    }

    /// Makes a browser forget a cookie.
    pub(crate) fn forget(self, jar: Jar) -> Cookie<'static> {
        self.set(jar, "", Some(Duration::ZERO))
    }
}
