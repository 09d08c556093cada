//! The floor for calls: what the framework costs when a handler does nothing.

use actix_web::web::{self, Json};
use actix_web::{App, HttpServer, rt};
use clap::Args;
use serde::Serialize;

use crate::http_client;

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct BareOptions {
    /// How long the answer is, in octets
    #[arg(long, default_value_t = 350)]
    pub(crate) octets: usize,
}

#[derive(Clone, Serialize)]
struct Body {
    filler: String,
}

impl Body {
    const OCTETS_AROUND: usize = r#"{"filler":""}"#.len();

    /// A body of so many octets as JSON.
    fn of(octets: usize) -> Self {
        Self { filler: "x".repeat(octets.saturating_sub(Self::OCTETS_AROUND)) }
    }
}

const PATH: &str = "/bare";

/// The request that it answers.
pub(crate) fn request() -> Vec<u8> {
    http_client::get(PATH, None)
}

/// Serves on a free port of loopback until the process is told to end.
pub(crate) fn run(options: BareOptions) -> anyhow::Result<()> {
    rt::System::new().block_on(async {
        let body = web::Data::new(Body::of(options.octets));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(body.clone())
                .route(PATH, web::get().to(|body: web::Data<Body>| async { Json(body) }))
        })
        .bind("127.0.0.1:0")?;
        println!("listening on http://{}", server.addrs()[0]);
        server.run().await?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_as_long_as_asked() {
        for octets in [Body::OCTETS_AROUND, 350] {
            assert_eq!(serde_json::to_vec(&Body::of(octets)).unwrap().len(), octets);
        }
    }
}
