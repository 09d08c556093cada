//! The one table of pages, and of the groups in which their calls are counted.
//!
//! A `GET` changes nothing, so a scanner that follows the links in mails costs nobody theirs; forms act.

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use portcullis_http_actix::Access::Open;
use portcullis_http_actix::RouteGroup::{Login, Other, Register, Reset, Verify};
use portcullis_http_actix::building_blocks::{Code, Endpoint, Problem, at};

use crate::account::{self, deletion, email, password, profile, sessions};
use crate::console;
use crate::entry::{forgot_password, sign_in, sign_out, sign_up, verify_code};
use crate::frame::Frame;
use crate::in_words::{Surroundings, in_words, reads_html};
use crate::linked_pages::{CONFIRM_EMAIL_CHANGE, RESET_PASSWORD, VERIFY_EMAIL};
use crate::links::{confirm_email_change, reset_password, verify_email};
use crate::mailbox;
use crate::site::Site;
use crate::visit::{BY_COOKIE, Visit};

/// Mounts the pages and what they load.
pub(crate) fn configure(site: &Site, routes: &mut ServiceConfig) {
    routes.service(web::scope("/assets").configure(|routes| site.assets.mount(routes)));
    for (path, page) in links() {
        mount(routes, &format!("/{path}"), vec![page], Surroundings(None));
    }
    if site.options.are_accounts_shown {
        for (folder, pages) in accounts() {
            mount(routes, folder, with_nothing_else(pages), Surroundings(Some(account::empty_page)));
        }
        mount(routes, "/admin", with_nothing_else(console::pages()), Surroundings(Some(console::empty_page)));
        mount_root(routes);
    }
    if site.options.mailbox.is_some() {
        routes.service(web::scope("/dev").configure(mailbox::configure));
    }
}

/// What mailed links lead to.
fn links() -> [(&'static str, Endpoint); 3] {
    [
        (VERIFY_EMAIL, page().get(Open, Other, verify_email::show).post(Open, Verify, verify_email::act)),
        (
            RESET_PASSWORD,
            page().get(Open, Other, reset_password::show).post(Open, Reset, reset_password::act),
        ),
        (
            CONFIRM_EMAIL_CHANGE,
            page().get(Open, Other, confirm_email_change::show).post(Open, Verify, confirm_email_change::act),
        ),
    ]
}

/// The ways in and out, and what people see of their own account. Who has to be signed in is said by what a handler
/// asks for: a `Visit` of anybody, or one of who is `SignedIn`.
fn accounts() -> Vec<(&'static str, Vec<Endpoint>)> {
    vec![
        ("/sign-up", vec![page().get(Open, Other, sign_up::show).post(Open, Register, sign_up::act)]),
        (
            "/verify-code",
            vec![
                page().get(Open, Other, verify_code::show).post(Open, Verify, verify_code::act),
                at("/resend").post(Open, Verify, verify_code::resend),
            ],
        ),
        ("/sign-in", vec![page().get(Open, Other, sign_in::show).post(Open, Login, sign_in::act)]),
        (
            "/forgot-password",
            vec![page().get(Open, Other, forgot_password::show).post(Open, Reset, forgot_password::act)],
        ),
        ("/sign-out", vec![page().post(Open, Other, sign_out::act)]),
        (
            "/account",
            vec![
                page().get(Open, Other, profile::show).post(Open, Other, profile::act),
                at("/email").get(Open, Other, email::show).post(Open, Login, email::act),
                at("/password").get(Open, Other, password::show).post(Open, Login, password::act),
                at("/sessions").get(Open, Other, sessions::show),
                at("/sessions/end").post(Open, Other, sessions::end),
                at("/sessions/end-others").post(Open, Other, sessions::end_others),
                at("/delete").get(Open, Other, deletion::show).post(Open, Login, deletion::act),
            ],
        ),
    ]
}

/// The page of a folder itself.
fn page() -> Endpoint {
    at("")
}

/// Whoever is signed in is told among their own pages that there is nothing at other paths.
fn with_nothing_else(mut pages: Vec<Endpoint>) -> Vec<Endpoint> {
    let nothing = async |_: Visit| Err::<HttpResponse, _>(Problem::new(Code::NotFound));
    pages.push(at("/{nothing:.*}").get(Open, Other, nothing));
    pages
}

fn mount(routes: &mut ServiceConfig, folder: &str, pages: Vec<Endpoint>, surroundings: Surroundings) {
    let scope = web::scope(folder)
        .app_data(BY_COOKIE)
        .app_data(surroundings)
        .configure(|routes| pages.into_iter().for_each(|page| page.mount(routes)));
    let nothing = async || Err::<HttpResponse, _>(Problem::new(Code::NotFound));
    routes.service(scope.default_service(web::to(nothing)).wrap(from_fn(in_words)));
}

/// Who comes to the root wants to their account; for programs nothing is there.
fn mount_root(routes: &mut ServiceConfig) {
    at("/").get(Open, Other, root).mount(routes);
}

async fn root(frame: Frame, request: HttpRequest) -> Result<HttpResponse, Problem> {
    if reads_html(&request) { Ok(frame.redirect("account")) } else { Err(Problem::new(Code::NotFound)) }
}
