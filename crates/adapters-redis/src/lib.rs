//! Rate limits that the instances of an installation share through Redis, or what speaks its protocol.
//!
//! Each call that is counted takes one round trip, in which a script does all that is to be done, atomically.
//! Time is that of the server, so the clocks of instances need not agree. A count is one key, which expires by
//! itself when its calls are paid off; a single login at 30 a minute is remembered for two seconds.
//!
//! The server is a convenience and no need. When it does not answer, each instance counts for itself, and no
//! call waits for it until it is back.

mod link;
mod rate_limiter;
mod url;

pub use rate_limiter::{RedisOptions, RedisRateLimiter};
pub use url::{InvalidRedisUrl, RedisUrl};
