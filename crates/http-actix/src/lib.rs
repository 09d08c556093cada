//! The HTTP interface: thin handlers on actix-web over the use cases of the domain.
//!
//! A handler turns a request into the values of the domain, runs one use case, and puts the outcome into
//! words. What is true of every request and answer stands in one place each: `routes` is the table of paths,
//! of who may call them and how often, `access` and `rate_limit` see to that, `envelope` is what all requests go
//! through, `client` says where they come from, `problem` how errors are told, and `fields` how input is read.
//!
//! An application of one's own mounts an [`Api`] into a scope, and asks with [`Authenticated`] and [`Authorized`]
//! who calls its own routes. Interfaces for others than programs, such as pages, are made of the same
//! [`building_blocks`] and mounted beside the API.
//!
//! The crate names no storage, no mailer and no hasher: it is given the use cases ready made.

#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
mod page_on_embedding {}

mod access;
mod access_log;
mod api;
mod authenticated;
mod authorized;
mod body;
pub mod building_blocks;
mod built_in_administrator;
mod client;
mod dto;
mod envelope;
mod fields;
mod form;
mod handlers;
mod head;
mod json;
mod locale;
mod matched_route;
mod mount_point;
mod observer;
mod openapi;
mod options;
mod panics;
mod path_id;
mod problem;
mod query;
mod rate_limit;
mod readiness;
mod request_id;
mod request_span;
mod routes;
mod schemas;
mod security_headers;
mod server;
mod this_machine;
mod trace_parent;
mod url_encoded;
mod use_case_span;

pub use access::Access;
pub use api::{Api, Operations};
pub use authenticated::Authenticated;
pub use authorized::{Authorized, RequiredPermission};
pub use client::TrustedProxies;
pub use handlers::metrics::MetricsReader;
pub use observer::{Answered, HttpObserver};
pub use openapi::openapi;
pub use options::{Authentication, HttpOptions};
pub use problem::{ProblemPage, ProblemPages};
pub use rate_limit::{
    Allowance, Caller, InProcessRateLimiter, Rate, RateLimiter, RateLimiting, RateLimits, RouteGroup,
};
pub use readiness::Readiness;
pub use request_span::RequestTracer;
pub use routes::{RouteRule, route_names, routes};
pub use server::{ServerLimits, serve, serve_operations};
pub use trace_parent::{TraceId, TraceParent};
