//! Where a request came from, as the list of sessions shows it.

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, Server, ServerBuilder};

const EMAIL: &str = "user@example.com";

async fn server(trusted_proxies: &str) -> Server {
    let builder =
        ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_TRUSTED_PROXIES", trusted_proxies);
    let server = builder.start().await;
    server.register_verified(EMAIL).await;
    server
}

/// The address that is kept of a login with these headers.
async fn address_of_login(server: &Server, headers: &[(&str, &str)]) -> String {
    let login = server.request(Method::POST, "/api/v1/auth/login");
    let login = login.json(&json!({ "email": EMAIL, "password": PASSWORD }));
    let login = headers.iter().fold(login, |login, (name, value)| login.header(*name, *value));
    let tokens = server.send(login).await.json(200);
    let token = tokens["access_token"].as_str().expect("a token");
    let sessions = server.get_as(token, "/api/v1/auth/sessions").await.json(200);
    let mut sessions = sessions["items"].as_array().expect("items").iter();
    let current = sessions.find(|session| session["current"] == true).expect("there is a current one");
    current["ip"].as_str().expect("an address").to_owned()
}

#[tokio::test]
async fn s42_nobody_but_a_trusted_proxy_says_where_a_request_came_from() {
    for trusted_proxies in ["", "10.0.0.0/8,192.0.2.0/24"] {
        let server = server(trusted_proxies).await;
        for header in
            [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1"), ("X-Real-IP", "192.0.2.1")]
        {
            assert_eq!(address_of_login(&server, &[header]).await, "127.0.0.1", "{header:?}");
        }
    }
}

#[tokio::test]
async fn s42_a_trusted_proxy_is_believed_as_far_as_it_can_be() {
    let server = server("127.0.0.0/8, 10.0.0.0/8").await;
    let cases: [(&[(&str, &str)], &str); 10] = [
        (&[], "127.0.0.1"),
        (&[("X-Forwarded-For", "192.0.2.1")], "192.0.2.1"),
        (&[("X-Forwarded-For", "6.6.6.6, nonsense, 192.0.2.1, 10.0.0.1")], "192.0.2.1"),
        (&[("X-Forwarded-For", "::ffff:192.0.2.1")], "192.0.2.1"),
        (&[("X-Forwarded-For", "192.0.2.1, nonsense")], "127.0.0.1"),
        (&[("Forwarded", "for=\"[2001:db8::1]:4711\";proto=https")], "2001:db8::1"),
        (&[("Forwarded", "for=6.6.6.6"), ("Forwarded", "for=192.0.2.1, for=10.0.0.1")], "192.0.2.1"),
        (&[("Forwarded", "for=\", for=192.0.2.1")], "127.0.0.1"),
        (&[("Forwarded", "for=192.0.2.1"), ("X-Forwarded-For", "6.6.6.6, 192.0.2.1")], "192.0.2.1"),
        (&[("Forwarded", "for=6.6.6.6"), ("X-Forwarded-For", "192.0.2.1")], "127.0.0.1"),
    ];
    for (headers, expected) in cases {
        assert_eq!(address_of_login(&server, headers).await, expected, "{headers:?}");
    }
}
