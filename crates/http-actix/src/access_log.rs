use crate::Answered;

/// Records a request that was answered, within its span. Its path is given as the pattern that it matched, since paths and
/// queries can hold secrets.
pub(crate) fn record(answer: &Answered<'_>) {
    let Answered { method, route, status, took } = *answer;
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(
        target: "portcullis::access",
        method,
        route = route.unwrap_or("unknown"),
        status,
        micros,
        "answered"
    );
}
