//! Two instances on one PostgreSQL, behind a load balancer.

mod load_balancer;
mod migrations;
mod rolling_restart;
mod shared_state;
mod skewed_clock;

use crate::harness::Server;

impl Server {
    /// Another instance on the same store.
    pub(crate) async fn another(&self) -> Self {
        self.builder.clone().start().await
    }
}
