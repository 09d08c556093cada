use anyhow::anyhow;
use portcullis_domain::User;
use portcullis_domain::use_cases::{FindUserError, UseCases};

use crate::cli::UserReference;

/// The user whom an operator names.
pub(in crate::commands) async fn find(
    use_cases: &UseCases,
    reference: &UserReference,
) -> anyhow::Result<User> {
    let found = match reference {
        UserReference::Id(id) => use_cases.find_user.find(*id).await,
        UserReference::Login(identifier) => use_cases.find_user.find_by_login(identifier).await,
    };
    found.map_err(|error| match error {
        FindUserError::NotFound => anyhow!("there is no user {reference}"),
        FindUserError::Storage(error) => error.into(),
    })
}
