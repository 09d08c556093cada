use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};

use crate::assets::Assets;
use crate::cookies::Cookies;
use crate::{PagesOptions, routes};

/// The pages of one installation, to be [mounted beside its API](portcullis_http_actix::Api::with). Clones share
/// all they have.
#[derive(Clone)]
pub struct Pages(Arc<Site>);

/// What all pages of an installation share.
pub(crate) struct Site {
    pub(crate) options: PagesOptions,
    pub(crate) assets: Assets,
    pub(crate) cookies: Cookies,
}

impl Pages {
    /// The pages that `options` describe.
    #[must_use]
    pub fn new(options: PagesOptions) -> Self {
        let assets = Assets::of(&options.brand);
        let cookies = Cookies::at(&options.public_url);
        Self(Arc::new(Site { options, assets, cookies }))
    }

    /// Mounts everything, at the root.
    pub fn configure(&self, routes: &mut ServiceConfig) {
        routes.app_data(web::Data::from(Arc::clone(&self.0)));
        routes::configure(&self.0, routes);
    }
}
