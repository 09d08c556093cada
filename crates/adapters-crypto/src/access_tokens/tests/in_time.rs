use super::*;

const EXPIRY: Timestamp = Timestamp::from_unix_micros(1_800_001_800_000_000);
const MICROSECOND: Duration = Duration::from_micros(1);

#[tokio::test]
async fn a_token_expires_exactly_at_exp() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let token = service.issue(NOW).await;
    // Twice: the second time the token is remembered.
    for _ in 0..2 {
        assert!(service.accepts(&token, EXPIRY - MICROSECOND).await);
        assert!(!service.accepts(&token, EXPIRY).await);
        assert!(!service.accepts(&token, EXPIRY + SECOND).await);
    }
    let never_seen_alive = service.with_claim("new", Some(json!(1)));
    assert!(!service.accepts(&never_seen_alive, EXPIRY).await);
}

#[tokio::test]
async fn iat_and_nbf_may_lie_60_seconds_ahead() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    for name in ["iat", "nbf"] {
        let token = service.with_claim(name, Some(json!(1_800_000_060)));
        assert!(service.accepts(&token, NOW).await, "{name}");
        assert!(!service.accepts(&token, NOW - SECOND).await, "{name}");
        let token = service.with_claim(name, Some(json!(1_800_000_061)));
        assert!(!service.accepts(&token, NOW).await, "{name}");
        assert!(service.accepts(&token, NOW + SECOND).await, "{name}");
    }
}

#[tokio::test]
async fn hostile_times_do_not_overflow() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    for extreme in [i64::MIN, i64::MAX] {
        for name in ["iat", "nbf", "exp"] {
            let accepted = service.accepts(&service.with_claim(name, Some(json!(extreme))), NOW).await;
            assert_eq!(accepted, (name == "exp") == (extreme > 0), "{name} {extreme}");
        }
    }
}
