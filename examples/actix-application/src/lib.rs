//! An application that has accounts.
//!
//! The routes of Portcullis are below `/accounts`. Beside them are routes of the application's own: everybody may read
//! the front page, who is signed in is greeted, and who holds `reports:read` reads reports.

mod accounts;
mod apology;
mod hooks;

use actix_web::web::{self, ServiceConfig};
use portcullis_http_actix::{Api, Authenticated, Authorized, RequiredPermission};

pub use accounts::{Accounts, PUBLIC_URL};
pub use hooks::{DAYS_WITH_US, hooks};

/// Mounts the whole application.
pub fn configure(routes: &mut ServiceConfig, accounts: &Api) {
    routes.service(web::scope("/accounts").configure(|routes| accounts.configure(routes)));
    accounts.recognise_callers(routes);
    routes
        .route("/", web::get().to(front_page))
        .route("/greeting", web::get().to(greeting))
        .route("/reports", web::get().to(reports));
}

/// To read reports: the application names the permission, administrators put it into roles.
struct ReadReports;

impl RequiredPermission for ReadReports {
    const NAME: &'static str = "reports:read";
}

async fn front_page() -> &'static str {
    "Accounts are at /accounts/docs/"
}

async fn greeting(Authenticated(caller): Authenticated) -> String {
    format!("Hello {}", caller.user.email)
}

async fn reports(caller: Authorized<ReadReports>) -> String {
    format!("The reports for {}", caller.principal.user.email)
}
