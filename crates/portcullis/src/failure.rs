//! How the program says that it could not do what it was asked.

use std::io::Write as _;
use std::process::ExitCode;

use portcullis_domain::with_causes;

/// Says on standard error what went wrong, and gives the exit code for it.
///
/// clap's own errors are about usage, or no errors at all, such as `--help`.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(usage) = error.downcast_ref::<clap::Error>() {
        // There is nobody to tell when the terminal is gone.
        usage.print().ok();
        return u8::try_from(usage.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
    }
    let mut stderr = std::io::stderr().lock();
    for line in with_causes(error.as_ref()).lines() {
        writeln!(stderr, "error: {line}").ok();
    }
    ExitCode::FAILURE
}
