//! What an operator should know of a configuration that can be started with.

use std::fmt;

use super::form::Form as _;
use super::mails::SenderAddress;
use super::setting::Setting;
use super::settings::Config;
use super::urls::HttpUrl;

/// A value that is allowed and perhaps not wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The environment variable.
    pub key: String,
    /// What is the matter, in words that follow the key.
    pub concern: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Config {
    /// What an operator should know, in the order of the documentation.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> {
        let is_exposed = |url: &HttpUrl| !url.is_https() && !url.is_loopback();
        let is_public = |url: &HttpUrl| !url.is_loopback();
        let default_sender =
            || SenderAddress::parse(SenderAddress::DEFAULT).is_ok_and(|sender| sender == self.mail_from);
        [
            (
                self.public_url.as_ref().is_some_and(is_exposed),
                "public_url",
                "is not https: passwords and tokens can be read on the way",
                "put TLS in front of the service and name its https:// address",
            ),
            (
                self.smtp_url.is_none() && self.public_url.as_ref().is_some_and(is_public),
                "smtp_url",
                "is not given: mails are written into files, and who reads these can take over every account",
                "name a mail server",
            ),
            (
                self.smtp_url.is_some() && default_sender(),
                "mail_from",
                "is no address that anybody could answer to, and many mail servers refuse it",
                "give an address of yours",
            ),
            (
                !self.auth_enabled,
                "auth_enabled",
                "is false: every call acts as a built-in administrator",
                "never do this outside of a developer's machine",
            ),
            (
                self.lockout_threshold == 0,
                "lockout_threshold",
                "is 0: nothing holds up who guesses the passwords of an account",
                "set it to a few, such as 5",
            ),
            (
                !self.rate_limit,
                "rate_limit",
                "is off: a client may call as often as it likes",
                "turn it on, except for load tests",
            ),
        ]
        .into_iter()
        .filter(|(holds, ..)| *holds)
        .map(|(_, name, concern, remedy)| Warning {
            key: Setting::variable_of(name),
            concern,
            remedy,
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}; {}", self.key, self.concern, self.remedy)
    }
}
