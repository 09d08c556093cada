//! What a load costs the server, and the driver.

use std::process;
use std::time::Duration;

use crate::driver::{Caller, Load, Outcome, drive};
use crate::process::{ProcessFamily, ServerProcess, processor_time};

/// One kind of call in one round: what it met with, and the processor time that it took.
pub(crate) struct Cost {
    outcome: Outcome,
    server: Duration,
    /// Of a server of databases, where there is one.
    database: Duration,
    driver: Duration,
}

impl Cost {
    /// Lets all `callers` call `server`, which keeps its data in `database` if that is a process of its own, and
    /// nobody else.
    pub(crate) async fn measure<C: Caller>(
        server: &ServerProcess,
        database: Option<ProcessFamily>,
        callers: &mut [C],
        load: Load,
    ) -> anyhow::Result<Self> {
        let of_database = || database.map_or(Ok(Duration::ZERO), ProcessFamily::processor_time);
        let (server_before, driver_before) = (server.processor_time()?, processor_time(process::id())?);
        let database_before = of_database()?;
        let outcome = drive(server.address(), callers, load).await?;
        Ok(Self {
            outcome,
            server: server.processor_time()?.saturating_sub(server_before),
            database: of_database()?.saturating_sub(database_before),
            driver: processor_time(process::id())?.saturating_sub(driver_before),
        })
    }

    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.outcome.rate()
    }

    /// The seconds within which `share` of the answers came.
    pub(crate) fn latency(&self, share: f64) -> f64 {
        self.outcome.latency(share)
    }

    /// The processor seconds of the server for each answer.
    pub(crate) fn of_each(&self) -> f64 {
        self.server.as_secs_f64() / f64::from(self.outcome.answers)
    }

    /// The processor seconds of the server of databases for each answer.
    pub(crate) fn of_database_each(&self) -> f64 {
        self.database.as_secs_f64() / f64::from(self.outcome.answers)
    }

    /// The processor seconds of both servers for each answer.
    pub(crate) fn of_both_each(&self) -> f64 {
        self.of_each() + self.of_database_each()
    }

    /// How much of its core the driver was at work. Near 1 it is the driver that was measured.
    pub(crate) fn driver_share(&self) -> f64 {
        self.driver.as_secs_f64() / self.outcome.took.as_secs_f64()
    }
}
