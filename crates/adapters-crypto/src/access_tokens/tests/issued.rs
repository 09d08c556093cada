use portcullis_domain::ports::{ClaimName, ClaimValue};
use portcullis_domain::{Permissions, Role};

use super::*;

#[tokio::test]
async fn a_token_says_what_its_claims_say() {
    for algorithm in ALGORITHMS {
        let service = Service::start(algorithm).await;
        let token = service.issue(NOW).await;
        let parts: Vec<_> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        assert_eq!(decoded(parts[0]), service.header());
        assert_eq!(decoded(parts[1]), payload());
        assert!(service.accepts(&token, NOW).await);
    }
}

#[tokio::test]
async fn what_an_application_adds_stands_beside_the_other_claims() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let mut claims = claims(NOW);
    claims.added = [
        (ClaimName::new("https://example.com/tenant"), ClaimValue::from("acme")),
        (ClaimName::new("level"), ClaimValue::from(-3)),
        (ClaimName::new("vip"), ClaimValue::from(true)),
        (ClaimName::new("teams"), ["red", "blue"].into_iter().collect()),
    ]
    .into();
    let token = service.access_tokens.issue(&claims).await.expect("a token");
    let mut expected = payload();
    expected["https://example.com/tenant"] = json!("acme");
    expected["level"] = json!(-3);
    expected["vip"] = json!(true);
    expected["teams"] = json!(["red", "blue"]);
    assert_eq!(decoded(token.split('.').nth(1).expect("a payload")), expected);
    assert!(service.accepts(&token, NOW).await);
}

#[tokio::test]
async fn what_would_be_refused_for_its_length_is_not_issued() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let issued = async |octets: usize| {
        let padding = (ClaimName::new("padding"), ClaimValue::from("x".repeat(octets).as_str()));
        service.access_tokens.issue(&AccessClaims { added: [padding].into(), ..claims(NOW) }).await
    };
    assert!(service.accepts(&issued(11_000).await.expect("a token"), NOW).await);
    let error = issued(12_000).await.expect_err("nobody would accept it");
    assert!(!error.is_unavailable());
}

#[tokio::test]
async fn all_that_roles_may_name_has_room_beside_many_roles_and_claims() {
    for algorithm in ALGORITHMS {
        let service = Service::start(algorithm).await;
        let named = Role::MAX_NAMED_OCTETS / r#""n:0123456789","#.len();
        let named =
            (0..named).map(|number| Permission::parse(&format!("n:{number:010}")).expect("a permission"));
        let roles = (0..30).map(|number| RoleName::parse(&format!("{number:064}")).expect("a name"));
        let added =
            (ClaimName::new("https://example.com/tenant"), ClaimValue::from("x".repeat(512).as_str()));
        let claims = AccessClaims {
            roles: roles.collect(),
            permissions: Permissions::every(named).iter().cloned().collect(),
            added: [added].into(),
            ..claims(NOW)
        };
        let token = service.access_tokens.issue(&claims).await.expect("a token");
        assert!(service.accepts(&token, NOW).await);
    }
}

#[tokio::test]
async fn no_claim_of_an_application_can_have_the_name_of_one_of_ours() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let token = service.issue(NOW).await;
    let ours = decoded(token.split('.').nth(1).expect("a payload"));
    for name in ours.as_object().expect("claims").keys() {
        assert!(ClaimName::RESERVED.contains(&name.as_str()), "{name} could be written twice");
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_issued() {
    let store = Arc::new(Store::default());
    let tokens = JwtAccessTokens::new(load(&store).await, ISSUER, AUDIENCE);
    let error = tokens.issue(&claims(NOW)).await.expect_err("no key");
    assert!(!error.is_unavailable());
}

#[tokio::test]
async fn the_first_key_signs_as_soon_as_it_is_made() {
    let store = Arc::new(Store::default());
    let tokens = JwtAccessTokens::new(load(&store).await, ISSUER, AUDIENCE);
    store.rotate(SigningAlgorithm::EdDsa, NOW, NOW).await;
    assert!(tokens.issue(&claims(NOW)).await.is_ok());
}

/// What another service would do that knows nothing but the published keys.
#[tokio::test]
async fn a_third_party_verifies_a_token_with_the_published_keys() {
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};

    for algorithm in ALGORITHMS {
        let service = Service::start(algorithm).await;
        let token = service.issue(NOW).await;
        let published = service.access_tokens.public_keys(NOW).await.expect("the store works");
        let keys: JwkSet = serde_json::from_str(&published).expect("a JWK Set");

        let header = decode_header(token.as_bytes()).expect("a header");
        let key = keys.find(&header.kid.expect("a kid")).expect("a published key");
        let mut validation = Validation::new(algorithm.name().parse().expect("an algorithm"));
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        let key = DecodingKey::from_jwk(key).expect("a public key");
        let verified = decode::<Value>(token.as_bytes(), &key, &validation).expect("a valid token");
        assert_eq!(verified.claims, payload());
    }
}

#[tokio::test]
async fn published_keys_have_no_private_part() {
    for (algorithm, public) in ALGORITHMS.into_iter().zip([
        &["alg", "crv", "kid", "kty", "use", "x"][..],
        &["alg", "crv", "kid", "kty", "use", "x", "y"],
        &["alg", "e", "kid", "kty", "n", "use"],
    ]) {
        let service = Service::start(algorithm).await;
        let published: Value =
            serde_json::from_str(&service.access_tokens.public_keys(NOW).await.expect("the store works"))
                .expect("JSON");
        let mut members: Vec<_> = published["keys"][0].as_object().expect("a key").keys().collect();
        members.sort();
        assert_eq!(members, public);
        assert_eq!(published["keys"].as_array().map(Vec::len), Some(1));
    }
}
