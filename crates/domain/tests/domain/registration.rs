use portcullis_domain::mail::MailContent;
use portcullis_domain::policy::{EmailVerification, Policy, Registration};
use portcullis_domain::use_cases::{LoginError, RegisterCommand, RegisterError, Registered};
use portcullis_domain::{PasswordRefusal, ProfileNames};
use portcullis_testkit::TestDomain;
use portcullis_testkit::fixtures::{self, PASSWORD, password, registration};

use crate::ADA;

#[tokio::test]
async fn a_registered_user_signs_in_after_verifying_the_address() {
    let domain = TestDomain::new();
    let Ok(Registered::Created { user, tokens: None }) = domain.register(ADA).await else {
        panic!("an account without tokens");
    };
    assert!(!user.email_verified);
    assert!(matches!(domain.login(ADA, PASSWORD).await, Err(LoginError::EmailNotVerified)));
    domain.deliver().await;
    let token = domain.mailer.last_token_for(ADA).unwrap();
    domain.verify(&token).await.unwrap();
    let signed_in = domain.login(ADA, PASSWORD).await.unwrap();
    assert_eq!(signed_in.user.id, user.id);
    assert_eq!(domain.principal(&signed_in).await.user, signed_in.user);
}

#[tokio::test]
async fn an_account_has_the_names_that_were_given() {
    let domain = TestDomain::new();
    let profile = ProfileNames {
        name: Some(fixtures::name("Lady Lovelace")),
        first_name: Some(fixtures::name("Augusta")),
        last_name: Some(fixtures::name("King")),
    };
    let username = Some(fixtures::username("Countess"));
    let named = RegisterCommand { username: username.clone(), profile: profile.clone(), ..registration(ADA) };
    let registered = domain.use_cases.register.register(named).await.unwrap();
    let Registered::Created { user, .. } = registered else { panic!("an account") };
    let stored = domain.current(&user).await;
    assert_eq!((stored.username, stored.profile), (username, profile));
}

#[tokio::test]
async fn where_verification_is_optional_a_registration_signs_in() {
    let domain =
        TestDomain::under(Policy { email_verification: EmailVerification::Optional, ..Policy::default() });
    let Ok(Registered::Created { user, tokens: Some(tokens) }) = domain.register(ADA).await else {
        panic!("an account with tokens");
    };
    let principal = domain.use_cases.authenticate.authenticate(&tokens.access_token).await.unwrap();
    assert_eq!(principal.user, *user);
    domain.refresh(&tokens.refresh_token).await.unwrap();
    domain.deliver().await;
    assert!(domain.mailer.last_code_for(ADA).is_some());
}

#[tokio::test]
async fn a_taken_address_or_username_is_refused() {
    let domain = TestDomain::new();
    let mut first = registration(ADA);
    first.username = Some(fixtures::username("Countess"));
    domain.use_cases.register.register(first).await.unwrap();
    assert!(matches!(domain.register("ADA@EXAMPLE.com").await, Err(RegisterError::EmailTaken)));
    let mut second = registration("eve@example.com");
    second.username = Some(fixtures::username("countess"));
    let refused = domain.use_cases.register.register(second).await;
    assert!(matches!(refused, Err(RegisterError::UsernameTaken)));
}

#[tokio::test]
async fn a_refused_password_stores_and_mails_nothing() {
    let domain = TestDomain::new();
    let mut command = registration(ADA);
    command.password = password("ada@example.com1");
    let refused = domain.use_cases.register.register(command).await;
    assert!(matches!(refused, Err(RegisterError::PasswordRefused(PasswordRefusal::ContainsIdentity))));
    domain.deliver().await;
    assert!(domain.mailer.sent().is_empty());
    assert_eq!(domain.hasher.hashes(), 0);
    assert!(domain.register(ADA).await.is_ok());
}

#[tokio::test]
async fn when_the_hasher_is_overloaded_nothing_is_stored() {
    let domain = TestDomain::new();
    domain.hasher.set_overloaded(true);
    assert!(matches!(domain.register(ADA).await, Err(RegisterError::Overloaded(_))));
    domain.hasher.set_overloaded(false);
    assert!(domain.register(ADA).await.is_ok());
}

#[tokio::test]
async fn closed_registration_admits_nobody() {
    let domain = TestDomain::under(Policy { registration: Registration::Closed, ..Policy::default() });
    assert!(matches!(domain.register(ADA).await, Err(RegisterError::Closed)));
    assert_eq!(domain.hasher.hashes(), 0);
}

#[tokio::test]
async fn private_registration_does_the_same_work_for_a_taken_address() {
    let domain = TestDomain::under(Policy { registration: Registration::Private, ..Policy::default() });
    assert!(matches!(domain.register(ADA).await, Ok(Registered::Pending)));
    domain.deliver().await;
    let token = domain.mailer.last_token_for(ADA).unwrap();
    domain.verify(&token).await.unwrap();
    assert!(matches!(domain.register(ADA).await, Ok(Registered::Pending)));
    assert_eq!(domain.hasher.hashes(), 2);
    domain.deliver().await;
    assert!(matches!(domain.last_mail_to(ADA).content, MailContent::AddressAlreadyRegistered));
}

#[tokio::test]
async fn who_registers_an_address_that_somebody_claimed_gets_in_by_its_mails_only() {
    let domain = TestDomain::under(Policy { registration: Registration::Private, ..Policy::default() });
    domain.register(ADA).await.unwrap();
    domain.deliver().await;
    let first = domain.mailer.last_token_for(ADA).unwrap();
    assert!(matches!(domain.register(ADA).await, Ok(Registered::Pending)));
    domain.deliver().await;
    assert!(matches!(domain.last_mail_to(ADA).content, MailContent::ResetPassword { .. }));
    assert!(domain.verify(&first).await.is_err(), "the password that it would make good may be a stranger's");
    assert!(domain.login(ADA, PASSWORD).await.is_err(), "nobody has set a password that counts");
}

#[tokio::test]
async fn an_owner_is_told_at_their_stored_address_in_their_own_language() {
    let domain = TestDomain::under(Policy { registration: Registration::Private, ..Policy::default() });
    domain.verified(ADA).await;
    let mut strangers = registration("ADA@Example.com");
    strangers.locale = Some(fixtures::locale("de"));
    domain.use_cases.register.register(strangers).await.unwrap();
    domain.deliver().await;
    let notice = domain.last_mail_to(ADA);
    assert!(matches!(notice.content, MailContent::AddressAlreadyRegistered));
    assert_eq!((notice.to.as_str(), notice.locale.as_str()), (ADA, "en"));
}

#[tokio::test]
async fn a_mail_speaks_the_language_of_the_registration() {
    let domain = TestDomain::new();
    let mut command = registration(ADA);
    command.locale = Some(fixtures::locale("de"));
    domain.use_cases.register.register(command).await.unwrap();
    let english = Some(fixtures::locale("en"));
    domain.use_cases.resend_verification.request(fixtures::email(ADA), english).await.unwrap();
    domain.deliver().await;
    assert_eq!(domain.last_mail_to(ADA).locale, fixtures::locale("de"));
}
