use portcullis_domain::Client;
use portcullis_domain::use_cases::{EndSessionError, LogoutError};

use crate::world::{ADA, PASSWORD, World};

#[tokio::test]
async fn logout_ends_the_callers_session_or_the_one_of_the_token() {
    let world = World::new();
    let (here, there) = (world.signed_in(ADA).await, world.login(ADA, PASSWORD).await.unwrap());
    let principal = world.principal(&here).await;
    world
        .domain
        .logout
        .logout(&principal, Some(&there.tokens.refresh_token), Client::default())
        .await
        .unwrap();
    assert!(world.has_ended(&there).await && !world.has_ended(&here).await);
    let again =
        world.domain.logout.logout(&principal, Some(&there.tokens.refresh_token), Client::default()).await;
    assert!(matches!(again, Err(LogoutError::InvalidRefreshToken)));
    world.domain.logout.logout(&principal, None, Client::default()).await.unwrap();
    assert!(world.has_ended(&here).await);
}

#[tokio::test]
async fn somebody_elses_session_cannot_be_ended() {
    let world = World::new();
    let (ada, eve) = (world.signed_in(ADA).await, world.signed_in("eve@example.com").await);
    let (adas, eves) = (world.principal(&ada).await, world.principal(&eve).await);
    let logout = world.domain.logout.logout(&eves, Some(&ada.tokens.refresh_token), Client::default()).await;
    assert!(matches!(logout, Err(LogoutError::InvalidRefreshToken)));
    let end = world.domain.end_session.end(eves.user.id, adas.session.id, Client::default()).await;
    assert!(matches!(end, Err(EndSessionError::NotFound)));
    world.principal(&ada).await;
}

#[tokio::test]
async fn the_list_shows_what_is_live() {
    let world = World::new();
    let here = world.signed_in(ADA).await;
    let there = world.login(ADA, PASSWORD).await.unwrap();
    let principal = world.principal(&here).await;
    let list = world.domain.list_sessions.list(principal.user.id).await.unwrap();
    assert_eq!(list.len(), 2);
    let other = world.principal(&there).await.session.id;
    world.domain.end_session.end(principal.user.id, other, Client::default()).await.unwrap();
    let list = world.domain.list_sessions.list(principal.user.id).await.unwrap();
    assert_eq!(list, [principal.session]);
    world.domain.logout_all.logout_all(principal.user.id, Client::default()).await.unwrap();
    assert!(world.has_ended(&here).await);
}
