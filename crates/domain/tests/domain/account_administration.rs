use std::time::Duration;

use portcullis_domain::mail::MailContent;
use portcullis_domain::use_cases::{
    CreateUserCommand, DeleteUserError, LoginError, Registered, RevokeSessionsError, SetPasswordError,
    UnlockUserError, UpdateUserCommand, UpdateUserError, VerifyEmailByCodeCommand, VerifyEmailByCodeError,
    VerifyEmailError,
};
use portcullis_domain::{Actor, Change, OneTimeCode, ProfileChange, User, UserId};
use portcullis_testkit::{ScriptedEntropy, fixtures};

use crate::world::{ADA, PASSWORD, World, new_user, password};

const NEW: &str = "countess@example.com";
const ROOT: &str = "root@example.com";

async fn update(world: &World, user: &User, command: UpdateUserCommand) -> Result<User, UpdateUserError> {
    world.domain.update_user.update(&Actor::operator(), user.id, command).await
}

fn email(address: &str) -> UpdateUserCommand {
    UpdateUserCommand { email: Some(fixtures::email(address)), ..UpdateUserCommand::default() }
}

fn is_active(is_active: bool) -> UpdateUserCommand {
    UpdateUserCommand { is_active: Some(is_active), ..UpdateUserCommand::default() }
}

fn username(text: &str) -> UpdateUserCommand {
    let profile =
        ProfileChange { username: Change::Set(fixtures::username(text)), ..ProfileChange::default() };
    UpdateUserCommand { profile, ..UpdateUserCommand::default() }
}

fn nobody() -> UserId {
    UserId::generate(fixtures::NOW, &ScriptedEntropy::seeded(404))
}

/// Somebody who administers accounts, and somebody with a permission that they lack.
async fn helper_and_expert(world: &World) -> (Actor, User) {
    world.role("expert", &["texts:edit"]).await;
    let expert = world.made("expert@example.com", &["expert"]).await;
    (world.somebody_who_may(&["users:write", "users:delete", "sessions:revoke"]).await, expert)
}

async fn lock(world: &World, email: &str) {
    for _ in 0..5 {
        assert!(matches!(world.login(email, "wrong").await, Err(LoginError::InvalidCredentials)));
    }
    assert!(matches!(world.login(email, PASSWORD).await, Err(LoginError::Locked { .. })));
}

#[tokio::test]
async fn a_profile_is_changed_for_somebody() {
    let world = World::new();
    let ada = world.made(ADA, &[]).await;
    world.clock.advance(Duration::from_secs(1));
    let changed = update(&world, &ada, username("countess")).await.unwrap();
    assert_eq!(changed.username, Some(fixtures::username("countess")));
    assert!(changed.updated_at > Some(ada.created_at));
    assert_eq!(world.current(&ada).await, changed);
    assert_eq!(world.signals.count(), 0);
}

#[tokio::test]
async fn nothing_to_change_changes_nothing() {
    let world = World::new();
    let ada = world.made(ADA, &[]).await;
    let told = world.observer.told().len();
    assert_eq!(update(&world, &ada, UpdateUserCommand::default()).await.unwrap(), ada);
    assert_eq!(world.observer.told().len(), told);
}

#[tokio::test]
async fn another_address_is_unverified_and_both_are_told() {
    let world = World::new();
    let ada = world.made(ADA, &[]).await;
    let changed = update(&world, &ada, email(NEW)).await.unwrap();
    assert_eq!(changed.email, fixtures::email(NEW));
    assert!(!changed.email_verified);
    assert_eq!(world.signals.count(), 1);
    world.deliver().await;
    assert!(matches!(world.last_mail_to(ADA).content, MailContent::EmailChanged));
    assert!(matches!(world.last_mail_to(NEW).content, MailContent::VerifyEmail { .. }));
    world.verify(&world.mailer.last_token_for(NEW).unwrap()).await.unwrap();
    world.login(NEW, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn another_address_ends_what_was_mailed_to_the_old_one() {
    let world = World::new();
    let command = CreateUserCommand { email_verified: false, ..new_user(ADA) };
    let user = world.domain.create_user.create(&Actor::operator(), command).await.unwrap();
    world.deliver().await;
    let token = world.mailer.last_token_for(ADA).unwrap();
    update(&world, &user, email(NEW)).await.unwrap();
    assert!(matches!(world.verify(&token).await, Err(VerifyEmailError::InvalidToken)));
}

#[tokio::test]
async fn another_spelling_of_the_address_stays_verified_and_mails_nothing() {
    let world = World::new();
    let ada = world.made(ADA, &[]).await;
    let changed = update(&world, &ada, email("Ada@Example.com")).await.unwrap();
    assert_eq!(changed.email.as_str(), fixtures::email("Ada@Example.com").as_str());
    assert_ne!(changed.email.as_str(), ada.email.as_str());
    assert!(changed.email_verified);
    assert_eq!(world.signals.count(), 0);
    world.deliver().await;
    assert!(world.mailer.sent().is_empty());
}

#[tokio::test]
async fn an_address_can_be_taken_for_verified() {
    let world = World::new();
    let command = CreateUserCommand { email_verified: false, ..new_user(ADA) };
    let ada = world.domain.create_user.create(&Actor::operator(), command).await.unwrap();
    let verified = UpdateUserCommand { verifies_email: true, ..UpdateUserCommand::default() };
    assert!(update(&world, &ada, verified.clone()).await.unwrap().email_verified);
    world.login(ADA, PASSWORD).await.unwrap();

    let moved = UpdateUserCommand { verifies_email: true, ..email(NEW) };
    assert!(update(&world, &ada, moved).await.unwrap().email_verified);
    world.deliver().await;
    assert!(matches!(world.last_mail_to(ADA).content, MailContent::EmailChanged));
    assert!(world.mailer.last_to(NEW).is_none(), "nothing is left to verify");
}

#[tokio::test]
async fn deactivation_signs_out_until_the_account_is_active_again() {
    let world = World::new();
    let signed_in = world.signed_in(ADA).await;
    assert!(!update(&world, &signed_in.user, is_active(false)).await.unwrap().is_active);
    assert!(world.has_ended(&signed_in).await);
    assert!(world.refresh(&signed_in.tokens.refresh_token).await.is_err());
    assert!(matches!(world.login(ADA, PASSWORD).await, Err(LoginError::AccountDisabled)));
    assert!(update(&world, &signed_in.user, is_active(true)).await.unwrap().is_active);
    assert!(world.has_ended(&signed_in).await, "what ended does not come back");
    world.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn what_another_account_has_cannot_be_given() {
    let world = World::new();
    let (ada, eve) = (world.made(ADA, &[]).await, world.made("eve@example.com", &[]).await);
    update(&world, &ada, username("countess")).await.unwrap();
    let taken = update(&world, &eve, email("ADA@example.com")).await;
    assert!(matches!(taken, Err(UpdateUserError::EmailTaken)), "{taken:?}");
    let taken = update(&world, &eve, username("Countess")).await;
    assert!(matches!(taken, Err(UpdateUserError::UsernameTaken)), "{taken:?}");
    assert_eq!(world.current(&eve).await, eve);
    assert_eq!(world.signals.count(), 0);
}

#[tokio::test]
async fn the_last_active_administrator_stays() {
    let world = World::new();
    let root = world.made(ROOT, &["admin"]).await;
    let actor = world.actor(ROOT).await;
    let update = |user: &User| world.domain.update_user.update(&actor, user.id, is_active(false));
    let kept = update(&root).await;
    assert!(matches!(kept, Err(UpdateUserError::LastAdmin)), "{kept:?}");
    let kept = world.domain.delete_user.delete(&actor, root.id).await;
    assert!(matches!(kept, Err(DeleteUserError::LastAdmin)), "{kept:?}");

    let second = world.made("second@example.com", &["admin"]).await;
    update(&second).await.unwrap();
    let kept = world.domain.delete_user.delete(&actor, root.id).await;
    assert!(matches!(kept, Err(DeleteUserError::LastAdmin)), "who cannot act does not count");
    world.domain.update_user.update(&actor, second.id, is_active(true)).await.unwrap();
    world.domain.delete_user.delete(&actor, root.id).await.unwrap();
}

#[tokio::test]
async fn nobody_touches_who_may_do_what_they_lack() {
    let world = World::new();
    let (helper, expert) = helper_and_expert(&world).await;
    let before = (world.current(&expert).await, world.observer.told().len());
    let domain = &world.domain;
    let refused = domain.update_user.update(&helper, expert.id, is_active(false)).await;
    assert!(matches!(refused, Err(UpdateUserError::Forbidden)), "{refused:?}");
    let refused = domain.delete_user.delete(&helper, expert.id).await;
    assert!(matches!(refused, Err(DeleteUserError::Forbidden)), "{refused:?}");
    let refused = domain.unlock_user.unlock(&helper, expert.id).await;
    assert!(matches!(refused, Err(UnlockUserError::Forbidden)), "{refused:?}");
    let refused = domain.set_password.set(&helper, expert.id, password("a whole new password")).await;
    assert!(matches!(refused, Err(SetPasswordError::Forbidden)), "{refused:?}");
    let refused = domain.revoke_sessions.revoke(&helper, expert.id).await;
    assert!(matches!(refused, Err(RevokeSessionsError::Forbidden)), "{refused:?}");
    assert_eq!((world.current(&expert).await, world.observer.told().len()), before);
    assert_eq!(world.signals.count(), 0);
    world.login("expert@example.com", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn who_lacks_nothing_that_the_other_has_may() {
    let world = World::new();
    let (helper, _) = helper_and_expert(&world).await;
    let equal = world.made(ADA, &["some"]).await;
    let domain = &world.domain;
    domain.update_user.update(&helper, equal.id, username("countess")).await.unwrap();
    domain.unlock_user.unlock(&helper, equal.id).await.unwrap();
    domain.revoke_sessions.revoke(&helper, equal.id).await.unwrap();
    domain.delete_user.delete(&helper, equal.id).await.unwrap();
}

#[tokio::test]
async fn there_is_nothing_to_do_for_nobody() {
    let world = World::new();
    let (domain, operator, nobody) = (&world.domain, Actor::operator(), nobody());
    let none = domain.update_user.update(&operator, nobody, is_active(true)).await;
    assert!(matches!(none, Err(UpdateUserError::NotFound)), "{none:?}");
    let none = domain.delete_user.delete(&operator, nobody).await;
    assert!(matches!(none, Err(DeleteUserError::NotFound)), "{none:?}");
    let none = domain.unlock_user.unlock(&operator, nobody).await;
    assert!(matches!(none, Err(UnlockUserError::NotFound)), "{none:?}");
    let none = domain.set_password.set(&operator, nobody, password(PASSWORD)).await;
    assert!(matches!(none, Err(SetPasswordError::NotFound)), "{none:?}");
    let none = domain.revoke_sessions.revoke(&operator, nobody).await;
    assert!(matches!(none, Err(RevokeSessionsError::NotFound)), "{none:?}");
    assert!(world.observer.told().is_empty());
}

#[tokio::test]
async fn an_erased_account_leaves_nothing_to_sign_in_to() {
    let world = World::new();
    let signed_in = world.signed_in(ADA).await;
    world.domain.delete_user.delete(&Actor::operator(), signed_in.user.id).await.unwrap();
    assert!(world.has_ended(&signed_in).await);
    assert!(matches!(world.login(ADA, PASSWORD).await, Err(LoginError::InvalidCredentials)));
    world.register(ADA).await.unwrap();
}

#[tokio::test]
async fn an_unlocked_account_counts_from_zero() {
    let world = World::new();
    let ada = world.made(ADA, &[]).await;
    lock(&world, ADA).await;
    let unlocked = world.domain.unlock_user.unlock(&Actor::operator(), ada.id).await.unwrap();
    assert_eq!(unlocked, ada);
    for _ in 0..4 {
        assert!(matches!(world.login(ADA, "wrong").await, Err(LoginError::InvalidCredentials)));
    }
    world.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_unlocked_account_is_asked_for_codes_again() {
    let world = World::new();
    let Ok(Registered::Created { user, .. }) = world.register(ADA).await else {
        panic!("an account");
    };
    world.deliver().await;
    let verify = |code: Option<OneTimeCode>| {
        let command =
            VerifyEmailByCodeCommand { email: fixtures::email(ADA), code, client: fixtures::client() };
        world.domain.verify_email_by_code.verify(command)
    };
    for _ in 0..5 {
        assert!(matches!(verify(None).await, Err(VerifyEmailByCodeError::InvalidCode)));
    }
    let right = world.mailer.last_code_for(ADA);
    let exhausted = verify(right.clone()).await;
    assert!(matches!(exhausted, Err(VerifyEmailByCodeError::TooManyAttempts { .. })));
    world.domain.unlock_user.unlock(&Actor::operator(), user.id).await.unwrap();
    verify(right).await.unwrap();
}

#[tokio::test]
async fn a_password_that_is_set_signs_out_and_tells_the_owner() {
    let world = World::new();
    let signed_in = world.signed_in(ADA).await;
    lock(&world, ADA).await;
    let (ada, before) = (signed_in.user.id, world.signals.count());
    let new = "a whole new password";
    world.domain.set_password.set(&Actor::operator(), ada, password(new)).await.unwrap();
    assert_eq!(world.signals.count(), before + 1);
    assert!(world.has_ended(&signed_in).await);
    assert!(matches!(world.login(ADA, PASSWORD).await, Err(LoginError::InvalidCredentials)));
    world.login(ADA, new).await.unwrap();
    world.deliver().await;
    assert!(matches!(world.last_mail_to(ADA).content, MailContent::PasswordChanged));
}

#[tokio::test]
async fn a_password_that_the_policy_refuses_is_not_set() {
    let world = World::new();
    let ada = world.made(ADA, &[]).await.id;
    let set = async |text| world.domain.set_password.set(&Actor::operator(), ada, password(text)).await;
    let refused = set("ada@example.com1").await;
    assert!(matches!(refused, Err(SetPasswordError::PasswordRefused(_))), "{refused:?}");
    world.hasher.set_overloaded(true);
    let overloaded = set("a whole new password").await;
    assert!(matches!(overloaded, Err(SetPasswordError::Hashing(_))), "{overloaded:?}");
    world.hasher.set_overloaded(false);
    world.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn revoked_sessions_end_everywhere_and_the_password_still_serves() {
    let world = World::new();
    let (here, eve) = (world.signed_in(ADA).await, world.signed_in("eve@example.com").await);
    let there = world.login(ADA, PASSWORD).await.unwrap();
    world.domain.revoke_sessions.revoke(&Actor::operator(), here.user.id).await.unwrap();
    assert!(world.has_ended(&here).await && world.has_ended(&there).await);
    assert!(!world.has_ended(&eve).await);
    world.login(ADA, PASSWORD).await.unwrap();
}
