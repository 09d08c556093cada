use std::time::Duration;

use portcullis_domain::policy::Policy;
use portcullis_domain::ports::LockoutPolicy;
use portcullis_domain::use_cases::{ClaimedIdentifier, LoginCommand, LoginError};
use portcullis_domain::{Client, Password};
use portcullis_testkit::TestDomain;
use portcullis_testkit::fixtures::{self, PASSWORD, registration};

use crate::ADA;

#[tokio::test]
async fn unknown_malformed_and_wrong_are_one_answer_and_one_work() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    for (email, password) in [
        (ADA, "wrong password"),
        ("nobody@example.com", PASSWORD),
        ("not an address", PASSWORD),
        ("", PASSWORD),
    ] {
        let before = domain.hasher.verifications();
        let refused = domain.login(email, password).await;
        assert!(matches!(refused, Err(LoginError::InvalidCredentials)), "{email}");
        assert_eq!(domain.hasher.verifications(), before + 1, "{email}");
    }
}

#[tokio::test]
async fn a_password_longer_than_any_is_wrong_and_not_hashed() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    let refused = domain.login(ADA, &"x".repeat(1 << 20)).await;
    assert!(matches!(refused, Err(LoginError::InvalidCredentials)));
    assert_eq!(domain.hasher.verifications(), 0);
}

#[tokio::test]
async fn wrong_passwords_lock_known_and_unknown_alike_for_a_while() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    for email in [ADA, "nobody@example.com", "not an address"] {
        for _ in 0..5 {
            assert!(matches!(domain.login(email, "wrong").await, Err(LoginError::InvalidCredentials)));
        }
        let before = domain.hasher.verifications();
        let Err(LoginError::Locked { retry_after }) = domain.login(email, PASSWORD).await else {
            panic!("{email} is locked");
        };
        assert_eq!(retry_after, Duration::from_mins(15));
        assert_eq!(domain.hasher.verifications(), before, "nothing is hashed in vain");
    }
    domain.clock.advance(Duration::from_mins(15));
    domain.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn the_count_belongs_to_the_account_however_it_is_named() {
    let domain = TestDomain::new();
    let mut command = registration(ADA);
    command.username = Some(fixtures::username("countess"));
    domain.use_cases.register.register(command).await.unwrap();
    for attempt in 0..5 {
        let identifier = if attempt % 2 == 0 {
            ClaimedIdentifier::Username("Countess".to_owned())
        } else {
            ClaimedIdentifier::Email("ADA@example.com".to_owned())
        };
        let command =
            LoginCommand { identifier, password: Password::parse("wrong").ok(), client: Client::default() };
        let refused = domain.use_cases.login.login(command).await;
        assert!(matches!(refused, Err(LoginError::InvalidCredentials)));
    }
    assert!(matches!(domain.login(ADA, PASSWORD).await, Err(LoginError::Locked { .. })));
}

#[tokio::test]
async fn each_identifier_that_names_no_account_has_a_count_of_its_own() {
    let domain = TestDomain::new();
    for _ in 0..5 {
        assert!(domain.login("nobody@example.com", "wrong").await.is_err());
    }
    let same = domain.login("NOBODY@Example.com", "wrong").await;
    assert!(matches!(same, Err(LoginError::Locked { .. })));
    let other = domain.login("somebody@example.com", "wrong").await;
    assert!(matches!(other, Err(LoginError::InvalidCredentials)));
    for _ in 0..5 {
        assert!(domain.login("no address", "wrong").await.is_err());
    }
    assert!(matches!(domain.login("no address", "wrong").await, Err(LoginError::Locked { .. })));
    let other = domain.login("no address either", "wrong").await;
    assert!(matches!(other, Err(LoginError::InvalidCredentials)));
}

#[tokio::test]
async fn a_right_password_in_between_starts_the_count_again() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    for _ in 0..3 {
        for _ in 0..4 {
            assert!(domain.login(ADA, "wrong").await.is_err());
        }
        domain.login(ADA, PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn a_threshold_of_zero_locks_nobody() {
    let lockout = LockoutPolicy { threshold: 0, duration: Duration::from_mins(15) };
    let domain = TestDomain::under(Policy { lockout, ..Policy::default() });
    domain.verified(ADA).await;
    for _ in 0..20 {
        assert!(matches!(domain.login(ADA, "wrong").await, Err(LoginError::InvalidCredentials)));
    }
    domain.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_lockout_harms_no_live_session() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    for _ in 0..6 {
        assert!(domain.login(ADA, "wrong").await.is_err());
    }
    domain.principal(&signed_in).await;
    domain.refresh(&signed_in.tokens.refresh_token).await.unwrap();
}

#[tokio::test]
async fn an_outdated_hash_is_renewed_at_login() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    domain.hasher.change_settings();
    domain.login(ADA, PASSWORD).await.unwrap();
    assert_eq!(domain.hasher.hashes(), 2);
    domain.login(ADA, PASSWORD).await.unwrap();
    assert_eq!(domain.hasher.hashes(), 2, "it is of today's settings now");
}

#[tokio::test]
async fn a_login_is_noted() {
    let domain = TestDomain::new();
    let first = domain.signed_in(ADA).await;
    assert_eq!(first.user.last_login_at, Some(portcullis_testkit::FrozenClock::START));
    domain.clock.advance(Duration::from_secs(5));
    let second = domain.login(ADA, PASSWORD).await.unwrap();
    assert!(second.user.last_login_at > first.user.last_login_at);
}

#[tokio::test]
async fn tokens_say_how_long_they_live_and_whose_they_are() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    assert_eq!(signed_in.tokens.expires_in, Duration::from_mins(30));
    assert_eq!(signed_in.tokens.refresh_expires_in, Duration::from_hours(30 * 24));
    let claims = domain.access_tokens.issued().pop().unwrap();
    assert_eq!(claims.user_id, signed_in.user.id);
    assert!(claims.email_verified && claims.permissions.is_empty());
    assert_eq!(claims.roles, [fixtures::role("user")]);
    domain.clock.advance(Duration::from_mins(30));
    assert!(domain.has_ended(&signed_in).await, "the access token has expired");
}

#[tokio::test]
async fn tokens_do_not_show_in_debug_output() {
    let domain = TestDomain::new();
    let tokens = domain.signed_in(ADA).await.tokens;
    let shown = format!("{tokens:?}");
    assert!(shown.starts_with("Tokens"), "{shown}");
    assert!(!shown.contains(tokens.access_token.as_str()) && !shown.contains(tokens.refresh_token.as_str()));
}

#[tokio::test]
async fn a_flood_is_turned_away_before_anything_is_read_for_it() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    domain.storage.fail_next_call_to("UserRepository::find_by_login");
    domain.hasher.set_overloaded(true);
    for _ in 0..3 {
        let login = domain.login(ADA, PASSWORD).await;
        assert!(matches!(login, Err(LoginError::Overloaded(_))), "{login:?}");
    }
    domain.hasher.set_overloaded(false);
    let login = domain.login(ADA, PASSWORD).await;
    assert!(matches!(login, Err(LoginError::Storage(_))), "it is the first that looks: {login:?}");
}
