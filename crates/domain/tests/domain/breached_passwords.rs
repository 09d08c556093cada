use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::policy::Policy;
use portcullis_domain::ports::{BreachedPasswords, StorageError};
use portcullis_domain::use_cases::{
    ChangePasswordCommand, ChangePasswordError, CreateUserCommand, CreateUserError, Ports, RegisterCommand,
    RegisterError, ResetPasswordCommand, ResetPasswordError, SetPasswordError, UseCases,
};
use portcullis_domain::{Actor, Password, PasswordRefusal};
use portcullis_testkit::{Fakes, fixtures};

use crate::world::{ADA, PASSWORD, World, new_user, password, registration};

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

/// A world where there is a list.
fn world() -> World {
    let fakes = Fakes::default();
    let ports = Ports { breached_passwords: Some(Arc::new(List)), ..fakes.ports() };
    let domain = UseCases::new(&ports, Policy::default(), &fixtures::secret_key());
    World::of(fakes, domain)
}

#[tokio::test]
async fn a_password_that_has_leaked_can_be_had_in_no_way() {
    let world = world();
    let signed_in = world.signed_in(ADA).await;
    let principal = world.principal(&signed_in).await;
    world.domain.request_password_reset.request(fixtures::email(ADA), None).await.unwrap();
    world.deliver().await;
    let link = world.mailer.last_token_for(ADA).expect("a link");

    for (text, is_refused) in [(LEAKED, true), (UNKNOWN, false)] {
        let command = RegisterCommand { password: password(text), ..registration("eve@example.com") };
        match world.domain.register.register(command).await.unwrap_err() {
            RegisterError::PasswordRefused(PasswordRefusal::Breached) => assert!(is_refused),
            RegisterError::Storage(_) => assert!(!is_refused),
            other => panic!("{other:?}"),
        }
        let command = CreateUserCommand { password: Some(password(text)), ..new_user("eve@example.com") };
        match world.domain.create_user.create(&Actor::operator(), command).await.unwrap_err() {
            CreateUserError::PasswordRefused(PasswordRefusal::Breached) => assert!(is_refused),
            CreateUserError::Storage(_) => assert!(!is_refused),
            other => panic!("{other:?}"),
        }
        let command = ChangePasswordCommand {
            current_password: Some(password(PASSWORD)),
            new_password: password(text),
            client: fixtures::client(),
        };
        match world.domain.change_password.change(&principal, command).await.unwrap_err() {
            ChangePasswordError::PasswordRefused(PasswordRefusal::Breached) => assert!(is_refused),
            ChangePasswordError::Storage(_) => assert!(!is_refused),
            other => panic!("{other:?}"),
        }
        let command = ResetPasswordCommand {
            token: Some(link.clone()),
            new_password: password(text),
            client: fixtures::client(),
        };
        match world.domain.reset_password.reset(command).await.unwrap_err() {
            ResetPasswordError::PasswordRefused(PasswordRefusal::Breached) => assert!(is_refused),
            ResetPasswordError::Storage(_) => assert!(!is_refused),
            other => panic!("{other:?}"),
        }
        let operator = Actor::operator();
        let set = world.domain.set_password.set(&operator, signed_in.user.id, password(text));
        match set.await.unwrap_err() {
            SetPasswordError::PasswordRefused(PasswordRefusal::Breached) => assert!(is_refused),
            SetPasswordError::Storage(_) => assert!(!is_refused),
            other => panic!("{other:?}"),
        }
    }
    assert!(!world.has_ended(&signed_in).await);
    world.login(ADA, PASSWORD).await.expect("the password is the old one");
    world.register("eve@example.com").await.expect("nobody has registered with this address");
}
