//! How is measured, whatever it is that is measured.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::machine::{Machine, ProcessorUse};
use crate::service::Installation;

#[derive(Clone, Debug, Args)]
pub(crate) struct Measuring {
    /// The release binary
    #[arg(long, default_value = "target/release/portcullis")]
    binary: PathBuf,
    /// How often each figure is measured; its median is reported
    #[arg(long, default_value = "3")]
    pub(crate) rounds: NonZeroUsize,
    /// How long each measurement takes
    #[arg(long, default_value = "3")]
    pub(crate) seconds: u32,
    /// How many clients call at the same time
    #[arg(long, default_value = "16")]
    pub(crate) connections: NonZeroUsize,
    /// Where temporary data folders are made: on the disk to be measured
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
}

impl Measuring {
    pub(crate) fn installation(&self) -> anyhow::Result<Installation> {
        Installation::new(&self.binary, &self.folder)
    }

    /// Where temporary data is kept.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn lasts(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }

    /// Notes where it begins, and what the machine has done until then.
    pub(crate) fn begin(&self) -> anyhow::Result<Begun> {
        Ok(Begun { machine: Machine::with_data_in(&self.folder)?, before: ProcessorUse::now()? })
    }
}

/// A run that has begun.
pub(crate) struct Begun {
    machine: Machine,
    before: ProcessorUse,
}

impl Begun {
    /// What it was measured on, and how, now that it is over: a sentence each.
    pub(crate) fn setting(&self, measuring: &Measuring) -> anyhow::Result<Vec<String>> {
        let others = 100.0 * ProcessorUse::now()?.share_of_others_since(self.before);
        Ok(vec![
            format!("{}.", self.machine),
            format!("Medians of {} rounds of {} s each.", measuring.rounds, measuring.seconds),
            format!("Other programs used {others:.0} % of the machine meanwhile."),
        ])
    }
}
