use portcullis_domain::Client;
use portcullis_domain::use_cases::{EndSessionError, LogoutError};
use portcullis_testkit::TestDomain;
use portcullis_testkit::fixtures::PASSWORD;

use crate::ADA;

#[tokio::test]
async fn logout_ends_the_callers_session_or_the_one_of_the_token() {
    let domain = TestDomain::new();
    let (here, there) = (domain.signed_in(ADA).await, domain.login(ADA, PASSWORD).await.unwrap());
    let principal = domain.principal(&here).await;
    domain
        .use_cases
        .logout
        .logout(&principal, Some(&there.tokens.refresh_token), Client::default())
        .await
        .unwrap();
    assert!(domain.has_ended(&there).await && !domain.has_ended(&here).await);
    let again = domain
        .use_cases
        .logout
        .logout(&principal, Some(&there.tokens.refresh_token), Client::default())
        .await;
    assert!(matches!(again, Err(LogoutError::InvalidRefreshToken)));
    domain.use_cases.logout.logout(&principal, None, Client::default()).await.unwrap();
    assert!(domain.has_ended(&here).await);
}

#[tokio::test]
async fn who_is_signed_out_while_they_log_out_is_signed_out() {
    let domain = TestDomain::new();
    let principal = domain.principal(&domain.signed_in(ADA).await).await;
    domain.use_cases.logout_all.logout_all(principal.user.id, Client::default()).await.unwrap();
    domain.use_cases.logout.logout(&principal, None, Client::default()).await.unwrap();
}

#[tokio::test]
async fn somebody_elses_session_cannot_be_ended() {
    let domain = TestDomain::new();
    let (ada, eve) = (domain.signed_in(ADA).await, domain.signed_in("eve@example.com").await);
    let (adas, eves) = (domain.principal(&ada).await, domain.principal(&eve).await);
    let logout =
        domain.use_cases.logout.logout(&eves, Some(&ada.tokens.refresh_token), Client::default()).await;
    assert!(matches!(logout, Err(LogoutError::InvalidRefreshToken)));
    let end = domain.use_cases.end_session.end(eves.user.id, adas.session.id, Client::default()).await;
    assert!(matches!(end, Err(EndSessionError::NotFound)));
    domain.principal(&ada).await;
}

#[tokio::test]
async fn the_list_shows_what_is_live() {
    let domain = TestDomain::new();
    let here = domain.signed_in(ADA).await;
    let there = domain.login(ADA, PASSWORD).await.unwrap();
    let principal = domain.principal(&here).await;
    let list = domain.use_cases.list_sessions.list(principal.user.id).await.unwrap();
    assert_eq!(list.len(), 2);
    let other = domain.principal(&there).await.session.id;
    domain.use_cases.end_session.end(principal.user.id, other, Client::default()).await.unwrap();
    let list = domain.use_cases.list_sessions.list(principal.user.id).await.unwrap();
    assert_eq!(list, [principal.session]);
    domain.use_cases.logout_all.logout_all(principal.user.id, Client::default()).await.unwrap();
    assert!(domain.has_ended(&here).await);
}
