use std::time::Duration;

use portcullis_domain::use_cases::{
    LinkKind, VerifyEmailByCodeCommand, VerifyEmailByCodeError, VerifyEmailError,
};
use portcullis_domain::{Client, OneTimeCode};
use portcullis_testkit::fixtures;

use crate::world::{ADA, World};

async fn verify(world: &World, email: &str, code: &str) -> Result<(), VerifyEmailByCodeError> {
    let command = VerifyEmailByCodeCommand {
        email: fixtures::email(email),
        code: OneTimeCode::parse(code),
        client: Client::default(),
    };
    world.domain.verify_email_by_code.verify(command).await.map(|_| ())
}

/// A code that is not the one in the mail.
fn wrong_code(world: &World, email: &str) -> String {
    let right: u32 = world.mailer.last_code_for(email).unwrap().expose().parse().unwrap();
    format!("{:06}", (right + 1) % 1_000_000)
}

async fn resend(world: &World, email: &str) {
    world.domain.resend_verification.request(fixtures::email(email), None).await.unwrap();
    world.deliver().await;
}

#[tokio::test]
async fn a_link_says_the_same_again_while_it_lives() {
    let world = World::new();
    world.verified(ADA).await;
    let token = world.mailer.last_token_for(ADA).unwrap();
    assert!(world.verify(&token).await.unwrap().email_verified);
    world.clock.advance(Duration::from_hours(24));
    let expired = world.verify(&token).await;
    assert!(matches!(expired, Err(VerifyEmailError::InvalidToken)));
}

#[tokio::test]
async fn looking_at_a_link_changes_nothing() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    world.deliver().await;
    let token = world.mailer.last_token_for(ADA).unwrap();
    let link = world.domain.inspect_link.inspect(LinkKind::Verification, &token).await.unwrap().unwrap();
    assert_eq!(link.address, fixtures::email(ADA));
    assert!(!link.user.email_verified);
    let code = world.mailer.last_code_for(ADA).unwrap();
    verify(&world, ADA, code.expose()).await.unwrap();
}

#[tokio::test]
async fn a_code_works_once_and_not_after_its_life() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    world.deliver().await;
    let code = world.mailer.last_code_for(ADA).unwrap();
    world.clock.advance(Duration::from_mins(10));
    assert!(matches!(verify(&world, ADA, code.expose()).await, Err(VerifyEmailByCodeError::InvalidCode)));
    resend(&world, ADA).await;
    let code = world.mailer.last_code_for(ADA).unwrap();
    verify(&world, ADA, code.expose()).await.unwrap();
    assert!(matches!(verify(&world, ADA, code.expose()).await, Err(VerifyEmailByCodeError::InvalidCode)));
}

#[tokio::test]
async fn five_wrong_codes_spend_it_and_the_link_still_works() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    world.deliver().await;
    for _ in 0..5 {
        let wrong = wrong_code(&world, ADA);
        assert!(matches!(verify(&world, ADA, &wrong).await, Err(VerifyEmailByCodeError::InvalidCode)));
    }
    let right = world.mailer.last_code_for(ADA).unwrap();
    let exhausted = verify(&world, ADA, right.expose()).await;
    assert!(matches!(exhausted, Err(VerifyEmailByCodeError::TooManyAttempts { .. })));
    let token = world.mailer.last_token_for(ADA).unwrap();
    world.verify(&token).await.unwrap();
}

#[tokio::test]
async fn fifteen_wrong_codes_close_the_way_for_the_hour_whatever_is_mailed() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    world.deliver().await;
    for _ in 0..3 {
        for _ in 0..5 {
            let wrong = wrong_code(&world, ADA);
            assert!(matches!(verify(&world, ADA, &wrong).await, Err(VerifyEmailByCodeError::InvalidCode)));
        }
        resend(&world, ADA).await;
    }
    let code = world.mailer.last_code_for(ADA).unwrap();
    let Err(VerifyEmailByCodeError::TooManyAttempts { retry_after }) =
        verify(&world, ADA, code.expose()).await
    else {
        panic!("the way is closed");
    };
    world.clock.advance(retry_after);
    resend(&world, ADA).await;
    let code = world.mailer.last_code_for(ADA).unwrap();
    verify(&world, ADA, code.expose()).await.unwrap();
}

#[tokio::test]
async fn an_address_without_an_account_meets_the_same_answers() {
    let world = World::new();
    let nobody = "nobody@example.com";
    for round in 0..3 {
        for _ in 0..5 {
            let wrong = verify(&world, nobody, "123456").await;
            assert!(matches!(wrong, Err(VerifyEmailByCodeError::InvalidCode)), "round {round}");
        }
        let exhausted = verify(&world, nobody, "123456").await;
        assert!(matches!(exhausted, Err(VerifyEmailByCodeError::TooManyAttempts { .. })));
        resend(&world, nobody).await;
    }
    let exhausted = verify(&world, nobody, "123456").await;
    assert!(matches!(exhausted, Err(VerifyEmailByCodeError::TooManyAttempts { .. })));
    assert!(world.mailer.sent().is_empty());
}

#[tokio::test]
async fn what_can_be_no_code_counts_as_a_wrong_one() {
    let world = World::new();
    for _ in 0..5 {
        let wrong = verify(&world, ADA, "not a code").await;
        assert!(matches!(wrong, Err(VerifyEmailByCodeError::InvalidCode)));
    }
    let exhausted = verify(&world, ADA, "not a code").await;
    assert!(matches!(exhausted, Err(VerifyEmailByCodeError::TooManyAttempts { .. })));
}

#[tokio::test]
async fn many_requests_send_one_mail() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    for _ in 0..100 {
        world.domain.resend_verification.request(fixtures::email(ADA), None).await.unwrap();
    }
    world.deliver().await;
    assert_eq!(world.mailer.sent().len(), 1);
}

#[tokio::test]
async fn a_verified_address_gets_no_more_verification_mails() {
    let world = World::new();
    world.verified(ADA).await;
    resend(&world, ADA).await;
    assert_eq!(world.mailer.sent().len(), 1);
}
