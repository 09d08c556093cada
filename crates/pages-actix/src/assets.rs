//! The files that pages load: styles, pictures and scripts.

use std::fmt::Write as _;
use std::future::ready;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use portcullis_http_actix::Access::Open;
use portcullis_http_actix::building_blocks::{UNLIMITED, at};
use sha2::{Digest as _, Sha256};

use crate::Brand;

/// All of them, by what they are for.
pub(crate) struct Assets {
    pub(crate) stylesheet: Arc<Asset>,
    pub(crate) own_stylesheet: Option<Arc<Asset>>,
    pub(crate) icon: Arc<Asset>,
    pub(crate) logo: Option<Arc<Asset>>,
    pub(crate) script: Arc<Asset>,
    pub(crate) mailbox_script: Arc<Asset>,
}

/// One of them.
pub(crate) struct Asset {
    /// Below `/assets`.
    path: &'static str,
    media_type: &'static str,
    content: Bytes,
    /// The query that names this very content.
    query: String,
}

impl Assets {
    pub(crate) fn of(brand: &Brand) -> Self {
        const CSS: &str = "text/css; charset=utf-8";
        const SCRIPT: &str = "text/javascript; charset=utf-8";
        let built_in = |path, media_type, content: &'static str| {
            Arc::new(Asset::new(path, media_type, Bytes::from_static(content.as_bytes())))
        };
        let own = |path, media_type, content: &[u8]| {
            Arc::new(Asset::new(path, media_type, Bytes::copy_from_slice(content)))
        };
        Self {
            stylesheet: built_in("/portcullis.css", CSS, include_str!("../assets/portcullis.css")),
            own_stylesheet: brand.stylesheet.as_ref().map(|css| own("/own.css", CSS, css.as_bytes())),
            icon: built_in("/portcullis.svg", "image/svg+xml", include_str!("../assets/portcullis.svg")),
            logo: brand.logo.as_ref().map(|logo| own("/logo", logo.media_type, &logo.content)),
            script: built_in("/portcullis.js", SCRIPT, include_str!("../assets/portcullis.js")),
            mailbox_script: built_in("/mailbox.js", SCRIPT, include_str!("../assets/mailbox.js")),
        }
    }

    /// Mounts the files below `/assets`.
    pub(crate) fn mount(&self, routes: &mut ServiceConfig) {
        let Self { stylesheet, own_stylesheet, icon, logo, script, mailbox_script } = self;
        let always = [stylesheet, icon, script, mailbox_script];
        for asset in always.into_iter().chain(own_stylesheet).chain(logo) {
            let path = asset.path;
            let asset = Arc::clone(asset);
            let serve = move |request: HttpRequest| ready(asset.serve(&request));
            at(path).get(Open, UNLIMITED, serve).mount(routes);
        }
    }
}

impl Asset {
    fn new(path: &'static str, media_type: &'static str, content: Bytes) -> Self {
        let mut query = "v=".to_owned();
        for octet in &Sha256::digest(&content)[..8] {
            write!(query, "{octet:02x}").expect("a string takes any text");
        }
        Self { path, media_type, content, query }
    }

    /// With the digest of its content in it, relative to the root.
    pub(crate) fn url(&self) -> String {
        format!("assets{}?{}", self.path, self.query)
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
            .body(self.content.clone())
    }
}
