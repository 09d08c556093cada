use std::collections::BTreeSet;

use async_trait::async_trait;

use super::StorageError;
use crate::audit::AuditEvent;
use crate::role::Role;
use crate::user::Change;
use crate::values::{Permission, Permissions, RoleDescription, RoleId, RoleName, UserId};

/// Keeps roles, and who holds them.
///
/// Every change takes effect at the next call of who holds the role. An authority *covers* a user or a role
/// when it lacks none of their permissions; a change MUST compare it with what is stored at that moment.
///
/// Proven by the cases `authority_is_read_at_each_call` and `role_changes_are_in_the_trail`.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RoleRepository: Send + Sync {
    /// Every role, by name.
    ///
    /// Proven by the case `a_role_is_kept_as_it_was_given`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn list(&self) -> Result<Vec<Role>, StorageError>;

    /// The role with this id.
    ///
    /// Proven by the case `a_role_is_kept_as_it_was_given`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn find(&self, id: RoleId) -> Result<Option<Role>, StorageError>;

    /// The role with this name.
    ///
    /// Proven by the case `a_role_is_kept_as_it_was_given`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn find_by_name(&self, name: &RoleName) -> Result<Option<Role>, StorageError>;

    /// The roles that a user holds, by name; none when there is no such user.
    ///
    /// Proven by the case `a_role_is_given_and_taken_once`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn held_by(&self, user: UserId) -> Result<Option<Vec<Role>>, StorageError>;

    /// Adds a role whose name is free.
    ///
    /// MUST refuse one that does not [fit among](Role::fits_among) those that are there, however it is raced against
    /// others who add permissions.
    ///
    /// Proven by the cases `raced_roles_of_one_name_leave_one`, `a_role_is_kept_as_it_was_given`,
    /// `what_roles_name_stays_within_its_limit` and `raced_roles_name_no_more_than_the_limit`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored.
    async fn create(&self, creation: RoleCreation) -> Result<RoleCreationOutcome, StorageError>;

    /// Changes a role, in all or nothing. Built-in roles stay as they are, and so does one that
    /// `update.authority` does not cover.
    ///
    /// MUST refuse new permissions with which it does not fit among the others, as [`create`](Self::create) does.
    ///
    /// Proven by the cases `a_role_change_keeps_the_rest`, `built_in_roles_stay_as_they_are`,
    /// `nobody_changes_a_role_beyond_their_authority`, `what_roles_name_stays_within_its_limit` and
    /// `raced_roles_name_no_more_than_the_limit`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is changed.
    async fn update(&self, update: RoleUpdate) -> Result<RoleUpdateOutcome, StorageError>;

    /// Deletes a role and takes it from all who hold it. Built-in roles stay, and so does one that
    /// `deletion.authority` does not cover.
    ///
    /// Proven by the cases `a_deleted_role_is_held_by_nobody`,
    /// `raced_assignments_and_a_deletion_leave_no_holder`, `built_in_roles_stay_as_they_are` and
    /// `nobody_changes_a_role_beyond_their_authority`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it stays.
    async fn delete(&self, deletion: RoleDeletion) -> Result<RoleDeletionOutcome, StorageError>;

    /// Gives a role to a user, unless they hold it.
    ///
    /// MUST refuse when `assignment.authority` does not cover both.
    ///
    /// Proven by the cases `a_role_is_given_and_taken_once`, `a_role_given_counts_at_the_next_call` and
    /// `nobody_hands_out_what_they_lack`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is changed.
    async fn assign(&self, assignment: RoleAssignment) -> Result<RoleAssignmentOutcome, StorageError>;

    /// Takes a role from a user who holds it.
    ///
    /// MUST refuse when `assignment.authority` does not cover both, and MUST refuse to take `admin` from the last
    /// active user who holds it, however it is raced against whatever else would leave none.
    ///
    /// Proven by the cases `a_role_is_given_and_taken_once`, `nobody_hands_out_what_they_lack`,
    /// `the_last_administrator_stays` and `raced_demotions_leave_an_administrator`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is changed.
    async fn revoke(&self, assignment: RoleAssignment) -> Result<RoleAssignmentOutcome, StorageError>;
}

/// A role to be added.
#[derive(Clone, Debug)]
pub struct RoleCreation {
    /// The role.
    pub role: Role,
    /// Tells of it.
    pub event: AuditEvent,
}

/// What adding a role came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleCreationOutcome {
    /// It is there.
    Created,
    /// Roles would name more than they may.
    TooManyPermissions,
    /// Another role has the name.
    NameTaken,
}

/// A change of a role.
#[derive(Clone, Debug)]
pub struct RoleUpdate {
    /// Which one.
    pub role: RoleId,
    /// Its new name.
    pub name: Option<RoleName>,
    /// Of its description.
    pub description: Change<RoleDescription>,
    /// All that its holders may do from here on.
    pub permissions: Option<BTreeSet<Permission>>,
    /// Of who changes it; covers [`permissions`](Self::permissions).
    pub authority: Permissions,
    /// Tells of it.
    pub event: AuditEvent,
}

/// What a change of a role came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleUpdateOutcome {
    /// The role as it is now.
    Updated(Role),
    /// There is no such role.
    NotFound,
    /// It has a permission that the authority lacks.
    Outranked,
    /// It is built in.
    BuiltIn,
    /// Roles would name more than they may.
    TooManyPermissions,
    /// Another role has the name.
    NameTaken,
}

/// A role to be deleted.
#[derive(Clone, Debug)]
pub struct RoleDeletion {
    /// Which one.
    pub role: RoleId,
    /// Of who deletes it.
    pub authority: Permissions,
    /// Tells of it.
    pub event: AuditEvent,
}

/// What deleting a role came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleDeletionOutcome {
    /// Nobody holds it any more, and it is gone.
    Deleted,
    /// There is no such role.
    NotFound,
    /// It has a permission that the authority lacks.
    Outranked,
    /// It is built in.
    BuiltIn,
}

/// That a user holds a role: to be so from here on, or to be so no longer.
#[derive(Clone, Debug)]
pub struct RoleAssignment {
    /// To or from whom.
    pub user: UserId,
    /// Which one.
    pub role: RoleId,
    /// Of who does it.
    pub authority: Permissions,
    /// Tells of it, if it changes anything.
    pub event: AuditEvent,
}

/// What giving or taking a role came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleAssignmentOutcome {
    /// It is so from here on.
    Changed,
    /// It was so before.
    Unchanged,
    /// There is no such user.
    UserNotFound,
    /// There is no such role.
    RoleNotFound,
    /// The user or the role has a permission that the authority lacks.
    Outranked,
    /// Nobody else is an active administrator.
    LastAdmin,
}
