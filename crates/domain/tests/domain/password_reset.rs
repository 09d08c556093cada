use std::time::Duration;

use portcullis_domain::mail::MailContent;
use portcullis_domain::use_cases::{ResetPasswordCommand, ResetPasswordError};
use portcullis_domain::{Client, TokenSecret};
use portcullis_testkit::TestDomain;
use portcullis_testkit::fixtures::{self, PASSWORD, password};

use crate::ADA;

const NEW_PASSWORD: &str = "a whole new password";

async fn request(domain: &TestDomain) -> TokenSecret {
    domain.use_cases.request_password_reset.request(fixtures::email(ADA), None).await.unwrap();
    domain.deliver().await;
    domain.mailer.last_token_for(ADA).unwrap()
}

async fn reset(domain: &TestDomain, token: &TokenSecret, new: &str) -> Result<(), ResetPasswordError> {
    let command = ResetPasswordCommand {
        token: Some(token.clone()),
        new_password: password(new),
        client: Client::default(),
    };
    domain.use_cases.reset_password.reset(command).await
}

#[tokio::test]
async fn a_reset_ends_every_session_lifts_the_lockout_and_tells_the_owner() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    for _ in 0..6 {
        assert!(domain.login(ADA, "wrong").await.is_err());
    }
    let token = request(&domain).await;
    reset(&domain, &token, NEW_PASSWORD).await.unwrap();
    assert!(domain.has_ended(&signed_in).await);
    domain.login(ADA, NEW_PASSWORD).await.unwrap();
    assert!(domain.login(ADA, PASSWORD).await.is_err());
    domain.deliver().await;
    assert!(matches!(domain.last_mail_to(ADA).content, MailContent::PasswordChanged));
}

#[tokio::test]
async fn a_reset_makes_an_address_its_owners_who_ever_registered_it() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    domain.deliver().await;
    let verification = domain.mailer.last_token_for(ADA).unwrap();
    let token = request(&domain).await;
    reset(&domain, &token, NEW_PASSWORD).await.unwrap();
    assert!(domain.login(ADA, PASSWORD).await.is_err());
    assert!(domain.login(ADA, NEW_PASSWORD).await.unwrap().user.email_verified);
    assert!(domain.verify(&verification).await.is_err());
}

#[tokio::test]
async fn a_refused_password_leaves_the_link_good_and_a_used_link_is_spent() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    let token = request(&domain).await;
    for refused in ["short", "ada@example.com!", "password123"] {
        assert!(matches!(reset(&domain, &token, refused).await, Err(ResetPasswordError::PasswordRefused(_))));
    }
    domain.hasher.set_overloaded(true);
    assert!(matches!(reset(&domain, &token, NEW_PASSWORD).await, Err(ResetPasswordError::Overloaded(_))));
    domain.hasher.set_overloaded(false);
    reset(&domain, &token, NEW_PASSWORD).await.unwrap();
    let hashes = domain.hasher.hashes();
    assert!(matches!(reset(&domain, &token, PASSWORD).await, Err(ResetPasswordError::InvalidToken)));
    assert_eq!(domain.hasher.hashes(), hashes, "a link that is no good costs no hash");
}

#[tokio::test]
async fn a_link_ends_with_its_life_and_with_a_newer_one() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    let first = request(&domain).await;
    let second = request(&domain).await;
    assert!(matches!(reset(&domain, &first, NEW_PASSWORD).await, Err(ResetPasswordError::InvalidToken)));
    domain.clock.advance(Duration::from_mins(30));
    assert!(matches!(reset(&domain, &second, NEW_PASSWORD).await, Err(ResetPasswordError::InvalidToken)));
}

#[tokio::test]
async fn nothing_is_mailed_to_an_address_without_an_account() {
    let domain = TestDomain::new();
    domain.use_cases.request_password_reset.request(fixtures::email(ADA), None).await.unwrap();
    domain.deliver().await;
    assert!(domain.mailer.sent().is_empty());
    assert!(domain.storage.waiting_mails().is_empty());
}
