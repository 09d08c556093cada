//! One refresh for all who wait, and what becomes of it. The service here is a stand-in that counts, and that answers
//! when it is told to.

mod service;
mod store;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use portcullis_client::{Client, Code, Credentials, Error, SignedIn, Tokens};

use crate::service::{FIRST, Refreshes, Service};
use crate::store::{Event, Store};

/// How many call at once.
const CALLERS: usize = 50;

fn first_tokens() -> Tokens {
    Tokens { access_token: FIRST.access_token().into(), refresh_token: FIRST.refresh_token().into() }
}

/// Whoever goes on with the session of an earlier run.
fn resumed(service: &Service, store: &Arc<Store>) -> SignedIn {
    let client = Client::new(service.url()).expect("a client").with_token_store(store.clone());
    client.resume(first_tokens())
}

async fn all_at_once(ada: &SignedIn) -> Vec<Result<(), Error>> {
    join_all((0..CALLERS).map(|_| async { ada.me().await.map(drop) })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_that_are_refused_at_once_refresh_once() {
    // None is refused before all of them have come with the same token.
    let service = Service::start(Refreshes::Succeed).await.refusing_the_first_token_together(CALLERS);
    let store = Arc::new(Store::default());
    let ada = resumed(&service, &store);
    for outcome in all_at_once(&ada).await {
        outcome.unwrap();
    }
    assert_eq!(service.count("POST /api/v1/auth/refresh"), 1);
    assert_eq!(service.count("GET /api/v1/auth/me"), 2 * CALLERS);
    assert_eq!(store.events(), [Event::Stored(FIRST.next())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_on_tokens_that_have_expired_refresh_once_and_before_they_are_made() {
    let service = Service::start(Refreshes::Succeed).await;
    let client = Client::new(service.url()).unwrap();
    // What a login gives here expires at once.
    let (ada, _) =
        client.login(&Credentials::by_email("ada@example.com", "correct horse battery")).await.unwrap();
    for outcome in all_at_once(&ada).await {
        outcome.unwrap();
    }
    assert_eq!(service.count("POST /api/v1/auth/refresh"), 1);
    assert_eq!(service.count("GET /api/v1/auth/me"), CALLERS, "none is made in vain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_refresh_ends_the_session_for_all_who_wait() {
    let service = Service::start(Refreshes::AreRefused).await.refusing_the_first_token_together(CALLERS);
    let store = Arc::new(Store::default());
    let ada = resumed(&service, &store);
    for outcome in all_at_once(&ada).await {
        assert!(matches!(outcome, Err(Error::SessionEnded)), "{outcome:?}");
    }
    assert_eq!(service.count("POST /api/v1/auth/refresh"), 1);
    assert_eq!(store.events(), [Event::Cleared]);

    let calls = service.calls();
    assert!(matches!(ada.clone().me().await, Err(Error::SessionEnded)));
    ada.logout().await.expect("what has ended need not be ended");
    assert_eq!(service.calls(), calls, "there is nothing left to call with");
}

// On one thread, where who has hung up has gone on.
#[tokio::test]
async fn a_refresh_that_fails_fails_all_who_wait_and_the_next_call_tries_anew() {
    let service = Service::start(Refreshes::FailOnce).await.refusing_the_first_token_together(CALLERS);
    let service = service.holding_back("refresh");
    let store = Arc::new(Store::default());
    let ada = resumed(&service, &store);
    let (outcomes, ()) = tokio::join!(all_at_once(&ada), async {
        service.wait_for_ends_of("GET /api/v1/auth/me", CALLERS).await;
        service.release("refresh");
    });
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert!(matches!(error, Error::NotRenewed(_)), "{error:?}");
        assert_eq!(error.code(), Some(&Code::StoreUnavailable));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    }
    assert_eq!(service.count("POST /api/v1/auth/refresh"), 1);
    assert_eq!(store.events(), []);

    service.refuse_the_first_token_alone();
    ada.me().await.unwrap();
    assert_eq!(service.count("POST /api/v1/auth/refresh"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_whose_answer_is_lost_is_repeated_with_the_same_token() {
    let service = Service::start(Refreshes::LoseTheFirstAnswer).await;
    let ada = resumed(&service, &Arc::default());
    ada.me().await.unwrap();
    assert_eq!(service.spent(), [FIRST.refresh_token(), FIRST.refresh_token()]);
    ada.me().await.unwrap();
    assert_eq!(service.count("POST /api/v1/auth/refresh"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_goes_on_when_everybody_who_waits_for_it_is_dropped() {
    let service = Service::start(Refreshes::Succeed).await.holding_back("refresh");
    let store = Arc::new(Store::default());
    let ada = resumed(&service, &store);
    tokio::select! {
        _ = ada.me() => panic!("the answer to the refresh is held back"),
        () = service.wait_for("POST /api/v1/auth/refresh") => {}
    }
    assert_eq!(service.count("POST /api/v1/auth/refresh"), 1);

    service.release("refresh");
    store.wait_for(1).await;
    ada.me().await.unwrap();
    assert_eq!(service.count("POST /api/v1/auth/refresh"), 1, "its answer was not lost");
}

// On one thread, where who has hung up has gone on.
#[tokio::test]
async fn a_failure_that_nobody_waited_for_is_not_told_to_the_next_who_calls() {
    let service = Service::start(Refreshes::FailOnce).await.holding_back("refresh");
    let ada = resumed(&service, &Arc::default());
    tokio::select! {
        _ = ada.me() => panic!("the answer to the refresh is held back"),
        () = service.wait_for("POST /api/v1/auth/refresh") => {}
    }
    service.release("refresh");
    service.wait_for_ends_of("POST /api/v1/auth/refresh", 1).await;
    ada.me().await.unwrap();
    assert_eq!(service.count("POST /api/v1/auth/refresh"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_made_with_tokens_that_are_not_stored() {
    let service = Service::start(Refreshes::Succeed).await;
    let store = Arc::new(Store::default());
    store.fail_next();
    let ada = resumed(&service, &store);
    let error = ada.me().await.unwrap_err();
    assert!(matches!(error, Error::NotStored(_)), "{error:?}");
    assert_eq!(service.count("GET /api/v1/auth/me"), 1, "only with the token that was refused");

    ada.me().await.unwrap();
    assert_eq!(store.events(), [Event::Failed, Event::Stored(FIRST.next())]);
    assert_eq!(service.count("POST /api/v1/auth/refresh"), 1, "what was got is not got again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_that_meets_a_refresh_forgets_what_the_refresh_stores() {
    let service = Service::start(Refreshes::Succeed).await.holding_back("refresh").holding_back("logout");
    let store = Arc::new(Store::default());
    let ada = resumed(&service, &store);
    let (logged_out, refreshed, ()) = tokio::join!(ada.logout(), ada.me(), async {
        service.wait_for("POST /api/v1/auth/logout").await;
        service.wait_for("POST /api/v1/auth/refresh").await;
        service.release("logout");
        // Time for the logout to overtake, if it could.
        tokio::time::sleep(Duration::from_millis(200)).await;
        service.release("refresh");
    });
    logged_out.unwrap();
    drop(refreshed);
    assert_eq!(store.events(), [Event::Stored(FIRST.next()), Event::Cleared]);
    assert!(matches!(ada.me().await, Err(Error::SessionEnded)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_of_the_service_is_told_with_its_status() {
    let service = Service::start(Refreshes::Succeed).await;
    let client = Client::new(&format!("{}/elsewhere", service.url())).unwrap();
    let error = client.resume(first_tokens()).me().await.unwrap_err();
    assert!(matches!(error, Error::Unintelligible { status: 502, .. }), "{error:?}");
}
