use super::finding::Finding;
use crate::config::Config;
use crate::wiring::Limiter;

const CHECK: &str = "rate_limits";

/// Finds out whether instances count calls together, where settings name a Redis for that. The service works without.
pub(super) async fn examine(config: &Config) -> Finding {
    match Limiter::start(config).await {
        Limiter::Off => Finding::ok(CHECK, "nobody counts calls here"),
        Limiter::InProcess(_) => Finding::ok(CHECK, "each instance counts calls for itself"),
        Limiter::Shared(limiter) if limiter.is_shared() => {
            Finding::ok(CHECK, "Redis counts calls for all instances")
        }
        Limiter::Shared(_) => Finding::warning(
            CHECK,
            "Redis does not count calls, so each instance counts for itself",
            "see PORTCULLIS_RATE_LIMIT_REDIS_URL, and what its user may do",
        ),
    }
}
