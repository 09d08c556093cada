use portcullis_domain::RoleName;
use portcullis_domain::ports::{UserAdministration, UserFilter, UserQuery};

use super::finding::Finding;
use crate::store::Store;

pub(super) const CHECK: &str = "administrator";

/// Finds out whether somebody can administer the installation by the HTTP API.
pub(super) async fn examine(store: &dyn Store) -> Finding {
    let filter = UserFilter { role: Some(RoleName::admin()), is_active: Some(true), ..UserFilter::default() };
    match UserAdministration::list(store, UserQuery { filter, before: None, limit: 1 }).await {
        Ok(found) if found.is_empty() => Finding::failed(
            CHECK,
            "no active user holds the role admin",
            "make one with `portcullis user create --email ADDRESS --admin`",
        ),
        Ok(_) => Finding::ok(CHECK, "an active user holds the role admin"),
        Err(error) => Finding::error(CHECK, error, "mend the store first"),
    }
}
