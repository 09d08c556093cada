use super::*;

#[tokio::test]
async fn tokens_do_not_cost_a_read_each() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let reads = service.store.reads();
    for _ in 0..100 {
        let token = service.issue(NOW).await;
        assert!(service.accepts(&token, NOW).await);
        service.access_tokens.public_keys(NOW).await.expect("the store works");
    }
    assert_eq!(service.store.reads(), reads);
}

#[tokio::test]
async fn forged_kids_cost_a_read_a_second_at_most() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let reads = service.store.reads();
    for number in 0..100 {
        let forged = service.with_header("kid", Some(json!(format!("forged-{number}"))));
        assert!(!service.accepts(&forged, NOW).await);
    }
    assert_eq!(service.store.reads(), reads + 1);
    let forged = service.with_header("kid", Some(json!("forged")));
    assert!(!service.accepts(&forged, NOW + SECOND).await);
    assert_eq!(service.store.reads(), reads + 2);
}

#[tokio::test]
async fn an_unavailable_store_leaves_the_known_keys_in_use() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    service.store.fail_with(Some(StorageError::unavailable));
    let later = NOW + Duration::from_mins(5);
    let token = service.issue(later).await;
    assert!(service.accepts(&token, later).await);
    assert!(service.access_tokens.public_keys(later).await.is_ok());

    service.store.fail_with(None);
    let new = service.store.rotate(SigningAlgorithm::EdDsa, later, later).await;
    let token = service.issue(later + SECOND * 5).await;
    assert_eq!(decoded(token.split('.').next().expect("a header"))["kid"], new.as_str());
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_not_called_invalid() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    service.store.fail_with(Some(StorageError::unavailable));
    let outcome = service.access_tokens.verify(&service.with_header("kid", Some(json!("new"))), NOW).await;
    assert!(matches!(outcome, Err(AccessTokenError::Storage(error)) if error.is_unavailable()));
}

#[tokio::test]
async fn a_broken_store_is_an_error() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    service.store.fail_with(Some(StorageError::broken));
    assert!(service.access_tokens.issue(&claims(NOW + SECOND * 5)).await.is_err());
}

#[tokio::test]
async fn another_secret_key_is_found_at_the_start() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let id = service.key.record.id.clone();
    let outcome = KeyRing::load(service.store, &secret(2), NOW).await;
    assert!(matches!(outcome, Err(KeyRingError::WrongSecretKey(wrong)) if wrong == id));
}

#[tokio::test]
async fn a_key_under_another_secret_key_is_an_error_and_not_passed_over() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let foreign = SealingKeyFactory::new(&secret(2)).generate(SigningAlgorithm::EdDsa, NOW, NOW);
    service.store.keys().push(foreign);
    let error =
        service.access_tokens.issue(&claims(NOW + SECOND * 5)).await.expect_err("it cannot be opened");
    assert!(!error.is_unavailable());
}
