use super::*;

#[tokio::test]
async fn alg_none() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let header = replaced(service.header(), "alg", Some(json!("none"))).to_string();
    let unsigned = signing_input(&header, &payload().to_string());
    assert!(!service.accepts(&format!("{unsigned}."), NOW).await);
    assert!(!service.accepts(&unsigned, NOW).await);
    assert!(!service.accepts(&service.with_header("alg", Some(json!("none"))), NOW).await);
}

#[tokio::test]
async fn hs256_keyed_with_the_public_key() {
    for algorithm in ALGORITHMS {
        let service = Service::start(algorithm).await;
        let header = replaced(service.header(), "alg", Some(json!("HS256"))).to_string();
        let input = signing_input(&header, &payload().to_string());
        let jwk = serde_json::to_value(service.key.pair.public_jwk()).expect("JSON");
        let number = jwk.get("x").or(jwk.get("n")).and_then(Value::as_str).expect("a public number");
        for public in [URL_SAFE_NO_PAD.decode(number).expect("base64url"), jwk.to_string().into_bytes()] {
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), input.as_bytes());
            let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag));
            assert!(!service.accepts(&token, NOW).await);
        }
    }
}

#[tokio::test]
async fn an_algorithm_that_is_not_the_keys() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    for alg in ["ES256", "RS256", "eddsa", "Ed25519", ""] {
        assert!(!service.accepts(&service.with_header("alg", Some(json!(alg))), NOW).await, "{alg:?}");
    }
}

#[tokio::test]
async fn headers_that_bring_a_key_or_ask_for_more() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let jwk = serde_json::to_value(service.key.pair.public_jwk()).expect("JSON");
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://attacker.example/jwks.json")),
        ("x5u", json!("https://attacker.example/chain.pem")),
        ("x5c", json!(["MII"])),
        ("crit", json!(["exp"])),
    ] {
        assert!(!service.accepts(&service.with_header(name, Some(value)), NOW).await, "{name}");
    }
}

#[tokio::test]
async fn a_token_of_another_installation() {
    let (service, other) =
        (Service::start(SigningAlgorithm::EdDsa).await, Service::start(SigningAlgorithm::EdDsa).await);
    assert!(!service.accepts(&other.issue(NOW).await, NOW).await, "its kid is unknown here");
    let disguised = other.sign(&service.header().to_string(), &payload().to_string());
    assert!(!service.accepts(&disguised, NOW).await, "its key is not that of the kid");
}

#[tokio::test]
async fn a_missing_or_strange_kid_or_typ() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    for member in ["alg", "typ", "kid"] {
        assert!(!service.accepts(&service.with_header(member, None), NOW).await, "{member} missing");
        assert!(
            !service.accepts(&service.with_header(member, Some(json!(1))), NOW).await,
            "{member} a number"
        );
    }
    for typ in ["JWT", "jwt", "AT+JWT", "application/at+jwt", "at+jwt ", ""] {
        assert!(!service.accepts(&service.with_header("typ", Some(json!(typ))), NOW).await, "{typ:?}");
    }
    assert!(!service.accepts(&service.with_header("kid", Some(json!("../../dev/null"))), NOW).await);
}

#[tokio::test]
async fn another_issuer_or_audience() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    assert!(service.accepts(&service.with_claim("iss", Some(json!(ISSUER))), NOW).await);
    for name in ["iss", "aud"] {
        for value in [
            json!("https://elsewhere.example.org"),
            json!(format!("{}/", if name == "iss" { ISSUER } else { AUDIENCE })),
            json!([ISSUER, AUDIENCE]),
            json!([AUDIENCE]),
            json!(null),
        ] {
            assert!(!service.accepts(&service.with_claim(name, Some(value)), NOW).await, "{name}");
        }
        assert!(!service.accepts(&service.with_claim(name, None), NOW).await, "{name} missing");
    }
}

#[tokio::test]
async fn times_that_are_missing_strings_or_floats() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    for name in ["exp", "nbf", "iat"] {
        let good = payload()[name].as_i64().expect("a number");
        assert!(!service.accepts(&service.with_claim(name, None), NOW).await, "{name} missing");
        for value in [
            json!(good.to_string()),
            serde_json::from_str(&format!("{good}.0")).expect("a float"),
            serde_json::from_str(&format!("{good}e0")).expect("a float"),
            json!(null),
            json!(true),
            json!([good]),
            json!(u64::MAX),
        ] {
            let token = service.with_claim(name, Some(value.clone()));
            assert!(!service.accepts(&token, NOW).await, "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn ids_that_are_missing_or_no_uuids() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    for name in ["sub", "sid", "jti"] {
        assert!(!service.accepts(&service.with_claim(name, None), NOW).await, "{name} missing");
        for value in [json!("admin"), json!(""), json!(1), json!(null)] {
            let token = service.with_claim(name, Some(value.clone()));
            assert!(!service.accepts(&token, NOW).await, "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn members_that_stand_there_twice() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let (header, payload) = (service.header().to_string(), payload().to_string());
    let twice = |object: &str, member: &str| format!("{{{member},{}", &object[1..]);
    assert!(service.accepts(&service.sign(&header, &twice(&payload, r#""new":1"#)), NOW).await);
    for member in [r#""typ":"at+jwt""#, r#""alg":"none""#] {
        assert!(!service.accepts(&service.sign(&twice(&header, member), &payload), NOW).await, "{member}");
    }
    for member in [r#""exp":1900000000"#, r#""sub":"x""#, r#""roles":["admin"]"#, r#""new":1,"new":1"#] {
        assert!(!service.accepts(&service.sign(&header, &twice(&payload, member)), NOW).await, "{member}");
    }
}

#[tokio::test]
async fn parts_that_are_no_json_objects() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let (header, payload) = (service.header(), payload().to_string());
    let values: Vec<_> = ["alg", "typ", "kid"].iter().map(|name| &header[*name]).collect();
    for odd in
        [json!(values).to_string(), "null".into(), "\"text\"".into(), String::new(), format!("{header}x")]
    {
        assert!(!service.accepts(&service.sign(&odd, &payload), NOW).await, "header {odd}");
    }
    let header = header.to_string();
    for odd in ["[]", "null", "1", "", "{", "\u{feff}{}"] {
        assert!(!service.accepts(&service.sign(&header, odd), NOW).await, "payload {odd}");
    }
}

#[tokio::test]
async fn every_other_spelling_of_an_issued_token() {
    for algorithm in ALGORITHMS {
        let service = Service::start(algorithm).await;
        let token = service.issue(NOW).await;
        let token = token.as_str();
        let parts: Vec<_> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!("three parts") };
        let padded = |part: &str| URL_SAFE.encode(URL_SAFE_NO_PAD.decode(part).expect("base64url"));
        let spellings = [
            format!("{token}="),
            format!("{token}."),
            format!(".{token}"),
            format!(" {token}"),
            format!("{token}\n"),
            format!("{token}A"),
            format!("{token}.{header}"),
            token[..token.len() - 1].to_owned(),
            token[1..].to_owned(),
            format!("{header}.{payload}"),
            format!("{header}.{payload}."),
            format!("{header}..{signature}"),
            format!("{header}=.{payload}.{signature}"),
            format!("{header}.{payload}=.{signature}"),
            format!("{header}.{payload}.{signature}=="),
            format!("{header}.{payload}.{}", trailing_bits_set(signature)),
            format!("{header}.{payload}.{}", signature.replace('-', "+").replace('_', "/") + "+"),
            format!("Bearer {token}"),
            token.to_uppercase(),
            String::new(),
            "..".to_owned(),
            "....".to_owned(),
        ];
        for spelling in spellings.into_iter().chain([padded(signature)]) {
            assert_ne!(spelling, token);
            assert!(!service.accepts(&spelling, NOW).await, "{algorithm}: {spelling}");
        }
        assert!(service.accepts(token, NOW).await);
    }
}

/// The same octets for a decoder that overlooks the bits that the last character has too many.
fn trailing_bits_set(part: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = part.split_at(part.len() - 1);
    assert_ne!(part.len() % 4, 0, "the last character has bits to spare");
    let value = ALPHABET.find(last).expect("base64url");
    format!("{rest}{}", &ALPHABET[value + 1..=value + 1])
}

#[tokio::test]
async fn a_token_with_any_one_character_changed() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let token = service.issue(NOW).await;
    for position in 0..token.len() {
        let other = if &token[position..=position] == "A" { "B" } else { "A" };
        let changed = format!("{}{other}{}", &token[..position], &token[position + 1..]);
        assert!(!service.accepts(&changed, NOW).await, "character {position}");
    }
}

#[tokio::test]
async fn a_token_that_is_too_long_to_look_at() {
    let service = Service::start(SigningAlgorithm::EdDsa).await;
    let long = |octets: usize| service.with_claim("padding", Some(json!("x".repeat(octets))));
    let fitting = long(11_000);
    assert!(fitting.len() <= MAX_TOKEN_OCTETS);
    assert!(service.accepts(&fitting, NOW).await);
    assert!(!service.accepts(&long(12_000), NOW).await);
    assert!(!service.accepts(&".".repeat(1 << 20), NOW).await);
}
