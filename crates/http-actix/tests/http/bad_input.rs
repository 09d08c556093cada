use reqwest::Method;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::service::{PASSWORD, Reply, Service};

const REGISTER: &str = "/api/v1/auth/register";

async fn post_octets(service: &Service, media_type: &str, body: impl Into<reqwest::Body>) -> Reply {
    let request = service.request(Method::POST, REGISTER).header(CONTENT_TYPE, media_type).body(body);
    service.send(request).await
}

#[tokio::test]
async fn what_is_not_json_is_malformed() {
    let service = Service::start();
    let deep = format!(r#"{{"email": {}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let bodies: [&[u8]; 16] = [
        b"",
        b"   ",
        b"{",
        b"email=ada@example.com",
        br#"{"email": "ada@example.com"} trailing"#,
        br#"{"email": "ada@example.com"}{}"#,
        br#"{"email": "ada@example.com",}"#,
        br#"{"email": "a@example.com", "email": "b@example.com"}"#,
        br#"{"email": "a@example.com", "\u0065mail": "b@example.com"}"#,
        br#"{"unknown": {"deep": [{"key": 1, "key": 1}]}}"#,
        br#"{"email": "\ud800"}"#,
        b"{\"email\": \"a\nb\"}",
        b"{\"email\": \"\xff\xfe\"}",
        b"\xef\xbb\xbf{}",
        br#"{"email": NaN}"#,
        deep.as_bytes(),
    ];
    for body in bodies {
        let reply = post_octets(&service, "application/json", body.to_vec()).await;
        assert_eq!(reply.problem(), "400 malformed_body", "{}", String::from_utf8_lossy(body));
    }
}

#[tokio::test]
async fn json_of_another_shape_fails_validation() {
    let service = Service::start();
    for body in ["null", "true", "1", "\"text\"", "[]", r#"[{"email": "ada@example.com"}]"#] {
        let reply = post_octets(&service, "application/json", body).await;
        assert_eq!(reply.faults(), "body invalid", "{body}");
    }
    let email_values =
        [json!(1), json!(true), json!(["ada@example.com"]), json!({"address": "ada@example.com"})];
    for email in email_values {
        let reply = service.post(REGISTER, json!({"email": email, "password": PASSWORD})).await;
        assert_eq!(reply.faults(), "email invalid");
    }
}

#[tokio::test]
async fn every_fault_is_told_at_once() {
    let service = Service::start();
    assert_eq!(service.post(REGISTER, json!({})).await.faults(), "email required, password required");
    let nulls = json!({"email": null, "password": null});
    assert_eq!(service.post(REGISTER, nulls).await.faults(), "email required, password required");
    let body = json!({
        "email": "nobody", "password": "short", "username": "x", "name": "", "first_name": 1,
        "last_name": "x".repeat(256),
    });
    assert_eq!(
        service.post(REGISTER, body).await.faults(),
        "email invalid, password too_short, username too_short, name too_short, first_name invalid, last_name too_long"
    );
}

#[tokio::test]
async fn an_address_is_one_address() {
    let service = Service::start();
    let long = format!("{}@{}.com", "a".repeat(64), "b".repeat(63).repeat(4));
    for (email, fault) in [
        ("", "email invalid"),
        ("ada", "email invalid"),
        ("ada@", "email invalid"),
        ("@example.com", "email invalid"),
        ("ada@localhost", "email invalid"),
        ("ada@example.com\r\nBcc: eve@example.com", "email invalid"),
        ("ada@example.com\n", ""),
        ("ada@example.com,eve@example.com", "email invalid"),
        ("ada@example.com;eve@example.com", "email invalid"),
        ("ada@example.com\u{0}", "email invalid"),
        ("a\u{0}da@example.com", "email invalid"),
        ("Ada <ada@example.com>", "email invalid"),
        ("ada@exam ple.com", "email invalid"),
        ("ada@exa\u{202e}mple.com", "email invalid"),
        (long.as_str(), "email invalid"),
    ] {
        let reply = service.post(REGISTER, json!({"email": email, "password": PASSWORD})).await;
        if fault.is_empty() {
            assert_eq!(reply.status, 201, "white space around an address is trimmed");
        } else {
            assert_eq!(reply.faults(), fault, "{email:?}");
        }
    }
}

#[tokio::test]
async fn control_characters_belong_to_passwords_only() {
    let service = Service::start();
    let body = json!({"email": "a@example.com", "password": PASSWORD, "name": "A\u{0}da"});
    assert_eq!(service.post(REGISTER, body).await.faults(), "name invalid");
    let body = json!({"email": "a@example.com", "password": "pass\u{0}word\u{7}\n", "username": "a\u{0}da"});
    assert_eq!(service.post(REGISTER, body).await.faults(), "username invalid");
    let body = json!({"email": "a@example.com", "password": " pass\u{0}word\u{7}\n "});
    assert_eq!(service.post(REGISTER, body).await.status, 201);
}

#[tokio::test]
async fn a_password_is_refused_by_its_length_unhashed() {
    let service = Service::start();
    let body = json!({"email": "a@example.com", "password": "x".repeat(60_000)});
    assert_eq!(service.post(REGISTER, body).await.faults(), "password too_long");
    let body = json!({"email": "a@example.com", "password": "x".repeat(1024 * 1024)});
    assert_eq!(service.post(REGISTER, body).await.problem(), "413 payload_too_large");
    assert_eq!(service.hasher.hashes(), 0);
}

#[tokio::test]
async fn bodies_end_at_64_kib_whether_or_not_they_say_so() {
    let service = Service::start();
    let body = |octets: usize| {
        let shell = r#"{"email":"ada@example.com","padding":""}"#;
        shell.replace("\"\"}", &format!("\"{}\"}}", "x".repeat(octets - shell.len())))
    };
    let fits = body(64 * 1024);
    assert_eq!(fits.len(), 64 * 1024);
    assert_eq!(post_octets(&service, "application/json", fits.clone()).await.faults(), "password required");
    let over = body(64 * 1024 + 1);
    assert_eq!(
        post_octets(&service, "application/json", over.clone()).await.problem(),
        "413 payload_too_large"
    );
    for (body, status) in [(fits, "422"), (over, "413")] {
        let head = format!(
            "POST {REGISTER} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n\
             Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        let answer = service.send_raw(head.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
}

#[tokio::test]
async fn a_body_is_one_of_json_in_utf_8() {
    let service = Service::start();
    let body = json!({"email": "ada@example.com", "password": "short"}).to_string();
    for media_type in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=\"UTF-8\"",
        "application/json; profile=anything",
    ] {
        assert_eq!(
            post_octets(&service, media_type, body.clone()).await.faults(),
            "password too_short",
            "{media_type}"
        );
    }
    for media_type in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/problem+json",
        "application/jsonp",
        "application/json; charset=iso-8859-1",
        "application/json, text/plain",
        "nonsense",
    ] {
        let reply = post_octets(&service, media_type, body.clone()).await;
        assert_eq!(reply.problem(), "415 unsupported_media_type", "{media_type}");
    }
    let none = service.request(Method::POST, REGISTER).body(body.clone());
    assert_eq!(service.send(none).await.problem(), "415 unsupported_media_type");
    let twice = service
        .request(Method::POST, REGISTER)
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .body(body.clone());
    assert_eq!(service.send(twice).await.problem(), "415 unsupported_media_type");
    let compressed = service
        .request(Method::POST, REGISTER)
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_ENCODING, "gzip")
        .body(body);
    assert_eq!(service.send(compressed).await.problem(), "415 unsupported_media_type");
}

#[tokio::test]
async fn unknown_fields_are_ignored_whatever_they_hold() {
    let service = Service::start();
    let body = json!({
        "email": "ada@example.com", "password": PASSWORD, "": 1, "extra": {"a": [1.5e300, -1, null]},
        "Email": "eve@example.com", "__proto__": {"admin": true},
    });
    let reply = service.post(REGISTER, body).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.json()["email"], "ada@example.com");
}

#[tokio::test]
async fn no_answer_repeats_what_was_sent() {
    let service = Service::start();
    let marked = "Zx7Zx7Zx7";
    let bodies: [Value; 3] = [
        json!({"email": format!("{marked},"), "password": marked.repeat(20), "username": format!("1{marked}")}),
        json!({"email": "ada@example.com", "password": marked, "name": format!("{marked}\u{0}")}),
        json!([marked]),
    ];
    for body in bodies {
        let reply = service.post(REGISTER, body).await;
        assert_eq!(reply.status, 422);
        assert!(!reply.text.contains(marked), "{}", reply.text);
    }
    let reply = service.get(&format!("/{marked}?{marked}={marked}")).await;
    assert_eq!(reply.problem(), "404 not_found");
    assert!(!reply.text.contains(marked));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_answered_or_dropped() {
    let service = Service::start();
    let head = format!(
        "POST {REGISTER} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"email\""
    );
    let mut stream = tokio::net::TcpStream::connect(service.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await.unwrap();
    drop(stream);
    assert_eq!(service.get("/health/live").await.status, 200, "the worker lives on");
}
