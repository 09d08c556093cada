use std::time::Duration;

use portcullis_domain::SessionLifetime;
use portcullis_domain::policy::{Lifetimes, Policy};
use portcullis_domain::use_cases::RefreshError;
use portcullis_testkit::TestDomain;
use portcullis_testkit::fixtures::PASSWORD;

use crate::ADA;

fn under(change: impl FnOnce(&mut Lifetimes)) -> TestDomain {
    let mut policy = Policy::default();
    change(&mut policy.lifetimes);
    TestDomain::under(policy)
}

#[tokio::test]
async fn each_use_rotates_the_token() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let mut token = signed_in.tokens.refresh_token.clone();
    for _ in 0..5 {
        domain.clock.advance(Duration::from_mins(20));
        let next = domain.refresh(&token).await.unwrap();
        assert_ne!(next.refresh_token, token);
        token = next.refresh_token;
    }
}

#[tokio::test]
async fn a_lost_answer_can_be_asked_for_again_within_the_grace() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let first = &signed_in.tokens.refresh_token;
    let answer = domain.refresh(first).await.unwrap();
    domain.clock.advance(Duration::from_micros(9_999_999));
    let again = domain.refresh(first).await.unwrap();
    assert_eq!(again.refresh_token, answer.refresh_token);
    domain.refresh(&answer.refresh_token).await.unwrap();
}

#[tokio::test]
async fn a_spent_refresh_token_ends_the_session() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let other = domain.login(ADA, PASSWORD).await.unwrap();
    let first = &signed_in.tokens.refresh_token;
    let successor = domain.refresh(first).await.unwrap();
    domain.clock.advance(Duration::from_secs(10));
    let Err(RefreshError::Reused { user, .. }) = domain.refresh(first).await else {
        panic!("theft is noticed");
    };
    assert_eq!(user, signed_in.user.id);
    assert!(domain.has_ended(&signed_in).await);
    assert!(domain.refresh(&successor.refresh_token).await.is_err());
    assert!(!domain.has_ended(&other).await, "other sessions are not the thief's");
}

#[tokio::test]
async fn within_the_grace_only_the_immediate_predecessor_of_an_unused_token_is_forgiven() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let first = &signed_in.tokens.refresh_token;
    let second = domain.refresh(first).await.unwrap().refresh_token;
    domain.refresh(&second).await.unwrap();
    assert!(matches!(domain.refresh(first).await, Err(RefreshError::Reused { .. })));
}

#[tokio::test]
async fn without_a_grace_every_second_use_is_theft() {
    let domain = under(|lifetimes| lifetimes.refresh_grace = Duration::ZERO);
    let signed_in = domain.signed_in(ADA).await;
    let first = &signed_in.tokens.refresh_token;
    domain.refresh(first).await.unwrap();
    assert!(matches!(domain.refresh(first).await, Err(RefreshError::Reused { .. })));
}

#[tokio::test]
async fn when_the_store_fails_the_token_is_as_good_as_before() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let first = &signed_in.tokens.refresh_token;
    domain.storage.fail_next_call_to("SessionRepository::rotate");
    assert!(matches!(domain.refresh(first).await, Err(RefreshError::Storage(_))));
    domain.clock.advance(Duration::from_mins(5));
    domain.refresh(first).await.unwrap();
}

#[tokio::test]
async fn an_idle_session_expires_and_a_used_one_lives_to_its_absolute_end() {
    let day = Duration::from_hours(24);
    let domain = under(|lifetimes| lifetimes.session = SessionLifetime { idle: 2 * day, absolute: 5 * day });
    let idle = domain.signed_in(ADA).await;
    let used = domain.login(ADA, PASSWORD).await.unwrap();
    let mut token = used.tokens.refresh_token;
    for _ in 0..4 {
        domain.clock.advance(day);
        let next = domain.refresh(&token).await.unwrap();
        token = next.refresh_token;
    }
    assert!(matches!(domain.refresh(&idle.tokens.refresh_token).await, Err(RefreshError::Invalid)));
    domain.clock.advance(Duration::from_mins(24 * 60 - 1));
    let last = domain.refresh(&token).await.unwrap();
    assert_eq!(last.expires_in, Duration::from_mins(1), "no token outlives its session");
    assert_eq!(last.refresh_expires_in, Duration::from_mins(1));
    domain.clock.advance(Duration::from_mins(1));
    let ended = domain.refresh(&last.refresh_token).await;
    assert!(matches!(ended, Err(RefreshError::Invalid)));
}

#[tokio::test]
async fn nonsense_is_refused_without_asking_the_store() {
    let domain = TestDomain::new();
    domain.storage.fail_next_call_to("SessionRepository::rotate");
    for text in ["", "nonsense", &"A".repeat(70), "access:1:2:3"] {
        assert!(matches!(domain.refresh(text).await, Err(RefreshError::Invalid)), "{text}");
    }
}
