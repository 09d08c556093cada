use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use portcullis_domain::with_causes;
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::runtime::Handle;

/// What takes the spans. The log tells when it begins not to take them, and when it takes them again.
#[derive(Debug)]
pub(super) struct Collector {
    client: Client,
    /// The thread that sends batches has none of its own.
    runtime: Handle,
    is_away: AtomicBool,
}

impl Collector {
    /// A collector that may take as long as `patience` for a batch.
    pub(super) fn new(patience: Duration, runtime: Handle) -> reqwest::Result<Self> {
        let client = Client::builder().timeout(patience).redirect(Policy::none()).build()?;
        Ok(Self { client, runtime, is_away: AtomicBool::new(false) })
    }

    fn tell(&self, trouble: Option<String>) {
        let was_away = self.is_away.swap(trouble.is_some(), Ordering::Relaxed);
        match trouble {
            Some(trouble) if !was_away => {
                tracing::warn!(trouble, "traces are not sent: the collector does not take them");
            }
            None if was_away => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.spawn(send(self.client.clone(), request)).await.map_err(HttpError::from);
        let outcome = sent.flatten();
        self.tell(match &outcome {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answered {}", response.status())),
            Err(error) => Some(with_causes(error.as_ref())),
        });
        outcome
    }
}

async fn send(client: Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let answer = client.execute(request.try_into()?).await?;
    let mut response = Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        headers.extend(answer.headers().clone());
    }
    Ok(response.body(answer.bytes().await?)?)
}
