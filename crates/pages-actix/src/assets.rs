//! The files that pages load: styles, an icon and one script.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use minijinja::{Value, context};
use sha2::{Digest as _, Sha256};

use crate::access::Access::Open;
use crate::routes::{UNLIMITED, at};

static STYLESHEET: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../../assets/portcullis.css");
    Asset::new("/portcullis.css", "text/css; charset=utf-8", content)
});

static ICON: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("/portcullis.svg", "image/svg+xml", include_str!("../../assets/portcullis.svg"))
});

static MAILBOX_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../../assets/mailbox.js");
    Asset::new("/mailbox.js", "text/javascript; charset=utf-8", content)
});

/// The files with the digest of their content in the URL, relative to the root, by what templates call them.
pub(super) static URLS: LazyLock<Value> = LazyLock::new(|| {
    context! {
        stylesheet => STYLESHEET.url(),
        icon => ICON.url(),
        mailbox_script => MAILBOX_SCRIPT.url(),
    }
});

struct Asset {
    /// Below `/assets`.
    path: &'static str,
    media_type: &'static str,
    content: &'static str,
    /// The query that names this very content.
    query: String,
}

/// Mounts the files below `/assets`.
pub(super) fn configure(routes: &mut ServiceConfig) {
    for asset in [&STYLESHEET, &ICON, &MAILBOX_SCRIPT] {
        at(asset.path)
            .get(Open, UNLIMITED, async move |request: HttpRequest| asset.serve(&request))
            .mount(routes);
    }
}

impl Asset {
    fn new(path: &'static str, media_type: &'static str, content: &'static str) -> Self {
        let digest = Sha256::digest(content);
        let version = u64::from_be_bytes(*digest.first_chunk().expect("a digest has 32 octets"));
        Self { path, media_type, content, query: format!("v={version:016x}") }
    }

    /// Made of nothing that HTML would have escaped.
    fn url(&self) -> Value {
        Value::from_safe_string(format!("assets{}?{}", self.path, self.query))
    }

    /// Kept for good under its own version only: during a roll-out, an instance may be asked for the version
    /// of another.
    fn serve(&self, request: &HttpRequest) -> HttpResponse {
        let caching = if request.query_string() == self.query {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        HttpResponse::Ok()
            .content_type(self.media_type)
            .insert_header((header::CACHE_CONTROL, caching))
            .body(self.content)
    }
}
