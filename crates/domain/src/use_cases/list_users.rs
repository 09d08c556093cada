use std::sync::Arc;

use crate::paging::{Page, PageLimit};
use crate::ports::{RoleRepository, StorageError, UserAdministration, UserFilter, UserQuery};
use crate::secrets::Cursors;
use crate::user::User;
use crate::values::{RoleName, SearchPrefix};

/// Which list its cursors are for.
const LIST: &str = "users";

/// Shows who has an account, a page at a time.
pub struct ListUsers {
    pub(super) administration: Arc<dyn UserAdministration>,
    pub(super) roles: Arc<dyn RoleRepository>,
    pub(super) cursors: Cursors,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ListUsersError {
    /// The cursor was not handed out for this list with this filter.
    #[error("the cursor is of no such list")]
    InvalidCursor,
    /// The filter names a role that does not exist.
    #[error("there is no such role")]
    UnknownRole,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ListUsers {
    /// The users that `filter` lets through, the newest first, from where `cursor` says.
    ///
    /// # Errors
    ///
    /// See [`ListUsersError`].
    pub async fn list(
        &self,
        filter: UserFilter,
        cursor: Option<&str>,
        limit: PageLimit,
    ) -> Result<Page<User>, ListUsersError> {
        let scope = scope(&filter);
        let before = cursor
            .map(|text| self.cursors.read(LIST, &scope, text).ok_or(ListUsersError::InvalidCursor))
            .transpose()?;
        if let Some(role) = &filter.role
            && self.roles.find_by_name(role).await?.is_none()
        {
            return Err(ListUsersError::UnknownRole);
        }
        let query =
            UserQuery { filter: filter.clone(), before: before.map(Into::into), limit: limit.get() + 1 };
        let found = self.administration.list(query).await?;
        Ok(Page::of(found, limit, |last| self.cursors.write(LIST, &scope, last.id.uuid())))
    }
}

fn scope(filter: &UserFilter) -> [Option<&str>; 4] {
    let flag = |flag| if flag { "true" } else { "false" };
    let UserFilter { prefix, role, email_verified, is_active } = filter;
    [
        prefix.as_ref().map(SearchPrefix::as_str),
        role.as_ref().map(RoleName::as_str),
        email_verified.map(flag),
        is_active.map(flag),
    ]
}
