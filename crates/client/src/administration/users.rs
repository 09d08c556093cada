use reqwest::{Method, RequestBuilder};

use crate::error::Error;
use crate::objects::{Page, Role, RoleId, Session, User, UserId};
use crate::requests::{UserChange, UserCreation, UserQuery};
use crate::signed_in::SignedIn;

/// The accounts of others. Each call takes the permission that it names, and nobody changes, erases or signs out a
/// user who has a permission that they lack: [`Forbidden`](crate::Code::Forbidden). Whatever would leave no active
/// administrator is [`LastAdmin`](crate::Code::LastAdmin), and who is not there is
/// [`NotFound`](crate::Code::NotFound).
#[derive(Clone, Copy, Debug)]
pub struct Users<'a>(pub(crate) &'a SignedIn);

impl Users<'_> {
    /// Lists users, a page at a time, the newest first. Takes `users:read`.
    ///
    /// # Errors
    ///
    /// Among others [`ValidationFailed`](crate::Code::ValidationFailed) for the cursor of another query.
    pub async fn list(&self, query: &UserQuery) -> Result<Page<User>, Error> {
        self.0.send(self.0.api(Method::GET, &["users"]).query(query)).await?.json()
    }

    /// Makes an account. Without a password its owner is invited by mail to set one. Takes `users:write`, and for
    /// roles `roles:assign` too.
    ///
    /// # Errors
    ///
    /// Among others [`EmailTaken`](crate::Code::EmailTaken), [`UsernameTaken`](crate::Code::UsernameTaken),
    /// [`ValidationFailed`](crate::Code::ValidationFailed).
    pub async fn create(&self, creation: &UserCreation) -> Result<User, Error> {
        self.0.send(self.0.api(Method::POST, &["users"]).json(creation)).await?.json()
    }

    /// Shows a user. Takes `users:read`.
    ///
    /// # Errors
    ///
    /// Those of all these calls.
    pub async fn read(&self, id: UserId) -> Result<User, Error> {
        self.0.send(self.of(id, Method::GET, &[])).await?.json()
    }

    /// Changes a user, and returns them as they are now. Another address is unverified again. Takes `users:write`.
    ///
    /// # Errors
    ///
    /// Among others [`EmailTaken`](crate::Code::EmailTaken), [`UsernameTaken`](crate::Code::UsernameTaken).
    pub async fn update(&self, id: UserId, change: &UserChange) -> Result<User, Error> {
        self.0.send(self.of(id, Method::PATCH, &[]).json(change)).await?.json()
    }

    /// Erases a user. Takes `users:delete`.
    ///
    /// # Errors
    ///
    /// Those of all these calls.
    pub async fn delete(&self, id: UserId) -> Result<(), Error> {
        self.0.send(self.of(id, Method::DELETE, &[])).await.map(drop)
    }

    /// Takes a user's address for verified. Takes `users:write`.
    ///
    /// # Errors
    ///
    /// Those of all these calls.
    pub async fn verify(&self, id: UserId) -> Result<User, Error> {
        self.0.send(self.of(id, Method::POST, &["verify"])).await?.json()
    }

    /// Lifts a user's lockout. Takes `users:write`.
    ///
    /// # Errors
    ///
    /// Those of all these calls.
    pub async fn unlock(&self, id: UserId) -> Result<User, Error> {
        self.0.send(self.of(id, Method::POST, &["unlock"])).await?.json()
    }

    /// Lists where a user is signed in, the newest first. Takes `sessions:read`.
    ///
    /// # Errors
    ///
    /// Those of all these calls.
    pub async fn sessions(&self, id: UserId) -> Result<Vec<Session>, Error> {
        self.0.send(self.of(id, Method::GET, &["sessions"])).await?.items()
    }

    /// Signs a user out everywhere. Takes `sessions:revoke`.
    ///
    /// # Errors
    ///
    /// Those of all these calls.
    pub async fn revoke_sessions(&self, id: UserId) -> Result<(), Error> {
        self.0.send(self.of(id, Method::DELETE, &["sessions"])).await.map(drop)
    }

    /// Lists the roles that a user holds. Takes `roles:read`.
    ///
    /// # Errors
    ///
    /// Those of all these calls.
    pub async fn roles(&self, id: UserId) -> Result<Vec<Role>, Error> {
        self.0.send(self.of(id, Method::GET, &["roles"])).await?.items()
    }

    /// Gives a user a role; to give one that they hold changes nothing. Takes `roles:assign`.
    ///
    /// # Errors
    ///
    /// Those of all these calls.
    pub async fn assign_role(&self, id: UserId, role: RoleId) -> Result<(), Error> {
        self.0.send(self.of(id, Method::POST, &["roles", &role.to_string()])).await.map(drop)
    }

    /// Takes a role from a user; to take one that they do not hold changes nothing. Takes `roles:assign`.
    ///
    /// # Errors
    ///
    /// Those of all these calls.
    pub async fn revoke_role(&self, id: UserId, role: RoleId) -> Result<(), Error> {
        self.0.send(self.of(id, Method::DELETE, &["roles", &role.to_string()])).await.map(drop)
    }

    fn of(self, id: UserId, method: Method, path: &[&str]) -> RequestBuilder {
        self.0.api(method, &[&["users", &id.to_string()], path].concat())
    }
}
