use portcullis_domain::mail::MailContent;
use portcullis_domain::policy::{Policy, Registration};
use portcullis_domain::use_cases::{
    ChangePasswordCommand, ChangePasswordError, ConfirmEmailChangeError, DeleteAccountError,
    PasswordCheckError, RequestEmailChangeCommand, RequestEmailChangeError, UpdateProfileError,
};
use portcullis_domain::{Change, Client, Password, ProfileChange};
use portcullis_testkit::TestDomain;
use portcullis_testkit::fixtures::{self, PASSWORD, password};

use crate::ADA;

const NEW: &str = "countess@example.com";

fn new_password(current: &str, new: &str) -> ChangePasswordCommand {
    ChangePasswordCommand {
        current_password: Password::parse(current).ok(),
        new_password: password(new),
        client: Client::default(),
    }
}

fn new_email(email: &str, password: &str) -> RequestEmailChangeCommand {
    RequestEmailChangeCommand {
        new_email: fixtures::email(email),
        password: Password::parse(password).ok(),
        client: Client::default(),
    }
}

#[tokio::test]
async fn a_password_change_ends_the_other_sessions_and_tells_the_owner() {
    let domain = TestDomain::new();
    let (here, there) = (domain.signed_in(ADA).await, domain.login(ADA, PASSWORD).await.unwrap());
    let principal = domain.principal(&here).await;
    let change = new_password(PASSWORD, "a whole new password");
    domain.use_cases.change_password.change(&principal, change).await.unwrap();
    assert!(domain.has_ended(&there).await && !domain.has_ended(&here).await);
    domain.login(ADA, "a whole new password").await.unwrap();
    domain.deliver().await;
    assert!(matches!(domain.last_mail_to(ADA).content, MailContent::PasswordChanged));
}

#[tokio::test]
async fn a_refused_new_password_is_told_before_the_old_one_is_checked() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let principal = domain.principal(&signed_in).await;
    let before = domain.hasher.verifications();
    let refused = domain.use_cases.change_password.change(&principal, new_password("wrong", "short")).await;
    assert!(matches!(refused, Err(ChangePasswordError::PasswordRefused(_))));
    assert_eq!(domain.hasher.verifications(), before);
}

#[tokio::test]
async fn every_place_that_asks_for_a_password_counts_against_one_lockout() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let principal = domain.principal(&signed_in).await;
    let wrong = || Password::parse("wrong").ok();
    let change = new_password("wrong", "a whole new password");
    let changed = domain.use_cases.change_password.change(&principal, change.clone()).await;
    assert!(matches!(changed, Err(ChangePasswordError::Check(PasswordCheckError::Wrong))));
    let moved = domain.use_cases.request_email_change.request(&principal, new_email(NEW, "wrong")).await;
    assert!(matches!(moved, Err(RequestEmailChangeError::Check(PasswordCheckError::Wrong))));
    let deleted = domain.use_cases.delete_account.delete(&principal, wrong(), Client::default()).await;
    assert!(matches!(deleted, Err(DeleteAccountError::Check(PasswordCheckError::Wrong))));
    for _ in 0..2 {
        assert!(domain.login(ADA, "wrong").await.is_err());
    }
    let changed = domain.use_cases.change_password.change(&principal, change).await;
    assert!(matches!(changed, Err(ChangePasswordError::Check(PasswordCheckError::Locked { .. }))));
    let right = Password::parse(PASSWORD).ok();
    let deleted = domain.use_cases.delete_account.delete(&principal, right, Client::default()).await;
    assert!(matches!(deleted, Err(DeleteAccountError::Check(PasswordCheckError::Locked { .. }))));
}

#[tokio::test]
async fn an_address_changes_in_two_steps() {
    let domain = TestDomain::new();
    let (here, there) = (domain.signed_in(ADA).await, domain.login(ADA, PASSWORD).await.unwrap());
    let principal = domain.principal(&here).await;
    domain.use_cases.request_email_change.request(&principal, new_email(NEW, PASSWORD)).await.unwrap();
    domain.deliver().await;
    assert!(matches!(domain.last_mail_to(ADA).content, MailContent::EmailChangeRequested));
    assert_eq!(domain.principal(&here).await.user.email, fixtures::email(ADA));

    let token = domain.mailer.last_token_for(NEW).unwrap();
    let user = domain.confirm(&token).await.unwrap();
    assert_eq!(user.email, fixtures::email(NEW));
    assert!(domain.has_ended(&there).await && !domain.has_ended(&here).await);
    domain.login(NEW, PASSWORD).await.unwrap();
    let again = domain.confirm(&token).await;
    assert!(matches!(again, Err(ConfirmEmailChangeError::InvalidToken)));
}

#[tokio::test]
async fn a_mail_that_waits_is_dropped_when_the_address_changed_meanwhile() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let principal = domain.principal(&signed_in).await;
    domain.use_cases.request_email_change.request(&principal, new_email(NEW, PASSWORD)).await.unwrap();
    domain.deliver().await;
    let token = domain.mailer.last_token_for(NEW).unwrap();
    domain.use_cases.request_password_reset.request(fixtures::email(ADA), None).await.unwrap();
    domain.confirm(&token).await.unwrap();
    let sent = domain.mailer.sent().len();
    domain.deliver().await;
    assert_eq!(domain.mailer.sent().len(), sent, "no reset link goes to an address of the past");
}

#[tokio::test]
async fn a_password_change_ends_a_pending_email_change() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let principal = domain.principal(&signed_in).await;
    domain.use_cases.request_email_change.request(&principal, new_email(NEW, PASSWORD)).await.unwrap();
    domain.deliver().await;
    let token = domain.mailer.last_token_for(NEW).unwrap();
    let change = new_password(PASSWORD, "a whole new password");
    domain.use_cases.change_password.change(&principal, change).await.unwrap();
    let confirmed = domain.confirm(&token).await;
    assert!(matches!(confirmed, Err(ConfirmEmailChangeError::InvalidToken)));
}

#[tokio::test]
async fn a_taken_address_is_refused_or_where_registration_is_private_told_to_its_owner() {
    for registration in [Registration::Open, Registration::Private] {
        let domain = TestDomain::under(Policy { registration, ..Policy::default() });
        let signed_in = domain.signed_in(ADA).await;
        domain.verified(NEW).await;
        let principal = domain.principal(&signed_in).await;
        let asked = domain.use_cases.request_email_change.request(&principal, new_email(NEW, PASSWORD)).await;
        domain.deliver().await;
        if registration == Registration::Private {
            asked.unwrap();
            assert!(matches!(domain.last_mail_to(NEW).content, MailContent::AddressAlreadyRegistered));
            assert!(matches!(domain.last_mail_to(ADA).content, MailContent::EmailChangeRequested));
        } else {
            assert!(matches!(asked, Err(RequestEmailChangeError::EmailTaken)));
        }
    }
}

#[tokio::test]
async fn a_profile_changes_field_by_field() {
    let domain = TestDomain::new();
    domain.verified("eve@example.com").await;
    let signed_in = domain.signed_in(ADA).await;
    let change = ProfileChange {
        username: Change::Set(fixtures::username("countess")),
        name: Change::Set(fixtures::name("Ada")),
        ..ProfileChange::default()
    };
    let user = domain
        .use_cases
        .update_profile
        .update(signed_in.user.clone(), change, Client::default())
        .await
        .unwrap();
    assert_eq!(user.profile.name, Some(fixtures::name("Ada")));
    assert!(user.updated_at.is_some());
    let change = ProfileChange { name: Change::Clear, ..ProfileChange::default() };
    let user = domain.use_cases.update_profile.update(user, change, Client::default()).await.unwrap();
    assert_eq!(user.profile.name, None);
    assert_eq!(user.username, Some(fixtures::username("countess")));

    let eve = domain.login("eve@example.com", PASSWORD).await.unwrap().user;
    let change =
        ProfileChange { username: Change::Set(fixtures::username("Countess")), ..ProfileChange::default() };
    let taken = domain.use_cases.update_profile.update(eve.clone(), change, Client::default()).await;
    assert!(matches!(taken, Err(UpdateProfileError::UsernameTaken)));
    let unchanged = domain
        .use_cases
        .update_profile
        .update(eve.clone(), ProfileChange::default(), Client::default())
        .await
        .unwrap();
    assert_eq!(unchanged.updated_at, None);
}

#[tokio::test]
async fn a_deleted_account_is_gone_with_its_sessions_and_mails() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    domain.use_cases.request_password_reset.request(fixtures::email(ADA), None).await.unwrap();
    let right = Password::parse(PASSWORD).ok();
    domain
        .use_cases
        .delete_account
        .delete(&domain.principal(&signed_in).await, right, Client::default())
        .await
        .unwrap();
    assert!(domain.has_ended(&signed_in).await);
    let sent = domain.mailer.sent().len();
    domain.deliver().await;
    assert_eq!(domain.mailer.sent().len(), sent);
    domain.register(ADA).await.unwrap();
}
