//! What the README says can be pasted.

use std::process::Command;

use crate::harness::{Server, snippet};

/// What a script of the README prints, line by line, when it is pasted beside this server.
async fn pasted(server: &Server, name: &str) -> Vec<String> {
    let script = snippet(include_str!("../README.md"), name).replace("http://127.0.0.1:8080", server.url());
    let portcullis = server.builder.command(&[]);
    // It waits for mails, which one that fails would never send.
    let mut bash = Command::new("timeout");
    bash.args([
        "60",
        "bash",
        "-euo",
        "pipefail",
        "-c",
        &script.replace("cargo run -q --", "\"$PORTCULLIS\""),
    ])
    .env("PORTCULLIS", portcullis.get_program())
    .envs(portcullis.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = tokio::task::spawn_blocking(move || bash.output().expect("bash runs"));
    let output = output.await.expect("the script ends");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}\n{}", String::from_utf8_lossy(&output.stderr));
    shown.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[track_caller]
fn assert_answers(answers: &[String], expected: &[&str]) {
    assert_eq!(answers.len(), expected.len(), "{answers:#?}");
    for (answer, expected) in answers.iter().zip(expected) {
        assert!(answer.contains(expected), "{answer} should have {expected}");
    }
}

#[tokio::test]
async fn the_tour_works_when_it_is_pasted() {
    let server = Server::start().await;
    let answers = pasted(&server, "sh tour").await;
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
    assert_answers(&answers, &expected);
}

#[tokio::test]
async fn an_administrator_can_begin_as_it_says() {
    let server = Server::start().await;
    let answers = pasted(&server, "sh administration").await;
    let expected = [
        "root@example.com",
        "\"name\":\"support\"",
        "\"roles\":[\"support\",\"user\"]",
        "\"email_verified\":false",
        "linus@example.com",
        "\"kind\":\"user_creation\"",
    ];
    assert_answers(&answers, &expected);
    server.mail_to("linus@example.com", 1).await;
}
