//! The HTTP interface: thin handlers on actix-web over the use cases of the domain.
//!
//! A handler turns a request into the values of the domain, runs one use case, and puts the outcome into
//! words. What is true of every request and answer stands in one place each: `routes` is the table of paths,
//! `envelope` what all requests go through, `problem` how errors are told, `fields` how input is read,
//! `authenticated` how it is known who is calling, `client` from where, and `rate_limit` how often they may.
//!
//! The crate names no storage, no mailer and no hasher: it is given the use cases ready made.

mod access_log;
mod api;
mod authenticated;
mod body;
mod client;
mod dto;
mod envelope;
mod fields;
mod handlers;
mod head;
mod json;
mod locale;
mod openapi;
mod options;
mod pages;
mod panics;
mod path_id;
mod problem;
mod query;
mod rate_limit;
mod readiness;
mod request_id;
mod routes;
mod schemas;
mod security_headers;
mod server;

pub use api::Api;
pub use client::TrustedProxies;
pub use openapi::openapi;
pub use options::HttpOptions;
pub use pages::{Mail, MailboxError, MailboxReader};
pub use rate_limit::{
    Allowance, Caller, InProcessRateLimiter, Rate, RateLimiter, RateLimiting, RateLimits, RouteGroup,
};
pub use readiness::Readiness;
pub use server::{ServerLimits, serve, serve_operations};
