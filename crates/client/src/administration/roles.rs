use reqwest::Method;

use crate::error::Error;
use crate::objects::{Permission, Role, RoleId};
use crate::requests::{RoleChange, RoleCreation};
use crate::signed_in::SignedIn;

/// Roles and their permissions. Each call takes the permission that it names, and nobody gives a role a permission that
/// they lack: [`Forbidden`](crate::Code::Forbidden).
#[derive(Clone, Copy, Debug)]
pub struct Roles<'a>(pub(crate) &'a SignedIn);

impl Roles<'_> {
    /// Lists all roles, in alphabetical order. Takes `roles:read`.
    ///
    /// # Errors
    ///
    /// Those that every call can meet.
    pub async fn list(&self) -> Result<Vec<Role>, Error> {
        self.0.send(self.0.api(Method::GET, &["roles"])).await?.items()
    }

    /// Makes a role. Takes `roles:write`.
    ///
    /// # Errors
    ///
    /// Among others [`RoleTaken`](crate::Code::RoleTaken), [`ValidationFailed`](crate::Code::ValidationFailed).
    pub async fn create(&self, creation: &RoleCreation) -> Result<Role, Error> {
        self.0.send(self.0.api(Method::POST, &["roles"]).json(creation)).await?.json()
    }

    /// Shows a role. Takes `roles:read`.
    ///
    /// # Errors
    ///
    /// Among others [`NotFound`](crate::Code::NotFound).
    pub async fn read(&self, id: RoleId) -> Result<Role, Error> {
        self.0.send(self.0.api(Method::GET, &["roles", &id.to_string()])).await?.json()
    }

    /// Changes a role for all who hold it, at once, and returns it as it is now. Takes `roles:write`.
    ///
    /// # Errors
    ///
    /// Among others [`NotFound`](crate::Code::NotFound), [`RoleTaken`](crate::Code::RoleTaken),
    /// [`BuiltInRole`](crate::Code::BuiltInRole).
    pub async fn update(&self, id: RoleId, change: &RoleChange) -> Result<Role, Error> {
        self.0.send(self.0.api(Method::PATCH, &["roles", &id.to_string()]).json(change)).await?.json()
    }

    /// Deletes a role, which nobody holds from then on. Takes `roles:write`.
    ///
    /// # Errors
    ///
    /// Among others [`NotFound`](crate::Code::NotFound), [`BuiltInRole`](crate::Code::BuiltInRole).
    pub async fn delete(&self, id: RoleId) -> Result<(), Error> {
        self.0.send(self.0.api(Method::DELETE, &["roles", &id.to_string()])).await.map(drop)
    }

    /// Lists every permission that is known: those of the service, and those that roles name. Takes `roles:read`.
    ///
    /// # Errors
    ///
    /// Those that every call can meet.
    pub async fn permissions(&self) -> Result<Vec<Permission>, Error> {
        self.0.send(self.0.api(Method::GET, &["permissions"])).await?.items()
    }
}
