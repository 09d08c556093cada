use std::time::Duration;

use portcullis_domain::use_cases::{
    LinkKind, VerifyEmailByCodeCommand, VerifyEmailByCodeError, VerifyEmailError,
};
use portcullis_domain::{Client, OneTimeCode};
use portcullis_testkit::{TestDomain, fixtures};

use crate::ADA;

async fn verify(domain: &TestDomain, email: &str, code: &str) -> Result<(), VerifyEmailByCodeError> {
    let command = VerifyEmailByCodeCommand {
        email: fixtures::email(email),
        code: OneTimeCode::parse(code),
        client: Client::default(),
    };
    domain.use_cases.verify_email_by_code.verify(command).await.map(|_| ())
}

/// A code that is not the one in the mail.
fn wrong_code(domain: &TestDomain, email: &str) -> String {
    let right: u32 = domain.mailer.last_code_for(email).unwrap().expose().parse().unwrap();
    format!("{:06}", (right + 1) % 1_000_000)
}

async fn resend(domain: &TestDomain, email: &str) {
    domain.use_cases.resend_verification.request(fixtures::email(email), None).await.unwrap();
    domain.deliver().await;
}

#[tokio::test]
async fn a_link_says_the_same_again_while_it_lives() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    let token = domain.mailer.last_token_for(ADA).unwrap();
    assert!(domain.verify(&token).await.unwrap().email_verified);
    domain.clock.advance(Duration::from_hours(24));
    let expired = domain.verify(&token).await;
    assert!(matches!(expired, Err(VerifyEmailError::InvalidToken)));
}

#[tokio::test]
async fn looking_at_a_link_changes_nothing() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    domain.deliver().await;
    let token = domain.mailer.last_token_for(ADA).unwrap();
    let link = domain.use_cases.inspect_link.inspect(LinkKind::Verification, &token).await.unwrap().unwrap();
    assert_eq!(link.address, fixtures::email(ADA));
    assert!(!link.user.email_verified);
    let code = domain.mailer.last_code_for(ADA).unwrap();
    verify(&domain, ADA, code.expose()).await.unwrap();
}

#[tokio::test]
async fn a_code_works_once_and_not_after_its_life() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    domain.deliver().await;
    let code = domain.mailer.last_code_for(ADA).unwrap();
    domain.clock.advance(Duration::from_mins(10));
    assert!(matches!(verify(&domain, ADA, code.expose()).await, Err(VerifyEmailByCodeError::InvalidCode)));
    resend(&domain, ADA).await;
    let code = domain.mailer.last_code_for(ADA).unwrap();
    verify(&domain, ADA, code.expose()).await.unwrap();
    assert!(matches!(verify(&domain, ADA, code.expose()).await, Err(VerifyEmailByCodeError::InvalidCode)));
}

#[tokio::test]
async fn five_wrong_codes_spend_it_and_the_link_still_works() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    domain.deliver().await;
    for _ in 0..5 {
        let wrong = wrong_code(&domain, ADA);
        assert!(matches!(verify(&domain, ADA, &wrong).await, Err(VerifyEmailByCodeError::InvalidCode)));
    }
    let right = domain.mailer.last_code_for(ADA).unwrap();
    let exhausted = verify(&domain, ADA, right.expose()).await;
    assert!(matches!(exhausted, Err(VerifyEmailByCodeError::TooManyAttempts { .. })));
    let token = domain.mailer.last_token_for(ADA).unwrap();
    domain.verify(&token).await.unwrap();
}

#[tokio::test]
async fn fifteen_wrong_codes_close_the_way_for_the_hour_whatever_is_mailed() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    domain.deliver().await;
    for _ in 0..3 {
        for _ in 0..5 {
            let wrong = wrong_code(&domain, ADA);
            assert!(matches!(verify(&domain, ADA, &wrong).await, Err(VerifyEmailByCodeError::InvalidCode)));
        }
        resend(&domain, ADA).await;
    }
    let code = domain.mailer.last_code_for(ADA).unwrap();
    let Err(VerifyEmailByCodeError::TooManyAttempts { retry_after }) =
        verify(&domain, ADA, code.expose()).await
    else {
        panic!("the way is closed");
    };
    domain.clock.advance(retry_after);
    resend(&domain, ADA).await;
    let code = domain.mailer.last_code_for(ADA).unwrap();
    verify(&domain, ADA, code.expose()).await.unwrap();
}

#[tokio::test]
async fn an_address_without_an_account_meets_the_same_answers() {
    let domain = TestDomain::new();
    let nobody = "nobody@example.com";
    for round in 0..3 {
        for _ in 0..5 {
            let wrong = verify(&domain, nobody, "123456").await;
            assert!(matches!(wrong, Err(VerifyEmailByCodeError::InvalidCode)), "round {round}");
        }
        let exhausted = verify(&domain, nobody, "123456").await;
        assert!(matches!(exhausted, Err(VerifyEmailByCodeError::TooManyAttempts { .. })));
        resend(&domain, nobody).await;
    }
    let exhausted = verify(&domain, nobody, "123456").await;
    assert!(matches!(exhausted, Err(VerifyEmailByCodeError::TooManyAttempts { .. })));
    assert!(domain.mailer.sent().is_empty());
}

#[tokio::test]
async fn what_can_be_no_code_counts_as_a_wrong_one() {
    let domain = TestDomain::new();
    for _ in 0..5 {
        let wrong = verify(&domain, ADA, "not a code").await;
        assert!(matches!(wrong, Err(VerifyEmailByCodeError::InvalidCode)));
    }
    let exhausted = verify(&domain, ADA, "not a code").await;
    assert!(matches!(exhausted, Err(VerifyEmailByCodeError::TooManyAttempts { .. })));
}

#[tokio::test]
async fn many_requests_send_one_mail() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    for _ in 0..100 {
        domain.use_cases.resend_verification.request(fixtures::email(ADA), None).await.unwrap();
    }
    domain.deliver().await;
    assert_eq!(domain.mailer.sent().len(), 1);
}

#[tokio::test]
async fn a_verified_address_gets_no_more_verification_mails() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    resend(&domain, ADA).await;
    assert_eq!(domain.mailer.sent().len(), 1);
}
