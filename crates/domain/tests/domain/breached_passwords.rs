use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::policy::Policy;
use portcullis_domain::ports::{BreachedPasswords, StorageError};
use portcullis_domain::use_cases::{
    ChangePasswordCommand, ChangePasswordError, CreateUserCommand, CreateUserError, RegisterCommand,
    RegisterError, ResetPasswordCommand, ResetPasswordError, SetPasswordError,
};
use portcullis_domain::{Actor, Password, PasswordRefusal};
use portcullis_testkit::TestDomain;
use portcullis_testkit::fixtures::{self, PASSWORD, new_user, password, registration};

use crate::ADA;

const LEAKED: &str = "a leaked password";
const UNKNOWN: &str = "nobody knows whether";

/// A list with one password, which cannot be read where another one is.
struct List;

#[async_trait]
impl BreachedPasswords for List {
    async fn contains(&self, password: &Password) -> Result<bool, StorageError> {
        match password.expose() {
            octets if octets == UNKNOWN.as_bytes() => Err(StorageError::broken("a torn page")),
            octets => Ok(octets == LEAKED.as_bytes()),
        }
    }
}

/// A domain where there is a list.
fn domain_with_a_list() -> TestDomain {
    TestDomain::with(Policy::default(), |ports| ports.breached_passwords = Some(Arc::new(List)))
}

#[tokio::test]
async fn a_password_that_has_leaked_can_be_had_in_no_way() {
    let domain = domain_with_a_list();
    let signed_in = domain.signed_in(ADA).await;
    let principal = domain.principal(&signed_in).await;
    domain.use_cases.request_password_reset.request(fixtures::email(ADA), None).await.unwrap();
    domain.deliver().await;
    let link = domain.mailer.last_token_for(ADA).expect("a link");

    for (text, is_refused) in [(LEAKED, true), (UNKNOWN, false)] {
        let command = RegisterCommand { password: password(text), ..registration("eve@example.com") };
        match domain.use_cases.register.register(command).await.unwrap_err() {
            RegisterError::PasswordRefused(PasswordRefusal::Breached) => assert!(is_refused),
            RegisterError::Storage(_) => assert!(!is_refused),
            other => panic!("{other:?}"),
        }
        let command = CreateUserCommand { password: Some(password(text)), ..new_user("eve@example.com") };
        match domain.use_cases.create_user.create(&Actor::operator(), command).await.unwrap_err() {
            CreateUserError::PasswordRefused(PasswordRefusal::Breached) => assert!(is_refused),
            CreateUserError::Storage(_) => assert!(!is_refused),
            other => panic!("{other:?}"),
        }
        let command = ChangePasswordCommand {
            current_password: Some(password(PASSWORD)),
            new_password: password(text),
            client: fixtures::client(),
        };
        match domain.use_cases.change_password.change(&principal, command).await.unwrap_err() {
            ChangePasswordError::PasswordRefused(PasswordRefusal::Breached) => assert!(is_refused),
            ChangePasswordError::Storage(_) => assert!(!is_refused),
            other => panic!("{other:?}"),
        }
        let command = ResetPasswordCommand {
            token: Some(link.clone()),
            new_password: password(text),
            client: fixtures::client(),
        };
        match domain.use_cases.reset_password.reset(command).await.unwrap_err() {
            ResetPasswordError::PasswordRefused(PasswordRefusal::Breached) => assert!(is_refused),
            ResetPasswordError::Storage(_) => assert!(!is_refused),
            other => panic!("{other:?}"),
        }
        let operator = Actor::operator();
        let set = domain.use_cases.set_password.set(&operator, signed_in.user.id, password(text));
        match set.await.unwrap_err() {
            SetPasswordError::PasswordRefused(PasswordRefusal::Breached) => assert!(is_refused),
            SetPasswordError::Storage(_) => assert!(!is_refused),
            other => panic!("{other:?}"),
        }
    }
    assert!(!domain.has_ended(&signed_in).await);
    domain.login(ADA, PASSWORD).await.expect("the password is the old one");
    domain.register("eve@example.com").await.expect("nobody has registered with this address");
}
