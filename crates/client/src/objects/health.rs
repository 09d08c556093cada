use serde::Deserialize;

/// How a healthy service is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// The version of the service.
    pub version: String,
    /// Whether calls have to say who is calling; false on a developer's machine only.
    pub auth_enabled: bool,
}
