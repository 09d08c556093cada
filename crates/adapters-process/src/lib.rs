//! What an installation has of the process that it runs in.
//!
//! - [`SystemClock`] is the clock of the operating system;
//! - [`LocalDeliverySignal`] wakes who delivers mails in the same process;
//! - [`Background`] is the work that goes on beside requests: it delivers mails, and deletes what has expired.

mod background;
mod delivery_signal;
mod delivery_worker;
mod shutdown;
mod sweeper;
mod system_clock;

pub use background::Background;
pub use delivery_signal::LocalDeliverySignal;
pub use delivery_worker::DeliveryObserver;
pub use system_clock::SystemClock;
