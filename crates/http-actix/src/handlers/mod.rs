//! Handlers: each makes a command of a request, runs one use case, and puts the outcome into words.

pub(crate) mod administration;
pub(crate) mod auth;
pub(crate) mod documentation;
pub(crate) mod health;
pub(crate) mod introspection;
pub(crate) mod keys;
pub(crate) mod metrics;
