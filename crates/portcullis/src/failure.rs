//! How the program says that it could not do what it was asked.

use std::io::Write as _;
use std::process::ExitCode;

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
    for line in with_causes(error).lines() {
        writeln!(stderr, "error: {line}").ok();
    }
    ExitCode::FAILURE
}

/// The message and those of its causes, but for causes that it repeats already.
pub(crate) fn with_causes(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |mut message, cause| {
        if !message.contains(&cause) {
            let separator = if message.is_empty() { "" } else { ": " };
            message.push_str(separator);
            message.push_str(&cause);
        }
        message
    })
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn causes_follow_the_message_once() {
        let error = anyhow!("permission denied").context("cannot open p.db: permission denied");
        assert_eq!(with_causes(&error.context("no store")), "no store: cannot open p.db: permission denied");
    }
}
