//! Where refused accounts are told.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use crate::commands::user::cannot_be_written;

/// A file of JSON Lines, or standard error.
pub(super) enum Report {
    File { path: PathBuf, output: io::BufWriter<File> },
    StandardError,
}

#[derive(Serialize)]
struct Refused<'a> {
    line: u64,
    reason: &'a str,
}

impl Report {
    pub(super) fn begin(path: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::StandardError);
        };
        let file = File::create(&path).with_context(|| cannot_be_written(&path))?;
        Ok(Self::File { path, output: io::BufWriter::new(file) })
    }

    pub(super) fn note(&mut self, refused: &[(u64, String)]) -> anyhow::Result<()> {
        for (line, reason) in refused {
            match self {
                Self::File { path, output } => {
                    let refused = serde_json::to_string(&Refused { line: *line, reason })?;
                    writeln!(output, "{refused}").with_context(|| cannot_be_written(path))?;
                }
                // There is nobody to tell when standard error is gone.
                Self::StandardError => drop(writeln!(io::stderr(), "line {line}: {reason}")),
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::File { path, mut output } => output.flush().with_context(|| cannot_be_written(&path)),
            Self::StandardError => Ok(()),
        }
    }
}
