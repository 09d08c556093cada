//! What operators see of an installation: figures for Prometheus, and traces for OpenTelemetry.
//!
//! [`Metrics`] holds all figures of one installation. It hears of requests as an
//! [`HttpObserver`](portcullis_http_actix::HttpObserver), of audit events as an
//! [`AuditObserver`](portcullis_domain::ports::AuditObserver), of calls to the store through [`MeasuredStore`], and
//! is told the rest. What can only be looked up, such as the length of the mail queue, it looks up
//! when it is [read](portcullis_http_actix::MetricsReader::read).
//!
//! [`Traces`] sends the spans of requests to a collector.
//!
//! Nothing is global: two installations in one process have figures of their own. Labels have values from fixed
//! lists only, so nobody outside can make the figures grow. Counting takes no lock.

mod audit_figures;
mod count;
mod families;
mod hashing_figures;
mod http_figures;
mod mail_figures;
mod measured_store;
mod metrics;
mod process_figures;
mod store_figures;
mod traces;

pub use families::{FAMILIES, Family, Kind};
pub use measured_store::MeasuredStore;
pub use metrics::{ConnectionUse, HashingUse, Metrics, Sources};
pub use traces::{StartError, TraceSettings, Traces};
