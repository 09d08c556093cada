use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use actix_web::http::header::{self, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::{OpenApi, Server};
use utoipa_swagger_ui::{Config, SwaggerFile};

use crate::mount_point::MountPoint;
use crate::openapi;
use crate::problem::{Code, Problem};

/// As it is where the interface is mounted at the root.
static DOCUMENT: LazyLock<web::Bytes> = LazyLock::new(|| in_json(&openapi()));

/// All URLs are relative, so that a proxy may serve them below a path of its own; none leads elsewhere.
static SWAGGER_UI: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("../openapi.json").try_it_out_enabled(true).validator_url("none");
    Arc::new(config)
});

/// What the page needs: its own scripts, and styles that its script writes into elements.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'none'";

/// The `OpenAPI` document.
pub(crate) async fn document(mount_point: MountPoint) -> HttpResponse {
    let document = if mount_point.is_root() {
        DOCUMENT.clone()
    } else {
        let mut document = openapi();
        document.servers = Some(vec![Server::new(mount_point.to_string())]);
        in_json(&document)
    };
    HttpResponse::Ok()
        .content_type(ContentType::json())
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(document)
}

fn in_json(document: &OpenApi) -> web::Bytes {
    document.to_json().expect("the document has nothing that JSON cannot say").into()
}

/// Leads to the page, whose relative URLs need the slash.
pub(crate) async fn slash() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "docs/")).finish()
}

/// A page to try the API in, and what it loads.
pub(crate) async fn page(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let file = request.match_info().get("file").unwrap_or_default();
    let SwaggerFile { bytes, content_type, .. } = utoipa_swagger_ui::serve(file, SWAGGER_UI.clone())
        .map_err(|error| Problem::internal(error.to_string()))?
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let mut response = HttpResponse::Ok();
    response
        .content_type(content_type)
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY));
    Ok(match bytes {
        Cow::Borrowed(bytes) => response.body(bytes),
        Cow::Owned(bytes) => response.body(bytes),
    })
}
