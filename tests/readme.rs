//! What the README says can be pasted.

use std::process::Command;

use crate::harness::{Server, snippet};

#[tokio::test]
async fn the_tour_works_when_it_is_pasted() {
    let server = Server::start().await;
    let script =
        snippet(include_str!("../README.md"), "sh tour").replace("http://127.0.0.1:8080", server.url());
    let output = tokio::task::spawn_blocking(move || {
        Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output().expect("bash runs")
    });
    let output = output.await.expect("the script ends");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}\n{}", String::from_utf8_lossy(&output.stderr));

    let answers: Vec<&str> = shown.lines().filter(|line| !line.is_empty()).collect();
    let expected = [
        "\"email_verified\":false",
        "\"email_verified\":true",
        "\"name\":\"Ada\"",
        "\"name\":\"Ada Lovelace\"",
        "\"items\":[",
        "\"message\":",
        "\"message\":",
        "204",
        "\"code\":\"invalid_access_token\"",
    ];
    assert_eq!(answers.len(), expected.len(), "{shown}");
    for (answer, expected) in answers.iter().zip(expected) {
        assert!(answer.contains(expected), "{answer} should have {expected}");
    }
}
