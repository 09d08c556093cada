//! `portcullis openapi`: the document of the HTTP API.

use crate::output::print;

/// Prints the document as JSON.
pub(super) fn print_document() -> anyhow::Result<()> {
    print(&portcullis_http_actix::openapi().to_pretty_json()?)?;
    Ok(())
}
