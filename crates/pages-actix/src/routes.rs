//! The pages for people: what mailed links lead to, and the mailbox of a developer.
//!
//! They are written on the server and need no script. A `GET` changes nothing, so a scanner that follows the
//! links in mails costs nobody theirs; the button sends a form, and that acts.

mod assets;
mod confirm_email_change;
mod language;
mod layout;
mod link;
mod mailbox;
mod reset_password;
mod texts;
mod verify_email;

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

pub use mailbox::{Mail, MailboxError, MailboxReader};

use crate::access::Access::Open;
use crate::rate_limit::RouteGroup::{Other, Reset, Verify};
use crate::routes::{Endpoint, at};

/// Mounts the pages and what they load.
pub(crate) fn configure(routes: &mut ServiceConfig) {
    mount_link_page(
        routes,
        verify_email::PATH,
        at("").get(Open, Other, verify_email::show).post(Open, Verify, verify_email::act),
    );
    mount_link_page(
        routes,
        reset_password::PATH,
        at("").get(Open, Other, reset_password::show).post(Open, Reset, reset_password::act),
    );
    mount_link_page(
        routes,
        confirm_email_change::PATH,
        at("").get(Open, Other, confirm_email_change::show).post(Open, Verify, confirm_email_change::act),
    );
    routes.service(web::scope("/assets").configure(assets::configure));
    routes.service(web::scope("/dev").guard(mailbox::is_there).configure(mailbox::configure));
}

fn mount_link_page(routes: &mut ServiceConfig, path: &str, page: Endpoint) {
    let page = web::scope(path).configure(|routes| page.mount(routes));
    routes.service(page.wrap(from_fn(link::failures_in_words)));
}
