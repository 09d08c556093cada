//! Two use cases that meet: whatever the order in which their steps reach the store, the outcome is one that
//! one after the other could have had.

use portcullis_domain::audit::AuditOutcome;
use portcullis_domain::mail::MailContent;
use portcullis_domain::policy::{EmailVerification, Policy};
use portcullis_domain::use_cases::{
    ChangePasswordCommand, ChangePasswordError, ConfirmEmailChangeError, DeleteAccountError, Delivery,
    LoginError, PasswordCheckError, RefreshError, RegisterError, RequestEmailChangeCommand,
    RequestEmailChangeError, ResetPasswordCommand, ResetPasswordError, SignedIn,
};
use portcullis_domain::{Actor, TokenSecret};
use portcullis_testkit::TestDomain;
use portcullis_testkit::fixtures::{self, PASSWORD, password};

use crate::ADA;

const NEW: &str = "countess@example.com";

/// The secret of a reset that was mailed to Ada.
async fn mailed_reset(domain: &TestDomain) -> TokenSecret {
    domain.use_cases.request_password_reset.request(fixtures::email(ADA), None).await.unwrap();
    domain.deliver().await;
    domain.mailer.last_token_for(ADA).unwrap()
}

async fn reset(domain: &TestDomain, token: &TokenSecret, new: &str) -> Result<(), ResetPasswordError> {
    let new_password = password(new);
    let command =
        ResetPasswordCommand { token: Some(token.clone()), new_password, client: fixtures::client() };
    domain.use_cases.reset_password.reset(command).await
}

async fn change_password(
    domain: &TestDomain,
    signed_in: &SignedIn,
    new: &str,
) -> Result<(), ChangePasswordError> {
    let principal = domain.principal(signed_in).await;
    let command = ChangePasswordCommand {
        current_password: Some(password(PASSWORD)),
        new_password: password(new),
        client: fixtures::client(),
    };
    domain.use_cases.change_password.change(&principal, command).await.map(drop)
}

async fn log_out(domain: &TestDomain, signed_in: &SignedIn) {
    let principal = domain.principal(signed_in).await;
    domain.use_cases.logout.logout(&principal, None, fixtures::client()).await.unwrap();
}

/// A secret that moves Ada to [`NEW`].
async fn mailed_change(domain: &TestDomain, signed_in: &SignedIn) -> TokenSecret {
    let principal = domain.principal(signed_in).await;
    let command = RequestEmailChangeCommand {
        new_email: fixtures::email(NEW),
        password: Some(password(PASSWORD)),
        client: fixtures::client(),
    };
    domain.use_cases.request_email_change.request(&principal, command).await.unwrap();
    domain.deliver().await;
    domain.mailer.last_token_for(NEW).unwrap()
}

#[tokio::test]
async fn two_refreshes_with_one_token_have_one_successor() {
    let domain = TestDomain::new();
    let token = domain.signed_in(ADA).await.tokens.refresh_token;
    let (late, early) = domain
        .storage
        .interleave("SessionRepository::rotate", domain.refresh(&token), domain.refresh(&token))
        .await;
    let (late, early) = (late.unwrap().refresh_token, early.unwrap().refresh_token);
    assert_eq!(late, early, "nobody is taken for a thief who sends a request twice");
    domain.refresh(&early).await.unwrap();
}

#[tokio::test]
async fn a_refresh_that_a_logout_overtakes_comes_to_nothing() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let token = &signed_in.tokens.refresh_token;
    let (refreshed, ()) = domain
        .storage
        .interleave("SessionRepository::rotate", domain.refresh(token), log_out(&domain, &signed_in))
        .await;
    assert!(matches!(refreshed, Err(RefreshError::Invalid)), "{refreshed:?}");
    assert!(domain.has_ended(&signed_in).await);
}

#[tokio::test]
async fn a_logout_that_a_refresh_overtakes_ends_what_was_refreshed() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let token = &signed_in.tokens.refresh_token;
    let ((), refreshed) = domain
        .storage
        .interleave("SessionRepository::end", log_out(&domain, &signed_in), domain.refresh(token))
        .await;
    assert!(domain.has_ended(&signed_in).await);
    let successor = refreshed.unwrap().refresh_token;
    assert!(matches!(domain.refresh(&successor).await, Err(RefreshError::Invalid)), "no token survives");
}

#[tokio::test]
async fn of_two_resets_by_one_link_the_first_to_reach_the_store_counts() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    let token = mailed_reset(&domain).await;
    let (late, early) = domain
        .storage
        .interleave(
            "TokenRepository::redeem_password_reset",
            reset(&domain, &token, "the password that comes late"),
            reset(&domain, &token, "the password that is early"),
        )
        .await;
    assert!(matches!(late, Err(ResetPasswordError::InvalidToken)), "{late:?}");
    early.unwrap();
    domain.login(ADA, "the password that is early").await.unwrap();
    domain.deliver().await;
    let sent = domain.mailer.sent();
    let notices = sent.iter().filter(|mail| matches!(mail.content, MailContent::PasswordChanged));
    assert_eq!(notices.count(), 1, "the owner is told once");
}

#[tokio::test]
async fn a_login_that_a_reset_overtakes_opens_nothing() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    let token = mailed_reset(&domain).await;
    let (login, reset) = domain
        .storage
        .interleave(
            "SessionRepository::open",
            domain.login(ADA, PASSWORD),
            reset(&domain, &token, "a whole new password"),
        )
        .await;
    reset.unwrap();
    assert!(matches!(login, Err(LoginError::InvalidCredentials)), "the thief was a moment late: {login:?}");
}

#[tokio::test]
async fn of_two_changes_of_a_password_the_first_to_reach_the_store_counts() {
    let domain = TestDomain::new();
    let here = domain.signed_in(ADA).await;
    let there = domain.login(ADA, PASSWORD).await.unwrap();
    let (late, early) = domain
        .storage
        .interleave(
            "UserRepository::change_password",
            change_password(&domain, &here, "the password that comes late"),
            change_password(&domain, &there, "the password that is early"),
        )
        .await;
    early.unwrap();
    assert!(late.is_err(), "the password that was given is the old one by now");
    assert!(domain.has_ended(&here).await && !domain.has_ended(&there).await);
    domain.login(ADA, "the password that is early").await.unwrap();
}

#[tokio::test]
async fn of_two_registrations_of_an_address_the_first_to_reach_the_store_counts() {
    let policy = Policy { email_verification: EmailVerification::Optional, ..Policy::default() };
    let domain = TestDomain::under(policy);
    let (late, early) = domain
        .storage
        .interleave("UserRepository::register", domain.register(ADA), domain.register("ADA@example.com"))
        .await;
    early.unwrap();
    assert!(matches!(late, Err(RegisterError::EmailTaken)), "{late:?}");
    assert_eq!(domain.storage.waiting_mails().len(), 1);
}

#[tokio::test]
async fn a_change_of_address_that_a_registration_overtakes_is_told_that_it_is_taken() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let token = mailed_change(&domain, &signed_in).await;
    let (confirmed, registered) = domain
        .storage
        .interleave("TokenRepository::redeem_email_change", domain.confirm(&token), domain.register(NEW))
        .await;
    registered.unwrap();
    assert!(matches!(confirmed, Err(ConfirmEmailChangeError::EmailTaken)), "{confirmed:?}");
    assert_eq!(domain.current(&signed_in.user).await.email.as_str(), ADA);
}

#[tokio::test]
async fn a_deletion_leaves_nothing_for_a_login_that_it_overtakes() {
    let domain = TestDomain::new();
    let ada = domain.verified(ADA).await;
    let operator = Actor::operator();
    let (login, deleted) = domain
        .storage
        .interleave(
            "SessionRepository::open",
            domain.login(ADA, PASSWORD),
            domain.use_cases.delete_user.delete(&operator, ada.id),
        )
        .await;
    deleted.unwrap();
    assert!(matches!(login, Err(LoginError::InvalidCredentials)), "{login:?}");
}

#[tokio::test]
async fn a_mail_asked_for_while_one_like_it_is_being_sent_is_sent_as_well() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    let asks = || domain.use_cases.request_password_reset.request(fixtures::email(ADA), None);
    asks().await.unwrap();
    let (delivered, asked) = domain
        .storage
        .interleave("MailQueue::complete", domain.use_cases.deliver_mail.deliver_next(), asks())
        .await;
    asked.unwrap();
    assert!(matches!(delivered, Ok(Delivery::Delivered(_))));
    let first = domain.mailer.last_token_for(ADA).unwrap();
    domain.deliver().await;
    let second = domain.mailer.last_token_for(ADA).unwrap();
    assert!(reset(&domain, &first, "a whole new password").await.is_err(), "the newer link counts");
    reset(&domain, &second, "a whole new password").await.unwrap();
}

#[tokio::test]
async fn a_refresh_that_two_others_overtake_is_taken_for_a_thiefs() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let token = &signed_in.tokens.refresh_token;
    let twice = async {
        let next = domain.refresh(token).await.unwrap();
        domain.refresh(&next.refresh_token).await.unwrap()
    };
    let (late, _) =
        domain.storage.interleave("SessionRepository::rotate", domain.refresh(token), twice).await;
    assert!(matches!(late, Err(RefreshError::Reused { .. })), "{late:?}");
    assert!(domain.has_ended(&signed_in).await);
}

#[tokio::test]
async fn of_a_logout_a_refresh_and_a_refresh_before_it_the_logout_has_the_last_word() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let token = &signed_in.tokens.refresh_token;
    let storage = &domain.storage;
    let refreshes =
        storage.interleave("SessionRepository::rotate", domain.refresh(token), domain.refresh(token));
    let ((), (late, early)) =
        storage.interleave("SessionRepository::end", log_out(&domain, &signed_in), refreshes).await;
    assert_eq!(late.unwrap().refresh_token, early.unwrap().refresh_token);
    assert!(domain.has_ended(&signed_in).await);
}

/// Guesses until an account is locked.
async fn guess_in_vain(domain: &TestDomain) {
    for _ in 0..5 {
        let guess = domain.login(ADA, "a guess").await;
        assert!(matches!(guess, Err(LoginError::InvalidCredentials)), "{guess:?}");
    }
}

#[tokio::test]
async fn a_login_that_a_lockout_overtakes_opens_nothing() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    let login = domain.login(ADA, PASSWORD);
    let (login, ()) =
        domain.storage.interleave("SessionRepository::open", login, guess_in_vain(&domain)).await;
    assert!(matches!(login, Err(LoginError::Locked { .. })), "{login:?}");
}

#[tokio::test]
async fn what_hinders_an_account_is_not_told_once_a_lockout_holds() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    let not_verified = domain.login(ADA, PASSWORD).await;
    assert!(matches!(not_verified, Err(LoginError::EmailNotVerified)), "{not_verified:?}");
    let login = domain.login(ADA, PASSWORD);
    let (login, ()) =
        domain.storage.interleave("LockoutRepository::record_success", login, guess_in_vain(&domain)).await;
    assert!(matches!(login, Err(LoginError::Locked { .. })), "{login:?}");
}

#[tokio::test]
async fn an_email_change_that_a_reset_overtakes_is_not_asked_for() {
    let domain = TestDomain::new();
    let thief = domain.signed_in(ADA).await;
    let token = mailed_reset(&domain).await;
    let principal = domain.principal(&thief).await;
    let command = RequestEmailChangeCommand {
        new_email: fixtures::email(NEW),
        password: Some(password(PASSWORD)),
        client: fixtures::client(),
    };
    let request = domain.use_cases.request_email_change.request(&principal, command);
    let (request, reset) = domain
        .storage
        .interleave(
            "TokenRepository::request_email_change",
            request,
            reset(&domain, &token, "a new password"),
        )
        .await;
    reset.unwrap();
    let is_refused = matches!(request, Err(RequestEmailChangeError::Check(PasswordCheckError::Wrong)));
    assert!(is_refused, "the thief was a moment late: {request:?}");
    domain.deliver().await;
    assert!(domain.mailer.last_token_for(NEW).is_none());
}

#[tokio::test]
async fn an_account_outlives_a_deletion_that_a_reset_overtakes() {
    let domain = TestDomain::new();
    let thief = domain.signed_in(ADA).await;
    let token = mailed_reset(&domain).await;
    let principal = domain.principal(&thief).await;
    let delete =
        domain.use_cases.delete_account.delete(&principal, Some(password(PASSWORD)), fixtures::client());
    let (deleted, reset) = domain
        .storage
        .interleave("UserRepository::delete", delete, reset(&domain, &token, "a new password"))
        .await;
    reset.unwrap();
    let is_refused = matches!(deleted, Err(DeleteAccountError::Check(PasswordCheckError::Wrong)));
    assert!(is_refused, "the thief was a moment late: {deleted:?}");
    domain.login(ADA, "a new password").await.unwrap();
}

#[tokio::test]
async fn a_wish_for_an_address_that_a_registration_overtakes_is_told_that_it_is_taken() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let principal = domain.principal(&signed_in).await;
    let command = RequestEmailChangeCommand {
        new_email: fixtures::email(NEW),
        password: Some(password(PASSWORD)),
        client: fixtures::client(),
    };
    let request = domain.use_cases.request_email_change.request(&principal, command);
    let (request, registered) = domain
        .storage
        .interleave("TokenRepository::request_email_change", request, domain.register(NEW))
        .await;
    registered.unwrap();
    assert!(matches!(request, Err(RequestEmailChangeError::EmailTaken)), "{request:?}");
}

#[tokio::test]
async fn a_hash_is_not_renewed_once_a_lockout_holds() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    domain.hasher.change_settings();
    let hashes = domain.hasher.hashes();
    let login = domain.login(ADA, PASSWORD);
    let (login, ()) =
        domain.storage.interleave("LockoutRepository::record_success", login, guess_in_vain(&domain)).await;
    assert!(matches!(login, Err(LoginError::Locked { .. })), "{login:?}");
    assert_eq!(domain.hasher.hashes(), hashes, "by the time of another hash the password would be told");
}

/// Ada, whose hash the next login renews.
async fn with_outdated_hash(domain: &TestDomain) -> SignedIn {
    let signed_in = domain.signed_in(ADA).await;
    domain.hasher.change_settings();
    signed_in
}

#[tokio::test]
async fn a_right_password_signs_in_whoever_renews_its_hash_first() {
    let domain = TestDomain::new();
    with_outdated_hash(&domain).await;
    let (late, early) = domain
        .storage
        .interleave("SessionRepository::open", domain.login(ADA, PASSWORD), domain.login(ADA, PASSWORD))
        .await;
    early.unwrap();
    late.unwrap();
    let told = domain.storage.audit_events();
    assert!(
        told.iter().all(|event| event.outcome == AuditOutcome::Success),
        "nobody gave a wrong one: {told:?}"
    );
}

#[tokio::test]
async fn a_right_password_changes_itself_while_a_login_renews_its_hash() {
    let domain = TestDomain::new();
    let signed_in = with_outdated_hash(&domain).await;
    let change = change_password(&domain, &signed_in, "a whole new password");
    let (changed, login) = domain
        .storage
        .interleave("UserRepository::change_password", change, domain.login(ADA, PASSWORD))
        .await;
    login.unwrap();
    changed.unwrap();
    domain.login(ADA, "a whole new password").await.unwrap();
}

#[tokio::test]
async fn a_right_password_moves_an_account_while_a_login_renews_its_hash() {
    let domain = TestDomain::new();
    let signed_in = with_outdated_hash(&domain).await;
    let moving = mailed_change(&domain, &signed_in);
    let (token, login) = domain
        .storage
        .interleave("TokenRepository::request_email_change", moving, domain.login(ADA, PASSWORD))
        .await;
    login.unwrap();
    domain.confirm(&token).await.unwrap();
}

#[tokio::test]
async fn a_right_password_deletes_an_account_while_a_login_renews_its_hash() {
    let domain = TestDomain::new();
    let signed_in = with_outdated_hash(&domain).await;
    let principal = domain.principal(&signed_in).await;
    let delete =
        domain.use_cases.delete_account.delete(&principal, Some(password(PASSWORD)), fixtures::client());
    let (deleted, login) =
        domain.storage.interleave("UserRepository::delete", delete, domain.login(ADA, PASSWORD)).await;
    login.unwrap();
    deleted.unwrap();
    assert!(matches!(domain.login(ADA, PASSWORD).await, Err(LoginError::InvalidCredentials)));
}
