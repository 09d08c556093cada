use std::time::Duration;

use portcullis_domain::ports::Clock as _;
use portcullis_domain::use_cases::{ActiveToken, SignedIn, TokenKind, UpdateUserCommand};
use portcullis_domain::{Actor, Client};
use portcullis_testkit::TestDomain;
use portcullis_testkit::fixtures::{self, PASSWORD};

use crate::ADA;

async fn introspect(domain: &TestDomain, token: &str) -> Option<ActiveToken> {
    domain.use_cases.introspect_token.introspect(token).await.unwrap()
}

async fn are_both_good(domain: &TestDomain, signed_in: &SignedIn) -> (bool, bool) {
    let tokens = &signed_in.tokens;
    let access = introspect(domain, &tokens.access_token).await;
    let refresh = introspect(domain, &tokens.refresh_token).await;
    (access.is_some(), refresh.is_some())
}

#[tokio::test]
async fn an_access_token_is_good_for_its_session_with_what_its_user_may_do_now() {
    let domain = TestDomain::new();
    let editor = domain.role("editor", &["texts:edit"]).await;
    let ada = domain.made(ADA, &[]).await;
    let signed_in = domain.login(ADA, PASSWORD).await.unwrap();
    domain.use_cases.assign_role.assign(&Actor::operator(), ada.id, editor.id).await.unwrap();
    let issued_at = domain.clock.now();
    domain.clock.advance(Duration::from_mins(1));
    let claims = domain.access_tokens.issued().pop().unwrap();
    let active = introspect(&domain, &signed_in.tokens.access_token).await.unwrap();
    assert_eq!(active.kind, TokenKind::Access { token_id: claims.token_id });
    assert_eq!(active.issued_at, issued_at);
    assert_eq!(active.expires_at, issued_at + Duration::from_mins(30));
    assert_eq!(active.principal, domain.principal(&signed_in).await);
    assert!(active.principal.permissions.allow(&fixtures::permission("texts:edit")));
}

#[tokio::test]
async fn a_refresh_token_is_good_until_it_is_spent_and_is_not_spent_by_asking() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let first = &signed_in.tokens.refresh_token;
    for _ in 0..3 {
        introspect(&domain, first).await.unwrap();
    }
    domain.clock.advance(Duration::from_mins(1));
    let second = domain.refresh(first).await.unwrap();
    assert_eq!(introspect(&domain, first).await, None, "though a retry would still be forgiven");
    let active = introspect(&domain, &second.refresh_token).await.unwrap();
    assert_eq!(active.kind, TokenKind::Refresh);
    assert_eq!(active.issued_at, domain.clock.now());
    assert_eq!(active.expires_at, domain.clock.now() + Duration::from_hours(30 * 24));
    assert_eq!(active.principal.user.id, signed_in.user.id);
    domain.refresh(&second.refresh_token).await.unwrap();
}

#[tokio::test]
async fn an_expired_token_is_good_for_nothing() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    domain.clock.advance(Duration::from_mins(30));
    assert_eq!(are_both_good(&domain, &signed_in).await, (false, true));
    domain.clock.advance(Duration::from_hours(30 * 24));
    assert_eq!(are_both_good(&domain, &signed_in).await, (false, false));
}

#[tokio::test]
async fn a_token_is_good_for_nothing_once_its_session_has_ended() {
    let domain = TestDomain::new();
    let (here, there) = (domain.signed_in(ADA).await, domain.login(ADA, PASSWORD).await.unwrap());
    let principal = domain.principal(&here).await;
    domain.use_cases.logout.logout(&principal, None, Client::default()).await.unwrap();
    assert_eq!(are_both_good(&domain, &here).await, (false, false));
    assert_eq!(are_both_good(&domain, &there).await, (true, true));
}

#[tokio::test]
async fn a_token_of_a_disabled_account_is_good_for_nothing() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let disable = UpdateUserCommand { is_active: Some(false), ..UpdateUserCommand::default() };
    domain.use_cases.update_user.update(&Actor::operator(), signed_in.user.id, disable).await.unwrap();
    assert_eq!(are_both_good(&domain, &signed_in).await, (false, false));
}

#[tokio::test]
async fn a_token_that_names_somebody_elses_session_is_good_for_nothing() {
    let domain = TestDomain::new();
    let (ada, eve) = (domain.signed_in(ADA).await, domain.signed_in("eve@example.com").await);
    let (adas, eves) = (ada.user.id.to_string(), eve.user.id.to_string());
    let mixed = ada.tokens.access_token.replace(&adas, &eves);
    assert_ne!(mixed, *ada.tokens.access_token);
    assert_eq!(introspect(&domain, &mixed).await, None);
}

#[tokio::test]
async fn nonsense_is_good_for_nothing() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let tokens = &signed_in.tokens;
    let longer = format!("{}A", *tokens.refresh_token);
    for text in ["", "nonsense", "access:1:2:3", &longer, &tokens.access_token[1..]] {
        assert_eq!(introspect(&domain, text).await, None, "{text}");
    }
}

#[tokio::test]
async fn a_store_that_fails_says_nothing_of_a_token() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    for token in [&*signed_in.tokens.access_token, &*signed_in.tokens.refresh_token] {
        domain.storage.fail_next_call_to("SessionRepository::principal");
        assert!(domain.use_cases.introspect_token.introspect(token).await.is_err());
    }
}
