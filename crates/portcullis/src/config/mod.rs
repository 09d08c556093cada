//! Configuration: what it may be, where it comes from, and what it is.
//!
//! [`SETTINGS`] is the one table of everything that can be set. [`Configuration::load`] reads its values
//! from defaults, file, environment and flags, the later winning, into the typed [`Config`].

mod choices;
mod derived;
mod durations;
mod form;
mod mails;
mod networks;
mod numbers;
mod problem;
mod rate_limits;
mod report;
mod rules;
mod secrets;
mod setting;
mod settings;
mod sources;
mod text;
mod traces;
mod urls;
mod values;
mod warnings;

pub use choices::{LogFormat, Migrate};
pub(crate) use derived::cores;
pub use form::{Form, Refusal};
pub use networks::Network;
pub use problem::{FileProblem, Problem, Problems};
pub use rate_limits::{Rate, RateLimits};
pub use report::{ValueInForce, reference};
pub use setting::{DefaultValue, Secrecy, Setting};
pub use settings::{Config, SETTINGS};
pub use sources::{
    ADMIN_PASSWORD_VARIABLE, ADMIN_TOKEN_VARIABLE, COPY_FROM_VARIABLE, COPY_TO_VARIABLE, Flags, Sources,
};
#[cfg(feature = "verify")]
pub(crate) use urls::web_url;
pub use urls::{DatabaseUrl, HttpUrl, Origin, RedisUrl};
pub use values::{Place, Source, Values};
pub use warnings::Warning;

/// A configuration that can be started with, and where each of its values came from.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The values.
    pub config: Config,
    /// The same as they were written.
    pub values: Values,
}

impl Configuration {
    /// Reads everything from `sources` and checks it.
    ///
    /// # Errors
    ///
    /// [`Problems`] names every key that keeps this configuration from being started with.
    pub fn load(sources: Sources) -> Result<Self, Problems> {
        let values = Values::read(sources)?;
        let config = Config::parse(&values)?;
        rules::check(&config, &values)?;
        Ok(Self { config, values })
    }
}
