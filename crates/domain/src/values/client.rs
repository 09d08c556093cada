use std::fmt;
use std::net::IpAddr;

use super::text::is_deceptive;

/// Where a request came from, as far as is known: kept with sessions for their owner to recognise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The address of the peer, or what a trusted proxy says of it.
    pub ip: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<UserAgent>,
}

/// What a client calls itself: text from outside, made harmless to show and to log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAgent(String);

impl UserAgent {
    /// The most characters that are kept.
    pub const MAX_CHARACTERS: usize = 512;

    /// Keeps the first 512 characters, but a space for each that is a control, cannot be seen or reorders text.
    /// Nothing but white space is no user agent.
    #[must_use]
    pub fn sanitized(text: &str) -> Option<Self> {
        let harmless: String = text
            .chars()
            .take(Self::MAX_CHARACTERS)
            .map(|character| if is_deceptive(character) { ' ' } else { character })
            .collect();
        let trimmed = harmless.trim();
        (!trimmed.is_empty()).then(|| Self(trimmed.to_owned()))
    }

    /// The user agent as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserAgent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
