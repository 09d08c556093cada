use actix_web::{FromRequest, Handler};
use tracing::Instrument as _;
use tracing::instrument::Instrumented;

/// A handler whose work is a span, which has its name, and so that of the use case that it runs.
#[derive(Clone)]
pub(crate) struct UseCaseSpan<F> {
    handler: F,
    use_case: &'static str,
}

impl<F> UseCaseSpan<F> {
    pub(crate) fn around(handler: F) -> Self {
        let path = std::any::type_name::<F>();
        // A closure has no name of its own, but stands in a function that has.
        let use_case = path.rsplit("::").find(|part| !part.starts_with('{')).unwrap_or(path);
        Self { handler, use_case }
    }
}

impl<F, Args> Handler<Args> for UseCaseSpan<F>
where
    F: Handler<Args>,
    Args: FromRequest,
{
    type Output = F::Output;
    type Future = Instrumented<F::Future>;

    fn call(&self, arguments: Args) -> Self::Future {
        let span = tracing::debug_span!("use_case", otel.name = self.use_case);
        // Some handlers begin before they are waited for.
        let handling = span.in_scope(|| self.handler.call(arguments));
        handling.instrument(span)
    }
}
