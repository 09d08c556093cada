use std::time::Duration;

use crate::RouteGroup;

/// Hears of every request, for figures.
///
/// It is told on the thread that handles the request, so it MUST return at once.
pub trait HttpObserver: Send + Sync {
    /// A request was answered.
    fn answered(&self, answer: &Answered<'_>);

    /// A call to `group` was one too many, and refused.
    fn rate_limited(&self, group: RouteGroup);
}

/// What is told of a request that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered<'a> {
    /// Its method, whatever the client wrote; `HEAD` is told as such.
    pub method: &'a str,
    /// The pattern that its path matched: one of [these](crate::route_names()), or of an interface
    /// [beside](crate::Api::with) this one. None when no path matched.
    pub route: Option<&'a str>,
    /// The status of the answer.
    pub status: u16,
    /// How long it took until the answer was there. It remains to be sent.
    pub took: Duration,
}
