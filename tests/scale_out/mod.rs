//! Two instances on one PostgreSQL, behind a load balancer.

mod load_balancer;
mod rolling_restart;
mod shared_state;
