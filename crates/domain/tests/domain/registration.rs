use portcullis_domain::PasswordRefusal;
use portcullis_domain::mail::MailContent;
use portcullis_domain::policy::{EmailVerification, Policy, Registration};
use portcullis_domain::use_cases::{LoginError, RegisterError, Registered};
use portcullis_testkit::fixtures;

use crate::world::{ADA, PASSWORD, World, password, registration};

#[tokio::test]
async fn a_registered_user_signs_in_after_verifying_the_address() {
    let world = World::new();
    let Ok(Registered::Created { user, tokens: None }) = world.register(ADA).await else {
        panic!("an account without tokens");
    };
    assert!(!user.email_verified);
    assert!(matches!(world.login(ADA, PASSWORD).await, Err(LoginError::EmailNotVerified)));
    world.deliver().await;
    let token = world.mailer.last_token_for(ADA).unwrap();
    world.verify(&token).await.unwrap();
    let signed_in = world.login(ADA, PASSWORD).await.unwrap();
    assert_eq!(signed_in.user.id, user.id);
    assert_eq!(world.principal(&signed_in).await.user, signed_in.user);
}

#[tokio::test]
async fn where_verification_is_optional_a_registration_signs_in() {
    let world = World::under(Policy { email_verification: EmailVerification::Optional, ..Policy::default() });
    let Ok(Registered::Created { user, tokens: Some(tokens) }) = world.register(ADA).await else {
        panic!("an account with tokens");
    };
    let principal = world.domain.authenticate.authenticate(&tokens.access_token).await.unwrap();
    assert_eq!(principal.user, *user);
    world.refresh(&tokens.refresh_token).await.unwrap();
    world.deliver().await;
    assert!(world.mailer.last_code_for(ADA).is_some());
}

#[tokio::test]
async fn a_taken_address_or_username_is_refused() {
    let world = World::new();
    let mut first = registration(ADA);
    first.username = Some(fixtures::username("Countess"));
    world.domain.register.register(first).await.unwrap();
    assert!(matches!(world.register("ADA@EXAMPLE.com").await, Err(RegisterError::EmailTaken)));
    let mut second = registration("eve@example.com");
    second.username = Some(fixtures::username("countess"));
    let refused = world.domain.register.register(second).await;
    assert!(matches!(refused, Err(RegisterError::UsernameTaken)));
}

#[tokio::test]
async fn a_refused_password_stores_and_mails_nothing() {
    let world = World::new();
    let mut command = registration(ADA);
    command.password = password("ada@example.com1");
    let refused = world.domain.register.register(command).await;
    assert!(matches!(refused, Err(RegisterError::PasswordRefused(PasswordRefusal::ContainsIdentity))));
    world.deliver().await;
    assert!(world.mailer.sent().is_empty());
    assert_eq!(world.hasher.hashes(), 0);
    assert!(world.register(ADA).await.is_ok());
}

#[tokio::test]
async fn when_the_hasher_is_overloaded_nothing_is_stored() {
    let world = World::new();
    world.hasher.set_overloaded(true);
    assert!(matches!(world.register(ADA).await, Err(RegisterError::Hashing(_))));
    world.hasher.set_overloaded(false);
    assert!(world.register(ADA).await.is_ok());
}

#[tokio::test]
async fn closed_registration_admits_nobody() {
    let world = World::under(Policy { registration: Registration::Closed, ..Policy::default() });
    assert!(matches!(world.register(ADA).await, Err(RegisterError::Closed)));
    assert_eq!(world.hasher.hashes(), 0);
}

#[tokio::test]
async fn private_registration_does_the_same_work_for_a_taken_address() {
    let world = World::under(Policy { registration: Registration::Private, ..Policy::default() });
    assert!(matches!(world.register(ADA).await, Ok(Registered::Pending)));
    world.deliver().await;
    let token = world.mailer.last_token_for(ADA).unwrap();
    world.verify(&token).await.unwrap();
    assert!(matches!(world.register(ADA).await, Ok(Registered::Pending)));
    assert_eq!(world.hasher.hashes(), 2);
    world.deliver().await;
    assert!(matches!(world.last_mail_to(ADA).content, MailContent::AddressAlreadyRegistered));
}

#[tokio::test]
async fn an_owner_is_told_at_their_stored_address_in_their_own_language() {
    let world = World::under(Policy { registration: Registration::Private, ..Policy::default() });
    world.verified(ADA).await;
    let mut strangers = registration("ADA@Example.com");
    strangers.locale = Some(fixtures::locale("de"));
    world.domain.register.register(strangers).await.unwrap();
    world.deliver().await;
    let notice = world.last_mail_to(ADA);
    assert!(matches!(notice.content, MailContent::AddressAlreadyRegistered));
    assert_eq!((notice.to.as_str(), notice.locale.as_str()), (ADA, "en"));
}

#[tokio::test]
async fn a_mail_speaks_the_language_of_the_registration() {
    let world = World::new();
    let mut command = registration(ADA);
    command.locale = Some(fixtures::locale("de"));
    world.domain.register.register(command).await.unwrap();
    let english = Some(fixtures::locale("en"));
    world.domain.resend_verification.request(fixtures::email(ADA), english).await.unwrap();
    world.deliver().await;
    assert_eq!(world.last_mail_to(ADA).locale, fixtures::locale("de"));
}
