//! Accounts that move in from elsewhere in a file, and out again.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Server, ServerBuilder, each, items};

const PASSWORD: &str = "correct horse battery staple";

/// A hash of [`PASSWORD`] as another system made it.
fn hash_by(system: &str) -> String {
    let fixtures = include_str!("../../crates/adapters-crypto/tests/fixtures/foreign_hashes.json");
    let fixtures: Value = serde_json::from_str(fixtures).expect("JSON");
    let mut all = fixtures["hashes"].as_array().expect("a list").iter();
    let found = all.find(|made| made["system"] == system && made["password"] == PASSWORD);
    found.expect("a hash by this system")["hash"].as_str().expect("text").to_owned()
}

async fn cheap_server() -> Server {
    ServerBuilder::new().with_cheap_hashes().start().await
}

/// The records that an export of this server's accounts has, as JSON Lines.
async fn exported(server: &Server, folder: &Path) -> Vec<Value> {
    let file = folder.join("exported.jsonl");
    server.run(&["user", "export", file.to_str().expect("text")]).await.output();
    let written = fs::read_to_string(&file).expect("it is there");
    written.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test]
async fn people_sign_in_with_the_passwords_that_they_had_elsewhere() {
    let server = cheap_server().await;
    let folder = TempDir::new().expect("a folder");
    let systems = ["bcrypt 2b", "passlib pbkdf2-sha256", "Django scrypt", "Werkzeug scrypt", "argon2-cffi"];
    let mut lines = vec!["email,password_hash,email_verified,name,created_at".to_owned()];
    for (number, system) in systems.into_iter().enumerate() {
        let hash = hash_by(system);
        lines.push(format!(
            "User{number}@Example.com,\"{hash}\",t,\"{system}, once\",2019-05-04 20:00:00.5+02"
        ));
    }
    let file = folder.path().join("users.csv");
    fs::write(&file, lines.join("\n")).expect("it can be written");
    let imported = server.run(&["user", "import", file.to_str().expect("text"), "--json"]).await.json();
    assert_eq!(imported, json!({ "imported": systems.len(), "present": 0, "refused": 0 }));

    for (number, system) in systems.into_iter().enumerate() {
        let email = format!("user{number}@example.com");
        let wrong = json!({ "email": email, "password": format!("{PASSWORD}!") });
        server.post("/api/v1/auth/login", wrong).await.problem(401, "invalid_credentials");
        let signed_in = server.login(&email, PASSWORD).await;
        let me = server.get_as(&signed_in.access_token, "/api/v1/auth/me").await.json(200);
        assert_eq!(me["name"], format!("{system}, once"));
        assert_eq!(me["created_at"], "2019-05-04T18:00:00.5Z");
        server.login(&email, PASSWORD).await;
    }
    for account in exported(&server, folder.path()).await {
        let hash = account["password_hash"].as_str().expect("a hash");
        assert!(
            hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"),
            "the hash is renewed at the login: {account}"
        );
    }
}

#[tokio::test]
async fn what_is_exported_is_what_was_there_and_comes_in_elsewhere() {
    let [here, csv_there, json_there] = [cheap_server().await, cheap_server().await, cheap_server().await];
    let folder = TempDir::new().expect("a folder");
    let admin = here.administrator("root@example.com").await;
    let body = json!({ "email": "grüße@exämple.com", "username": "ada", "name": "A \"B\", C\nD", "first_name": " " });
    here.post_as(&admin.access_token, "/api/v1/users", body).await;
    let body = json!({ "email": "Ada@example.com", "username": "Ada_L", "name": "=1+1, \"quoted\"", "last_name": "李" });
    let ada = here.post_as(&admin.access_token, "/api/v1/users", body).await.json(201);
    let disabled = json!({ "is_active": false });
    let path = format!("/api/v1/users/{}", ada["id"].as_str().expect("an id"));
    here.patch_as(&admin.access_token, &path, disabled).await.json(200);
    for number in 0..30 {
        here.made_user(&admin, &format!("user{number}@example.com")).await;
    }

    let all = exported(&here, folder.path()).await;
    for (there, format) in [(csv_there, "csv"), (json_there, "jsonl")] {
        let file = folder.path().join(format!("moving.{format}"));
        let file = file.to_str().expect("text");
        let told = here.run(&["user", "export", file]).await;
        assert!(told.output().starts_with(&format!("{} accounts written to ", all.len())), "{told:?}");
        assert_eq!(mode(Path::new(file)), 0o600, "hashes are for their owner only");
        let printed = here.run(&["user", "export", "-", "--as", format]).await;
        assert_eq!(printed.output(), fs::read_to_string(file).expect("text"));

        let import = ["user", "import", file, "--json"];
        let counts = |imported, present| json!({ "imported": imported, "present": present, "refused": 0 });
        assert_eq!(there.run(&import).await.json(), counts(all.len(), 0));
        assert_eq!(exported(&there, folder.path()).await, all, "through {format}");
        assert_eq!(there.run(&import).await.json(), counts(0, all.len()), "what is there stays");
        let there_too = there.login("root@example.com", crate::harness::PASSWORD).await;
        let there = there.walk(&there_too.access_token, "/api/v1/users").await;
        let here = here.walk(&admin.access_token, "/api/v1/users").await;
        for (there, here) in there.iter().zip(&here).filter(|(there, _)| there["email"] != "root@example.com")
        {
            assert_eq!(there, here);
        }
        assert_eq!(there.len(), here.len());
    }
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).expect("it is there").permissions().mode() & 0o777
}

#[tokio::test]
async fn an_export_that_was_interrupted_goes_on() {
    let server = cheap_server().await;
    let folder = TempDir::new().expect("a folder");
    let admin = server.administrator("root@example.com").await;
    for number in 0..10 {
        server.made_user(&admin, &format!("user{number}@example.com")).await;
    }
    for format in ["csv", "jsonl"] {
        let file = folder.path().join(format!("users.{format}"));
        let export = ["user", "export", file.to_str().expect("text")];
        server.run(&export).await.output();
        let whole = fs::read(&file).expect("it is there");
        let unfinished = folder.path().join(format!("users.{format}.part"));
        assert!(!unfinished.exists());
        for length in [0, 5, whole.len() / 2, whole.len() - 1, whole.len()] {
            fs::remove_file(&file).expect("it can be removed");
            fs::write(&unfinished, &whole[..length]).expect("it can be written");
            server.run(&export).await.output();
            let again = fs::read(&file).expect("it is there");
            assert!(again == whole, "{format} from {length} octets: {}", String::from_utf8_lossy(&again));
            assert_eq!(mode(&file), 0o600, "whoever could read what was there cannot read the hashes");
            assert!(!unfinished.exists());
        }
        fs::write(&unfinished, "something\nelse\n").expect("it can be written");
        let refused = server.run(&export).await;
        assert!(refused.failure().contains("users."), "{refused:?}");
        assert_eq!(fs::read(&unfinished).expect("it is there"), b"something\nelse\n", "it is left alone");
        fs::remove_file(&unfinished).expect("it can be removed");
    }
}

#[tokio::test]
async fn what_cannot_come_in_is_told_line_by_line_and_the_rest_comes_in() {
    let server = cheap_server().await;
    let folder = TempDir::new().expect("a folder");
    let admin = server.administrator("root@example.com").await;
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let lines: [(&[u8], Option<&str>); 19] = [
        (br#"{"email": "good@example.com", "id": "01890a5d-ac96-774b-bcce-b302099a8057"}"#, None),
        (br#"{"email": "GOOD@example.com"}"#, None),
        (br#"{"email": "Root@example.com"}"#, Some("email: another account has it")),
        (
            br#"{"email": "ada@example.com", "id": "01890a5d-ac96-774b-bcce-b302099a8057"}"#,
            Some("id: another account has it"),
        ),
        (br#"{"email": "ada@example.com", "username": "ada"}"#, None),
        (br#"{"email": "eve@example.com", "username": "ADA"}"#, Some("username: another account has it")),
        (br#"{"email": "eve@example.com", "roles": ["wizard"]}"#, Some("roles: one of them does not exist")),
        (
            br#"{"email": "eve@example.com", "password_hash": "$2b$17$ABCDEFGHIJKLMNOPQRSTUu"}"#,
            Some("password_hash: "),
        ),
        (br#"{"email": "eve@example.com", "password_hash": "secret"}"#, Some("password_hash: ")),
        (br#"{"email": "eve@example.com", "pasword_hash": "x"}"#, Some("unknown field `pasword_hash`")),
        (br#"{"email": "eve@example.com", "email": "x@example.com"}"#, Some("duplicate field `email`")),
        (br#"{"email": ["eve@example.com"]}"#, Some("the line has a value of the wrong type at column ")),
        (br#"["eve@example.com"]"#, Some("")),
        (b"{\"email\": \"\xffeve@example.com\"}", Some("the line is not UTF-8")),
        (br#"{"email": "eve@example.com\r\nBcc: x@example.com"}"#, Some("email: ")),
        (b"", None),
        (br"nonsense", Some("the line is no JSON at column ")),
        (br#"{"email": "last@example.com"}"#, None),
        (br#"{"email": "eve@exam"#, Some("the line ends in the middle of its JSON")),
    ];
    let file = folder.path().join("users.jsonl");
    let octets: Vec<_> = lines.iter().map(|(line, _)| *line).collect();
    fs::write(&file, octets.join(&b'\n')).expect("it can be written");
    let report = folder.path().join("refused.jsonl");
    let import = ["user", "import", file.to_str().expect("text"), "--report", report.to_str().expect("text")];
    let finished = server.run(&import).await;
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let expected: Vec<_> = (1..).zip(lines).filter_map(|(line, (_, reason))| Some((line, reason?))).collect();
    assert_eq!(
        finished.stdout.trim_end(),
        format!("3 imported, 1 were there already, {} refused", expected.len())
    );
    let refused = fs::read_to_string(&report).expect("it is there");
    assert!(
        !refused.contains("secret") && !finished.stderr.contains("secret"),
        "what stands there is not repeated"
    );
    let refused: Vec<Value> = refused.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for (told, (line, reason)) in refused.iter().zip(&expected) {
        let is_so = told["line"] == *line && told["reason"].as_str().expect("text").starts_with(reason);
        assert!(is_so, "line {line}: expected {reason:?}, got {told}");
    }
    assert_eq!(refused.len(), expected.len());
    let users = server.get_as(&admin.access_token, "/api/v1/users").await.json(200);
    let mut emails = each(items(&users), "email");
    emails.sort_unstable();
    assert_eq!(emails, ["ada@example.com", "good@example.com", "last@example.com", "root@example.com"]);
    let good = items(&users).iter().find(|user| user["email"] == "good@example.com").expect("good");
    assert_eq!(good["id"], id);

    let mended = "{\"email\": \"good@example.com\"}\n{\"email\": \"eve@example.com\"}\n";
    let again = server.run_with(&["user", "import", "-", "--as", "jsonl"], mended.as_bytes()).await;
    assert_eq!(again.stdout.trim_end(), "1 imported, 1 were there already, 0 refused");
    let events = server.events(&admin, "kind=user_import").await;
    let counts =
        events.iter().map(|event| ["imported", "present", "refused"].map(|count| &event["detail"][count]));
    let refused = expected.len().to_string();
    assert_eq!(counts.collect::<Vec<_>>(), [["1", "1", "0"], ["3", "1", &refused]]);
}

/// More are stored at a time than there are between two of the same.
#[tokio::test]
async fn of_two_accounts_with_one_address_the_first_in_the_file_comes_in() {
    const ACCOUNTS: usize = 5_000;
    let server = cheap_server().await;
    let folder = TempDir::new().expect("a folder");
    let hash = hash_by("argon2-cffi");
    let first = (0..ACCOUNTS).map(|number| json!({ "email": format!("user{number}@example.com") }));
    let again = (ACCOUNTS - 10..2 * ACCOUNTS).map(|number| {
        json!({ "email": format!("USER{number}@example.com"), "password_hash": hash, "name": "Again" })
    });
    let lines: Vec<_> = first.chain(again).map(|account| account.to_string()).collect();
    let file = folder.path().join("users.jsonl");
    fs::write(&file, lines.join("\n")).expect("it can be written");
    let report = folder.path().join("refused.jsonl");
    let import = ["user", "import", file.to_str().expect("text"), "--report", report.to_str().expect("text")];
    let finished = server.run(&import).await;
    assert_eq!(
        finished.stdout.trim_end(),
        "10000 imported, 0 were there already, 10 refused",
        "{finished:?}"
    );
    let refused = fs::read_to_string(&report).expect("it is there");
    let refused = refused.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let expected = (ACCOUNTS + 1..=ACCOUNTS + 10)
        .map(|line| json!({ "line": line, "reason": "email: another account has it" }));
    assert_eq!(refused.collect::<Vec<Value>>(), expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_file_that_is_no_list_of_accounts_brings_in_nothing() {
    let server = cheap_server().await;
    let folder = TempDir::new().expect("a folder");
    let utf_16: Vec<u8> =
        "\u{feff}email\r\na@example.com\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let files: [(&str, &[u8], &str); 6] = [
        ("utf-16.csv", &utf_16, "the file is UTF-16; write it as UTF-8"),
        ("empty.csv", b"", "the first line must name the fields, email among them"),
        ("no-head.csv", b"ada@example.com,true\n", "the first line names the field \"ada@example.com\""),
        ("twice.csv", b"email,name,email\n", "the first line names the field email twice"),
        ("mail.csv", b"mail\nada@example.com\n", "the first line names the field \"mail\""),
        ("latin-1.csv", b"email,n\xe4me\n", "the first line of the file cannot be read"),
    ];
    for (name, octets, reason) in files {
        let file = folder.path().join(name);
        fs::write(&file, octets).expect("it can be written");
        let refused = server.run(&["user", "import", file.to_str().expect("text")]).await;
        assert!(refused.failure().contains(reason), "{name}: {refused:?}");
    }
    let absent = server.run(&["user", "import", "absent.csv"]).await;
    assert!(absent.failure().contains("absent.csv cannot be opened"), "{absent:?}");
    let unnamed = server.run(&["user", "import", "users.txt"]).await;
    assert_eq!(unnamed.code, Some(2), "{unnamed:?}");
    assert_eq!(exported(&server, folder.path()).await, Vec::<Value>::new());
}

#[tokio::test]
async fn rows_of_a_table_are_read_as_spreadsheets_and_databases_write_them() {
    let server = cheap_server().await;
    let folder = TempDir::new().expect("a folder");
    let csv = "\u{feff}email,name,is_active,roles\r\n\
               ada@example.com,\"King, \"\"Ada\"\" Lovelace\",f,{admin}\r\n\
               too,few\r\n\
               bob@example.com,,maybe,\r\n\
               eve@example.com,,1,\"user;admin\"\r\n";
    let file = folder.path().join("users.csv");
    fs::write(&file, csv).expect("it can be written");
    let finished = server.run(&["user", "import", file.to_str().expect("text")]).await;
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("line 3: the line has 2 fields instead of 4"), "{finished:?}");
    assert!(
        finished.stderr.contains("line 4: email_verified or is_active is neither true nor false"),
        "{finished:?}"
    );
    let mut accounts = exported(&server, folder.path()).await;
    accounts.sort_by_key(|account| account["email"].as_str().expect("text").to_owned());
    assert_eq!(accounts[0]["is_active"], false);
    assert_eq!(accounts[1]["email"], "eve@example.com");
    assert_eq!((&accounts[1]["name"], &accounts[1]["roles"]), (&json!(null), &json!(["admin", "user"])));
}
