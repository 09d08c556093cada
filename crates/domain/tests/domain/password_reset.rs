use std::time::Duration;

use portcullis_domain::mail::MailContent;
use portcullis_domain::use_cases::{ResetPasswordCommand, ResetPasswordError};
use portcullis_domain::{Client, TokenSecret};
use portcullis_testkit::fixtures;

use crate::world::{ADA, PASSWORD, World, password};

const NEW_PASSWORD: &str = "a whole new password";

async fn request(world: &World) -> TokenSecret {
    world.domain.request_password_reset.request(fixtures::email(ADA), None).await.unwrap();
    world.deliver().await;
    world.mailer.last_token_for(ADA).unwrap()
}

async fn reset(world: &World, token: &TokenSecret, new: &str) -> Result<(), ResetPasswordError> {
    let command = ResetPasswordCommand {
        token: Some(token.clone()),
        new_password: password(new),
        client: Client::default(),
    };
    world.domain.reset_password.reset(command).await
}

#[tokio::test]
async fn a_reset_ends_every_session_lifts_the_lockout_and_tells_the_owner() {
    let world = World::new();
    let signed_in = world.signed_in(ADA).await;
    for _ in 0..6 {
        assert!(world.login(ADA, "wrong").await.is_err());
    }
    let token = request(&world).await;
    reset(&world, &token, NEW_PASSWORD).await.unwrap();
    assert!(world.has_ended(&signed_in).await);
    world.login(ADA, NEW_PASSWORD).await.unwrap();
    assert!(world.login(ADA, PASSWORD).await.is_err());
    world.deliver().await;
    assert!(matches!(world.last_mail_to(ADA).content, MailContent::PasswordChanged));
}

#[tokio::test]
async fn a_reset_makes_an_address_its_owners_who_ever_registered_it() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    world.deliver().await;
    let verification = world.mailer.last_token_for(ADA).unwrap();
    let token = request(&world).await;
    reset(&world, &token, NEW_PASSWORD).await.unwrap();
    assert!(world.login(ADA, PASSWORD).await.is_err());
    assert!(world.login(ADA, NEW_PASSWORD).await.unwrap().user.email_verified);
    assert!(world.verify(&verification).await.is_err());
}

#[tokio::test]
async fn a_refused_password_leaves_the_link_good_and_a_used_link_is_spent() {
    let world = World::new();
    world.verified(ADA).await;
    let token = request(&world).await;
    for refused in ["short", "ada@example.com!", "password123"] {
        assert!(matches!(reset(&world, &token, refused).await, Err(ResetPasswordError::PasswordRefused(_))));
    }
    world.hasher.set_overloaded(true);
    assert!(matches!(reset(&world, &token, NEW_PASSWORD).await, Err(ResetPasswordError::Hashing(_))));
    world.hasher.set_overloaded(false);
    reset(&world, &token, NEW_PASSWORD).await.unwrap();
    let hashes = world.hasher.hashes();
    assert!(matches!(reset(&world, &token, PASSWORD).await, Err(ResetPasswordError::InvalidToken)));
    assert_eq!(world.hasher.hashes(), hashes, "a link that is no good costs no hash");
}

#[tokio::test]
async fn a_link_ends_with_its_life_and_with_a_newer_one() {
    let world = World::new();
    world.verified(ADA).await;
    let first = request(&world).await;
    let second = request(&world).await;
    assert!(matches!(reset(&world, &first, NEW_PASSWORD).await, Err(ResetPasswordError::InvalidToken)));
    world.clock.advance(Duration::from_mins(30));
    assert!(matches!(reset(&world, &second, NEW_PASSWORD).await, Err(ResetPasswordError::InvalidToken)));
}

#[tokio::test]
async fn nothing_is_mailed_to_an_address_without_an_account() {
    let world = World::new();
    world.domain.request_password_reset.request(fixtures::email(ADA), None).await.unwrap();
    world.deliver().await;
    assert!(world.mailer.sent().is_empty());
    assert!(world.storage.waiting_mails().is_empty());
}
