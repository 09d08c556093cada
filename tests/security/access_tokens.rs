//! Access tokens that were not issued are not accepted (S30 to S33).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::{Server, ServerBuilder, claims};

const ME: &str = "/api/v1/auth/me";

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn header(token: &str) -> Value {
    let header = token.split('.').next().expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).expect("base64url")).expect("JSON")
}

async fn refused(server: &Server, token: &str) {
    server.get_as(token, ME).await.problem(401, "invalid_access_token");
}

#[tokio::test]
async fn s30_forged_headers_are_refused() {
    let server = Server::start().await;
    let signed_in = server.signed_in("user@example.com").await;
    let token = &signed_in.access_token;
    let (genuine, payload) = (header(token), token.split('.').nth(1).expect("three parts"));
    let signature = token.split('.').nth(2).expect("three parts");
    assert_eq!((&genuine["alg"], &genuine["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
    let with = |member: &str, value: Value| {
        let mut header = genuine.clone();
        header[member] = value;
        part(&header)
    };
    for forged in [
        with("alg", json!("none")),
        with("alg", json!("HS256")),
        with("alg", json!("RS256")),
        with("kid", json!("unknown")),
        with("kid", json!("../../../../dev/null")),
        with("typ", json!("JWT")),
        with("jwk", json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" })),
        with("jku", json!("https://evil.example.net/jwks.json")),
        with("x5u", json!("https://evil.example.net/cert.pem")),
        with("crit", json!(["exp"])),
    ] {
        refused(&server, &format!("{forged}.{payload}.{signature}")).await;
        refused(&server, &format!("{forged}.{payload}.")).await;
    }
    server.get_as(token, ME).await.json(200);
}

#[tokio::test]
async fn s31_other_claims_and_other_tokens_are_refused() {
    let server = Server::start().await;
    let signed_in = server.signed_in("user@example.com").await;
    let token = &signed_in.access_token;
    let genuine = claims(token);
    for member in
        ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp", "roles", "permissions", "email_verified"]
    {
        assert!(genuine.get(member).is_some(), "{member}: {genuine}");
    }
    assert_eq!(genuine["sub"], json!(signed_in.user_id));
    assert_eq!(genuine["iss"], json!(server.url()));
    let parts: Vec<_> = token.split('.').collect();
    for (member, value) in
        [("exp", json!(99_999_999_999_u64)), ("roles", json!(["admin"])), ("sub", json!("someone else"))]
    {
        let mut changed = genuine.clone();
        changed[member] = value;
        refused(&server, &format!("{}.{}.{}", parts[0], part(&changed), parts[2])).await;
    }
    refused(&server, &signed_in.refresh_token).await;

    let elsewhere = Server::start().await;
    let foreign = elsewhere.signed_in("user@example.com").await;
    refused(&server, &foreign.access_token).await;
}

#[tokio::test]
async fn s32_another_spelling_of_a_token_is_refused() {
    let server = Server::start().await;
    let signed_in = server.signed_in("user@example.com").await;
    let token = &signed_in.access_token;
    let parts: Vec<_> = token.split('.').collect();
    let padded: Vec<_> = parts.iter().map(|part| format!("{part}=")).collect();
    for other in [
        format!("{token}="),
        format!("{token}."),
        format!("{token}A"),
        token[..token.len() - 1].to_owned(),
        padded.join("."),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}..{}", parts[0], parts[2]),
        format!("{}.{}.{}.", parts[0], parts[1], parts[2]),
        token.to_uppercase(),
        format!("{}.{} .{}", parts[0], parts[1], parts[2]),
    ] {
        refused(&server, &other).await;
    }
    server.get_as(token, ME).await.json(200);
}

fn key_ids(key_set: &Value) -> Vec<String> {
    let keys = key_set["keys"].as_array().expect("keys");
    for key in keys {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private}: {key}");
        }
    }
    keys.iter().map(|key| key["kid"].as_str().expect("kid").to_owned()).collect()
}

#[tokio::test]
async fn s33_a_key_is_published_before_it_signs_and_verifies_until_its_last_token_expires() {
    let server =
        ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_ACCESS_TOKEN_TTL", "20m").start().await;
    let signed_in = server.signed_in("user@example.com").await;
    let first = header(&signed_in.access_token)["kid"].as_str().expect("kid").to_owned();

    assert!(server.command(&["keys", "rotate"]).output().expect("the binary runs").status.success());
    let mut published = server.get("/.well-known/jwks.json").await;
    for _ in 0..300 {
        if key_ids(&published.json(200)).len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        published = server.get("/.well-known/jwks.json").await;
    }
    assert_eq!(published.header("cache-control"), Some("public, max-age=300"));
    let announced = key_ids(&published.json(200));
    assert_eq!(announced.len(), 2);
    assert!(announced.contains(&first));
    let refreshed = server.refreshed(&signed_in).await;
    assert_eq!(header(&refreshed.access_token)["kid"], json!(first), "the next key does not sign yet");

    let rotated = server.command(&["keys", "rotate", "--now"]).output().expect("the binary runs");
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let mut latest = refreshed.clone();
    for _ in 0..300 {
        latest = server.refreshed(&latest).await;
        if header(&latest.access_token)["kid"] != json!(first) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let kid = header(&latest.access_token)["kid"].as_str().expect("kid").to_owned();
    assert!(!announced.contains(&kid), "the key that signs at once is the newest");
    server.get_as(&refreshed.access_token, ME).await.json(200);
    server.get_as(&latest.access_token, ME).await.json(200);
}

#[tokio::test]
async fn access_tokens_can_be_signed_for_verifiers_that_lack_eddsa() {
    for algorithm in ["ES256", "RS256"] {
        let server = ServerBuilder::new()
            .with_cheap_hashes()
            .with("PORTCULLIS_JWT_ALGORITHM", algorithm)
            .start()
            .await;
        let signed_in = server.signed_in("user@example.com").await;
        assert_eq!(header(&signed_in.access_token)["alg"], algorithm);
        server.get_as(&signed_in.access_token, ME).await.json(200);
        let key_set = server.get("/.well-known/jwks.json").await.json(200);
        assert_eq!(key_set["keys"][0]["alg"], algorithm);
    }
}

#[tokio::test]
async fn an_expired_access_token_is_refused_and_its_session_can_be_refreshed() {
    let server =
        ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_ACCESS_TOKEN_TTL", "1s").start().await;
    let signed_in = server.signed_in("user@example.com").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    refused(&server, &signed_in.access_token).await;
    server.refresh(&signed_in.refresh_token).await.json(200);
}
