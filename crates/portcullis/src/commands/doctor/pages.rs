use super::finding::Finding;
use crate::config::Config;
use crate::pages;

const CHECK: &str = "pages";

/// Finds out whether the files that change the look of the pages can be used. Those that are built in can.
pub(super) fn examine(config: &Config) -> Finding {
    let remedy = "see that the file is there, of that kind, and readable for who runs the service";
    match pages::brand(config) {
        Ok(brand) if brand.logo.is_none() && brand.stylesheet.is_none() => {
            Finding::ok(CHECK, "they look as they are built in")
        }
        Ok(_) => Finding::ok(CHECK, "the logo and the styles can be used"),
        Err(error) => Finding::error(CHECK, error, remedy),
    }
}
