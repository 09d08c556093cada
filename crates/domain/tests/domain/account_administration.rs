use std::time::Duration;

use portcullis_domain::mail::MailContent;
use portcullis_domain::policy::Policy;
use portcullis_domain::ports::Clock as _;
use portcullis_domain::use_cases::{
    CreateUserCommand, DeleteUserError, LoginError, Registered, ResetPasswordCommand, ResetPasswordError,
    RevokeSessionsError, SetPasswordError, UnlockUserError, UpdateUserCommand, UpdateUserError,
    VerifyEmailByCodeCommand, VerifyEmailByCodeError, VerifyEmailError, VerifyUserError,
};
use portcullis_domain::{Actor, Change, OneTimeCode, ProfileChange, User, UserId};
use portcullis_testkit::fixtures::{self, PASSWORD, new_user, password};
use portcullis_testkit::{ScriptedEntropy, TestDomain};

use crate::ADA;

const NEW: &str = "countess@example.com";
const ROOT: &str = "root@example.com";

async fn update(
    domain: &TestDomain,
    user: &User,
    command: UpdateUserCommand,
) -> Result<User, UpdateUserError> {
    domain.use_cases.update_user.update(&Actor::operator(), user.id, command).await
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
async fn helper_and_expert(domain: &TestDomain) -> (Actor, User) {
    domain.role("expert", &["texts:edit"]).await;
    let expert = domain.made("expert@example.com", &["expert"]).await;
    (domain.somebody_who_may(&["users:write", "users:delete", "sessions:revoke"]).await, expert)
}

async fn lock(domain: &TestDomain, email: &str) {
    for _ in 0..5 {
        assert!(matches!(domain.login(email, "wrong").await, Err(LoginError::InvalidCredentials)));
    }
    assert!(matches!(domain.login(email, PASSWORD).await, Err(LoginError::Locked { .. })));
}

#[tokio::test]
async fn a_profile_is_changed_for_somebody() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await;
    domain.clock.advance(Duration::from_secs(1));
    let changed = update(&domain, &ada, username("countess")).await.unwrap();
    assert_eq!(changed.username, Some(fixtures::username("countess")));
    assert!(changed.updated_at > Some(ada.created_at));
    assert_eq!(domain.current(&ada).await, changed);
    assert_eq!(domain.delivery.count(), 0);
}

#[tokio::test]
async fn nothing_to_change_changes_nothing() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await;
    let told = domain.audit_observer.told().len();
    assert_eq!(update(&domain, &ada, UpdateUserCommand::default()).await.unwrap(), ada);
    assert_eq!(domain.audit_observer.told().len(), told);
}

#[tokio::test]
async fn another_address_is_unverified_and_both_are_told() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await;
    let changed = update(&domain, &ada, email(NEW)).await.unwrap();
    assert_eq!(changed.email, fixtures::email(NEW));
    assert!(!changed.email_verified);
    assert_eq!(domain.delivery.count(), 1);
    domain.deliver().await;
    assert!(matches!(domain.last_mail_to(ADA).content, MailContent::EmailChanged));
    assert!(matches!(domain.last_mail_to(NEW).content, MailContent::VerifyEmail { .. }));
    domain.verify(&domain.mailer.last_token_for(NEW).unwrap()).await.unwrap();
    domain.login(NEW, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn another_address_ends_what_was_mailed_to_the_old_one() {
    let domain = TestDomain::new();
    let command = CreateUserCommand { email_verified: false, ..new_user(ADA) };
    let user = domain.use_cases.create_user.create(&Actor::operator(), command).await.unwrap();
    domain.deliver().await;
    let token = domain.mailer.last_token_for(ADA).unwrap();
    update(&domain, &user, email(NEW)).await.unwrap();
    assert!(matches!(domain.verify(&token).await, Err(VerifyEmailError::InvalidToken)));
}

/// Somebody without a password, who was invited.
async fn invited(domain: &TestDomain, is_active: bool) -> User {
    let command = CreateUserCommand { password: None, is_active, ..new_user(ADA) };
    domain.use_cases.create_user.create(&Actor::operator(), command).await.unwrap()
}

/// The mails sent to `address` are one invitation, with which they set their password and sign in.
async fn accept(domain: &TestDomain, address: &str) {
    domain.deliver().await;
    let mails = domain.mailer.sent().into_iter().filter(|mail| mail.to == fixtures::email(address));
    let [mail] = <[_; 1]>::try_from(mails.collect::<Vec<_>>()).unwrap();
    assert!(matches!(mail.content, MailContent::Invitation { .. }), "{:?}", mail.content);
    let token = domain.mailer.last_token_for(address);
    let new_password = password(PASSWORD);
    let command = ResetPasswordCommand { token, new_password, client: fixtures::client() };
    domain.use_cases.reset_password.reset(command).await.unwrap();
    assert!(domain.login(address, PASSWORD).await.unwrap().user.email_verified);
}

#[tokio::test]
async fn who_has_no_password_is_invited_at_another_address() {
    let domain = TestDomain::new();
    let ada = invited(&domain, true).await;
    domain.deliver().await;
    let mistyped = domain.mailer.last_token_for(ADA);
    update(&domain, &ada, email(NEW)).await.unwrap();
    let new_password = password(PASSWORD);
    let command = ResetPasswordCommand { token: mistyped, new_password, client: fixtures::client() };
    let ended = domain.use_cases.reset_password.reset(command).await;
    assert!(matches!(ended, Err(ResetPasswordError::InvalidToken)), "{ended:?}");
    accept(&domain, NEW).await;
}

#[tokio::test]
async fn who_has_no_password_is_invited_once_they_are_active() {
    let domain = TestDomain::new();
    let ada = invited(&domain, false).await;
    domain.deliver().await;
    assert!(domain.mailer.sent().is_empty(), "nobody is invited to what they may not use");
    update(&domain, &ada, username("countess")).await.unwrap();
    update(&domain, &ada, is_active(false)).await.unwrap();
    domain.deliver().await;
    assert!(domain.mailer.sent().is_empty());
    update(&domain, &ada, is_active(true)).await.unwrap();
    accept(&domain, ADA).await;
}

#[tokio::test]
async fn who_becomes_active_at_another_address_is_invited_there_once() {
    let domain = TestDomain::new();
    let ada = invited(&domain, false).await;
    update(&domain, &ada, UpdateUserCommand { is_active: Some(true), ..email(NEW) }).await.unwrap();
    accept(&domain, NEW).await;
}

#[tokio::test]
async fn who_is_active_already_or_has_a_password_is_not_invited_again() {
    let domain = TestDomain::new();
    let ada = invited(&domain, true).await;
    domain.deliver().await;
    update(&domain, &ada, is_active(true)).await.unwrap();
    let eve = domain.made("eve@example.com", &[]).await;
    update(&domain, &eve, is_active(false)).await.unwrap();
    update(&domain, &eve, is_active(true)).await.unwrap();
    domain.deliver().await;
    assert_eq!(domain.mailer.sent().len(), 1, "the first invitation");
}

#[tokio::test]
async fn who_becomes_active_at_an_unverified_address_is_mailed_how_to_verify_it() {
    let domain = TestDomain::new();
    let command = CreateUserCommand { email_verified: false, is_active: false, ..new_user(ADA) };
    let ada = domain.use_cases.create_user.create(&Actor::operator(), command).await.unwrap();
    update(&domain, &ada, email(NEW)).await.unwrap();
    domain.deliver().await;
    assert!(domain.mailer.last_token_for(NEW).is_none(), "they may not use it");
    update(&domain, &ada, is_active(true)).await.unwrap();
    domain.deliver().await;
    domain.verify(&domain.mailer.last_token_for(NEW).unwrap()).await.unwrap();
    domain.login(NEW, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn mails_of_a_change_that_another_overtakes_go_to_the_address_of_then() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await;
    let back = UpdateUserCommand { is_active: Some(true), ..email(ADA) };
    let (back, there) = domain
        .storage
        .interleave(
            "UserAdministration::update",
            update(&domain, &ada, back),
            update(&domain, &ada, email(NEW)),
        )
        .await;
    there.unwrap();
    assert_eq!(back.unwrap().email, fixtures::email(ADA));
    domain.deliver().await;
    assert!(matches!(domain.last_mail_to(NEW).content, MailContent::EmailChanged));
    domain.verify(&domain.mailer.last_token_for(ADA).unwrap()).await.unwrap();
    domain.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn who_was_invited_keeps_their_time_when_anybody_asks_for_a_reset() {
    let domain = TestDomain::new();
    invited(&domain, true).await;
    domain.deliver().await;
    domain.use_cases.request_password_reset.request(fixtures::email(ADA), None).await.unwrap();
    domain.deliver().await;
    let lifetimes = Policy::default().lifetimes;
    domain.clock.advance(lifetimes.invitation / 2);
    let token = domain.mailer.last_token_for(ADA);
    let command =
        ResetPasswordCommand { token, new_password: password(PASSWORD), client: fixtures::client() };
    domain.use_cases.reset_password.reset(command).await.unwrap();
    domain.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn another_spelling_of_the_address_stays_verified_and_mails_nothing() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await;
    let changed = update(&domain, &ada, email("Ada@Example.com")).await.unwrap();
    assert_eq!(changed.email.as_str(), fixtures::email("Ada@Example.com").as_str());
    assert_ne!(changed.email.as_str(), ada.email.as_str());
    assert!(changed.email_verified);
    assert_eq!(domain.delivery.count(), 0);
    domain.deliver().await;
    assert!(domain.mailer.sent().is_empty());
}

#[tokio::test]
async fn an_address_can_be_taken_for_verified() {
    let domain = TestDomain::new();
    let command = CreateUserCommand { email_verified: false, ..new_user(ADA) };
    let ada = domain.use_cases.create_user.create(&Actor::operator(), command).await.unwrap();
    let verified = domain.use_cases.verify_user.verify(&Actor::operator(), ada.id).await.unwrap();
    assert_eq!(verified, domain.current(&ada).await);
    assert!(verified.email_verified);
    domain.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn deactivation_signs_out_until_the_account_is_active_again() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    assert!(!update(&domain, &signed_in.user, is_active(false)).await.unwrap().is_active);
    assert!(domain.has_ended(&signed_in).await);
    assert!(domain.refresh(&signed_in.tokens.refresh_token).await.is_err());
    assert!(matches!(domain.login(ADA, PASSWORD).await, Err(LoginError::AccountDisabled)));
    assert!(update(&domain, &signed_in.user, is_active(true)).await.unwrap().is_active);
    assert!(domain.has_ended(&signed_in).await, "what ended does not come back");
    domain.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn what_another_account_has_cannot_be_given() {
    let domain = TestDomain::new();
    let (ada, eve) = (domain.made(ADA, &[]).await, domain.made("eve@example.com", &[]).await);
    update(&domain, &ada, username("countess")).await.unwrap();
    let taken = update(&domain, &eve, email("ADA@example.com")).await;
    assert!(matches!(taken, Err(UpdateUserError::EmailTaken)), "{taken:?}");
    let taken = update(&domain, &eve, username("Countess")).await;
    assert!(matches!(taken, Err(UpdateUserError::UsernameTaken)), "{taken:?}");
    assert_eq!(domain.current(&eve).await, eve);
    assert_eq!(domain.delivery.count(), 0);
}

#[tokio::test]
async fn the_last_active_administrator_stays() {
    let domain = TestDomain::new();
    let root = domain.made(ROOT, &["admin"]).await;
    let actor = domain.actor(ROOT).await;
    let update = |user: &User| domain.use_cases.update_user.update(&actor, user.id, is_active(false));
    let kept = update(&root).await;
    assert!(matches!(kept, Err(UpdateUserError::LastAdmin)), "{kept:?}");
    let kept = domain.use_cases.delete_user.delete(&actor, root.id).await;
    assert!(matches!(kept, Err(DeleteUserError::LastAdmin)), "{kept:?}");

    let second = domain.made("second@example.com", &["admin"]).await;
    update(&second).await.unwrap();
    let kept = domain.use_cases.delete_user.delete(&actor, root.id).await;
    assert!(matches!(kept, Err(DeleteUserError::LastAdmin)), "who cannot act does not count");
    domain.use_cases.update_user.update(&actor, second.id, is_active(true)).await.unwrap();
    domain.use_cases.delete_user.delete(&actor, root.id).await.unwrap();
}

#[tokio::test]
async fn nobody_touches_who_may_do_what_they_lack() {
    let domain = TestDomain::new();
    let (helper, expert) = helper_and_expert(&domain).await;
    let before = (domain.current(&expert).await, domain.audit_observer.told().len());
    let use_cases = &domain.use_cases;
    let refused = use_cases.update_user.update(&helper, expert.id, is_active(false)).await;
    assert!(matches!(refused, Err(UpdateUserError::Forbidden)), "{refused:?}");
    let refused = use_cases.verify_user.verify(&helper, expert.id).await;
    assert!(matches!(refused, Err(VerifyUserError::Forbidden)), "{refused:?}");
    let refused = use_cases.delete_user.delete(&helper, expert.id).await;
    assert!(matches!(refused, Err(DeleteUserError::Forbidden)), "{refused:?}");
    let refused = use_cases.unlock_user.unlock(&helper, expert.id).await;
    assert!(matches!(refused, Err(UnlockUserError::Forbidden)), "{refused:?}");
    let refused = use_cases.set_password.set(&helper, expert.id, password("a whole new password")).await;
    assert!(matches!(refused, Err(SetPasswordError::Forbidden)), "{refused:?}");
    let refused = use_cases.revoke_sessions.revoke(&helper, expert.id).await;
    assert!(matches!(refused, Err(RevokeSessionsError::Forbidden)), "{refused:?}");
    assert_eq!((domain.current(&expert).await, domain.audit_observer.told().len()), before);
    assert_eq!(domain.delivery.count(), 0);
    domain.login("expert@example.com", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn who_lacks_nothing_that_the_other_has_may() {
    let domain = TestDomain::new();
    let (helper, _) = helper_and_expert(&domain).await;
    let equal = domain.made(ADA, &["some"]).await;
    let use_cases = &domain.use_cases;
    use_cases.update_user.update(&helper, equal.id, username("countess")).await.unwrap();
    use_cases.verify_user.verify(&helper, equal.id).await.unwrap();
    use_cases.unlock_user.unlock(&helper, equal.id).await.unwrap();
    use_cases.revoke_sessions.revoke(&helper, equal.id).await.unwrap();
    use_cases.delete_user.delete(&helper, equal.id).await.unwrap();
}

#[tokio::test]
async fn there_is_nothing_to_do_for_nobody() {
    let domain = TestDomain::new();
    let (use_cases, operator, nobody) = (&domain.use_cases, Actor::operator(), nobody());
    let none = use_cases.update_user.update(&operator, nobody, is_active(true)).await;
    assert!(matches!(none, Err(UpdateUserError::NotFound)), "{none:?}");
    let none = use_cases.verify_user.verify(&operator, nobody).await;
    assert!(matches!(none, Err(VerifyUserError::NotFound)), "{none:?}");
    let none = use_cases.delete_user.delete(&operator, nobody).await;
    assert!(matches!(none, Err(DeleteUserError::NotFound)), "{none:?}");
    let none = use_cases.unlock_user.unlock(&operator, nobody).await;
    assert!(matches!(none, Err(UnlockUserError::NotFound)), "{none:?}");
    let none = use_cases.set_password.set(&operator, nobody, password(PASSWORD)).await;
    assert!(matches!(none, Err(SetPasswordError::NotFound)), "{none:?}");
    let none = use_cases.revoke_sessions.revoke(&operator, nobody).await;
    assert!(matches!(none, Err(RevokeSessionsError::NotFound)), "{none:?}");
    assert!(domain.audit_observer.told().is_empty());
}

#[tokio::test]
async fn an_erased_account_leaves_nothing_to_sign_in_to() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    domain.use_cases.delete_user.delete(&Actor::operator(), signed_in.user.id).await.unwrap();
    assert!(domain.has_ended(&signed_in).await);
    assert!(matches!(domain.login(ADA, PASSWORD).await, Err(LoginError::InvalidCredentials)));
    domain.register(ADA).await.unwrap();
}

#[tokio::test]
async fn a_lockout_is_found_while_it_lasts() {
    let domain = TestDomain::new();
    let (ada, bob) = (domain.made(ADA, &[]).await, domain.made("bob@example.com", &[]).await);
    let lockout = async |user: &User| domain.use_cases.find_lockout.find(user.id).await.unwrap();
    assert!(matches!(domain.login(ADA, "wrong").await, Err(LoginError::InvalidCredentials)));
    assert_eq!(lockout(&ada).await, None, "one wrong password locks nobody");
    domain.login(ADA, PASSWORD).await.unwrap();

    let start = domain.clock.now();
    lock(&domain, ADA).await;
    let duration = Policy::default().lockout.duration;
    assert_eq!(lockout(&ada).await, Some(start + duration));
    assert_eq!(lockout(&bob).await, None);
    domain.clock.advance(duration);
    assert_eq!(lockout(&ada).await, None);

    lock(&domain, ADA).await;
    domain.use_cases.unlock_user.unlock(&Actor::operator(), ada.id).await.unwrap();
    assert_eq!(lockout(&ada).await, None);
}

#[tokio::test]
async fn an_unlocked_account_counts_from_zero() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await;
    lock(&domain, ADA).await;
    let unlocked = domain.use_cases.unlock_user.unlock(&Actor::operator(), ada.id).await.unwrap();
    assert_eq!(unlocked, ada);
    for _ in 0..4 {
        assert!(matches!(domain.login(ADA, "wrong").await, Err(LoginError::InvalidCredentials)));
    }
    domain.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_unlocked_account_is_asked_for_codes_again() {
    let domain = TestDomain::new();
    let Ok(Registered::Created { user, .. }) = domain.register(ADA).await else {
        panic!("an account");
    };
    domain.deliver().await;
    let verify = |code: Option<OneTimeCode>| {
        let command =
            VerifyEmailByCodeCommand { email: fixtures::email(ADA), code, client: fixtures::client() };
        domain.use_cases.verify_email_by_code.verify(command)
    };
    for _ in 0..5 {
        assert!(matches!(verify(None).await, Err(VerifyEmailByCodeError::InvalidCode)));
    }
    let right = domain.mailer.last_code_for(ADA);
    let exhausted = verify(right.clone()).await;
    assert!(matches!(exhausted, Err(VerifyEmailByCodeError::TooManyAttempts { .. })));
    domain.use_cases.unlock_user.unlock(&Actor::operator(), user.id).await.unwrap();
    verify(right).await.unwrap();
}

#[tokio::test]
async fn a_password_that_is_set_signs_out_and_tells_the_owner() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    lock(&domain, ADA).await;
    let (ada, before) = (signed_in.user.id, domain.delivery.count());
    let new = "a whole new password";
    domain.use_cases.set_password.set(&Actor::operator(), ada, password(new)).await.unwrap();
    assert_eq!(domain.delivery.count(), before + 1);
    assert!(domain.has_ended(&signed_in).await);
    assert!(matches!(domain.login(ADA, PASSWORD).await, Err(LoginError::InvalidCredentials)));
    domain.login(ADA, new).await.unwrap();
    domain.deliver().await;
    assert!(matches!(domain.last_mail_to(ADA).content, MailContent::PasswordChanged));
}

#[tokio::test]
async fn a_password_that_the_policy_refuses_is_not_set() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await.id;
    let set = async |text| domain.use_cases.set_password.set(&Actor::operator(), ada, password(text)).await;
    let refused = set("ada@example.com1").await;
    assert!(matches!(refused, Err(SetPasswordError::PasswordRefused(_))), "{refused:?}");
    domain.hasher.set_overloaded(true);
    let overloaded = set("a whole new password").await;
    assert!(matches!(overloaded, Err(SetPasswordError::Overloaded(_))), "{overloaded:?}");
    domain.hasher.set_overloaded(false);
    domain.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn revoked_sessions_end_everywhere_and_the_password_still_serves() {
    let domain = TestDomain::new();
    let (here, eve) = (domain.signed_in(ADA).await, domain.signed_in("eve@example.com").await);
    let there = domain.login(ADA, PASSWORD).await.unwrap();
    domain.use_cases.revoke_sessions.revoke(&Actor::operator(), here.user.id).await.unwrap();
    assert!(domain.has_ended(&here).await && domain.has_ended(&there).await);
    assert!(!domain.has_ended(&eve).await);
    domain.login(ADA, PASSWORD).await.unwrap();
}
