use actix_web::http::header;
use actix_web::{HttpResponse, web};
use async_trait::async_trait;

use crate::HttpOptions;
use crate::problem::{Code, Problem};

/// What `/metrics` shows at the address for operators.
#[async_trait]
pub trait MetricsReader: Send + Sync {
    /// The figures of this moment, in the text format of Prometheus (version 0.0.4).
    async fn read(&self) -> String;
}

/// Gives the figures to who collects them.
pub(crate) async fn metrics(options: web::Data<HttpOptions>) -> Result<HttpResponse, Problem> {
    let Some(metrics) = &options.metrics else {
        return Err(Problem::new(Code::NotFound));
    };
    let text = metrics.read().await;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(text))
}
