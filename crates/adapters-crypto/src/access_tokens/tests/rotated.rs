use super::*;

const ANNOUNCED: Duration = Duration::from_mins(10);

async fn published(service: &Service, now: Timestamp) -> Vec<String> {
    let keys = service.access_tokens.public_keys(now).await.expect("the store works");
    let keys: Value = serde_json::from_str(&keys).expect("JSON");
    let keys = keys["keys"].as_array().expect("keys").iter();
    keys.map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

fn kid(token: &str) -> String {
    let header = decoded(token.split('.').next().expect("a header"));
    header["kid"].as_str().expect("a kid").to_owned()
}

#[tokio::test]
async fn a_key_is_published_before_it_signs_and_the_old_one_verifies_to_the_end() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let old = service.key.record.id.clone();
    let signs_from = NOW + ANNOUNCED;
    let new = service.store.rotate(SigningAlgorithm::Es256, NOW, signs_from).await;

    let soon = NOW + Duration::from_secs(5);
    assert_eq!(published(&service, soon).await, [old.as_str(), new.as_str()]);
    assert_eq!(kid(&service.issue(soon).await), old.as_str());

    let last_of_old = service.issue(signs_from - SECOND).await;
    assert_eq!(kid(&last_of_old), old.as_str());
    let first_of_new = service.issue(signs_from).await;
    assert_eq!(kid(&first_of_new), new.as_str());

    let end_of_old = signs_from + LIFETIME;
    assert!(service.accepts(&last_of_old, end_of_old - SECOND * 2).await);
    assert_eq!(published(&service, end_of_old - SECOND).await, [old.as_str(), new.as_str()]);
    assert_eq!(published(&service, end_of_old).await, [new.as_str()]);
}

#[tokio::test]
async fn a_token_does_not_outlive_its_key_even_when_it_is_remembered() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let token = service.issue(NOW).await;
    assert!(service.accepts(&token, NOW).await);
    let until = NOW + Duration::from_secs(20);
    service.store.keys()[0].verifies_until = Some(until);
    assert!(service.accepts(&token, until - SECOND).await);
    assert!(!service.accepts(&token, until).await);
    assert!(!service.accepts(&service.with_claim("new", Some(json!(1))), until).await);
}

#[tokio::test]
async fn a_key_that_is_taken_away_stops_verifying_within_seconds() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let token = service.issue(NOW).await;
    assert!(service.accepts(&token, NOW).await);
    service.store.rotate(SigningAlgorithm::EdDsa, NOW, NOW).await;
    service.store.keys().remove(0);
    assert!(service.accepts(&token, NOW + SECOND * 4).await);
    assert!(!service.accepts(&token, NOW + SECOND * 5).await);
}

#[tokio::test]
async fn a_key_whose_time_has_not_come_is_refused_beyond_the_leeway() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    service.store.rotate(SigningAlgorithm::EdDsa, NOW, NOW + ANNOUNCED).await;
    let ring = load(&service.store).await;
    let key = ring.signing(NOW + ANNOUNCED).await.expect("the store works").expect("a key");
    let eager =
        Service { key, access_tokens: JwtAccessTokens::new(ring, ISSUER, AUDIENCE), store: Arc::default() };
    let token = eager.with_claim("new", Some(json!(1)));
    assert!(!service.accepts(&token, NOW + ANNOUNCED - LEEWAY - SECOND).await);
    assert!(service.accepts(&token, NOW + ANNOUNCED - LEEWAY).await);
}

#[tokio::test]
async fn a_key_that_another_process_made_verifies_at_once() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    service.store.rotate(SigningAlgorithm::EdDsa, NOW, NOW).await;
    let elsewhere = JwtAccessTokens::new(load(&service.store).await, ISSUER, AUDIENCE);
    let token = elsewhere.issue(&claims(NOW)).await.expect("the store works");
    assert_ne!(kid(&token), service.key.record.id.as_str());
    assert!(service.accepts(&token, NOW).await);
}

#[tokio::test]
async fn a_key_that_another_process_made_signs_within_seconds_and_on_refresh_at_once() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let old = service.key.record.id.clone();
    let new = service.store.rotate(SigningAlgorithm::EdDsa, NOW, NOW).await;
    assert_eq!(kid(&service.issue(NOW + SECOND * 4).await), old.as_str());
    assert_eq!(kid(&service.issue(NOW + SECOND * 5).await), new.as_str());

    let newest = service.store.rotate(SigningAlgorithm::EdDsa, NOW, NOW + SECOND * 5).await;
    service.access_tokens.ring.refresh(NOW + SECOND * 5).await.expect("the store works");
    assert_eq!(kid(&service.issue(NOW + SECOND * 5).await), newest.as_str());
}
