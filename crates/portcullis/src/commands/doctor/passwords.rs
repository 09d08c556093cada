use super::finding::Finding;
use crate::config::Config;
use crate::wiring;

const CHECK: &str = "passwords";

/// Finds out whether passwords can be looked up in the list of leaked ones, where settings name one.
pub(super) fn examine(config: &Config) -> Finding {
    match wiring::breached_passwords(config) {
        Ok(Some(_)) => Finding::ok(CHECK, "those on the list of leaked ones are refused"),
        Ok(None) => Finding::ok(CHECK, "the most common ones are refused; there is no list of leaked ones"),
        Err(error) => Finding::error(
            CHECK,
            error,
            "see that the file is there, as its downloader writes it, and readable for who runs the service",
        ),
    }
}
