//! A browser without scripts: it keeps cookies, fills in forms and follows redirects to pages of the site.

use std::collections::BTreeMap;

use actix_web::cookie::Cookie;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use actix_web::test::TestRequest;

use crate::site::{ADA, Answer, PASSWORD, Site};

pub(crate) const SESSION: &str = "__Host-portcullis-session";
pub(crate) const FORM: &str = "__Host-portcullis-form";

/// A browser at a site.
pub(crate) struct Browser<'a> {
    site: &'a Site,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
}

impl<'a> Browser<'a> {
    pub(crate) fn at(site: &'a Site) -> Self {
        Self { site, cookies: BTreeMap::new(), headers: vec![(ACCEPT_LANGUAGE.as_str(), "en")] }
    }

    /// A browser that Ada, whose address is verified, is signed in with.
    pub(crate) async fn of_ada(site: &'a Site) -> Self {
        site.verified(ADA).await;
        let mut browser = Self::at(site);
        browser.sign_in(ADA, PASSWORD).await.assert_redirects_to("account");
        browser
    }

    /// A browser that somebody with [`PASSWORD`] is signed in with.
    pub(crate) async fn of(site: &'a Site, address: &str) -> Self {
        let mut browser = Self::at(site);
        browser.sign_in(address, PASSWORD).await.assert_redirects_to("account");
        browser
    }

    pub(crate) async fn sign_in(&mut self, identifier: &str, password: &str) -> Answer {
        self.get("/sign-in").await;
        self.send("/sign-in", &[("identifier", identifier), ("password", password)]).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.call(TestRequest::get().uri(path)).await
    }

    pub(crate) async fn probe(&mut self, path: &str) -> Answer {
        self.call(TestRequest::with_uri(path).method(Method::HEAD)).await
    }

    /// Fills in the form that stands on the page at `path`, and sends it.
    pub(crate) async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send_from(path, path, fields).await
    }

    /// The same where the form is sent to another path than that of its page.
    pub(crate) async fn send_from(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = self.get(page).await;
        self.fill_in(&form, path, fields).await
    }

    /// The same with a form that was opened before.
    pub(crate) async fn fill_in(&mut self, form: &Answer, path: &str, fields: &[(&str, &str)]) -> Answer {
        let (token, shown) = (form_token(form), shown_before(form));
        let shown = shown.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>();
        let fields = [&[("form_token", token.as_str())], shown.as_slice(), fields].concat();
        self.post(path, &fields).await
    }

    /// Sends a form with these fields and no others.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| {
            let octets = text.bytes().map(|octet| format!("%{octet:02x}"));
            octets.collect::<String>()
        };
        let pairs: Vec<_> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let request = TestRequest::post()
            .uri(path)
            .insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded"))
            .set_payload(pairs.join("&"));
        self.call(request).await
    }

    async fn call(&mut self, mut request: TestRequest) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.insert_header((COOKIE, cookies.join("; ")));
        }
        for header in &self.headers {
            request = request.insert_header(*header);
        }
        let answer = self.site.answer(request).await;
        for cookie in answer.cookies() {
            if cookie.value().is_empty() {
                self.cookies.remove(cookie.name());
            } else {
                self.cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
        }
        answer
    }
}

/// The hidden token of the last form on a page: the first is that of signing out, where there is one.
pub(crate) fn form_token(page: &Answer) -> String {
    let field =
        page.body.rsplit(r#"name="form_token" value=""#).next().filter(|rest| rest.len() < page.body.len());
    field
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_else(|| panic!("no form: {}", page.body))
        .to_owned()
}

/// The hidden fields that say what a form showed before anybody typed.
pub(crate) fn shown_before(page: &Answer) -> Vec<(String, String)> {
    let hidden = page.body.split(r#"<input type="hidden" name="shown"#).skip(1);
    let fields = hidden.map(|rest| rest.split_once(r#"" value=""#).expect("it has a value"));
    let unescape = |text: &str| text.replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&");
    fields
        .map(|(name, rest)| (format!("shown{name}"), unescape(rest.split('"').next().unwrap_or_default())))
        .collect()
}

impl Answer {
    pub(crate) fn cookies(&self) -> Vec<Cookie<'static>> {
        let values =
            self.headers.get_all(SET_COOKIE).map(|value| value.to_str().expect("readable").to_owned());
        values.map(|value| Cookie::parse(value).expect("a cookie")).collect()
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<Cookie<'static>> {
        self.cookies().into_iter().find(|cookie| cookie.name() == name)
    }

    #[track_caller]
    pub(crate) fn assert_redirects_to(&self, url: &str) {
        assert_eq!(self.status, 303, "{}", self.body);
        assert_eq!(self.header(LOCATION.as_str()), Some(url));
    }

    /// A page of an account, with the headers that keep it safe.
    #[track_caller]
    pub(crate) fn assert_is_form_page(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(
            self.header("content-security-policy"),
            Some(
                "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action 'self'; \
                 frame-ancestors 'none'; base-uri 'none'"
            )
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("referrer-policy"), Some("same-origin"));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        for inline in ["<style", "style=\"", "<script>", "javascript:", " onclick"] {
            assert!(!self.body.contains(inline), "{inline} in {}", self.body);
        }
    }
}
