use super::finding::Finding;
use crate::config::Config;

const CHECK: &str = "public_url";

/// Finds out whether links in mails lead to where others are, and whether browsers keep the cookies of the pages for
/// this service alone. That it is not encrypted is told with the settings, as by a start.
pub(super) fn examine(config: &Config) -> Finding {
    let Some(url) = &config.public_url else {
        return Finding::ok(CHECK, "there is none: links and cookies are for this machine alone");
    };
    if url.is_loopback() && !config.bind.ip().is_loopback() {
        return Finding::warning(
            CHECK,
            format!("others reach this service, but links in mails lead them to {url}, their own machine"),
            "name the address that they know it by, as PORTCULLIS_PUBLIC_URL",
        );
    }
    if config.pages && url.has_path() {
        return Finding::warning(
            CHECK,
            format!("{url} has a path: browsers send the cookies of the pages to all that shares its host"),
            "give the service a host of its own, or turn PORTCULLIS_PAGES off",
        );
    }
    if url.is_https() {
        Finding::ok(
            CHECK,
            "links lead there, and cookies are for this host alone and never sent in the clear",
        )
    } else {
        Finding::ok(CHECK, "links lead there; cookies are not marked `Secure`, as it is not https")
    }
}
