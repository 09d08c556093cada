//! Commands, their output and their exit codes.

use crate::process::Installation;

#[test]
fn help_and_version_are_answers_and_no_failures() {
    let installation = Installation::new();
    let help = installation.run(&["--help"]);
    for command in [
        "serve",
        "migrate",
        "copy",
        "config",
        "doctor",
        "openapi",
        "keys",
        "mail",
        "user",
        "role",
        "audit",
        "verify",
        "completions",
        "--config",
        "--data-dir",
        "Exit codes",
    ] {
        assert!(help.output().contains(command), "{command} is missing in {}", help.stdout);
    }
    assert_eq!(
        installation.run(&["--version"]).output(),
        concat!("portcullis ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn mistakes_in_usage_exit_with_two() {
    let installation = Installation::new();
    for arguments in [
        &["--frobnicate"][..],
        &["frobnicate"],
        &["serve", "now"],
        &["keys"],
        &["mail", "retry"],
        &["mail", "retry", "7"],
        &["mail", "retry", "--all", "0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1"],
        &["user", "create"],
        &["user", "create", "--email", "nobody", "--password-stdin"],
        &["user", "create", "--email", "ada@example.com", "--username", "1", "--password-stdin"],
        &["user", "create", "--email", "ada@example.com", "--password", "on-the-command-line"],
        &["user", "create", "--email", "ada@example.com", "--invite", "--password-stdin"],
        &["user", "create", "--email", "ada@example.com", "--invite", "--unverified"],
        &["user", "create", "--email", "ada@example.com", "--role", "Analysts!", "--password-stdin"],
        &["user", "list", "--verified", "--unverified"],
        &["user", "list", "--active", "--inactive"],
        &["user", "list", "--limit", "0"],
        &["user", "list", "--query", " "],
        &["user", "show"],
        &["user", "show", "ada lovelace"],
        &["user", "show", "ada@"],
        &["user", "verify", "ada", "bob"],
        &["user", "set-password", "ada", "hunter2-hunter2"],
        &["user", "grant", "ada"],
        &["user", "grant", "ada", "Analysts!"],
        &["user", "sign-out"],
        &["role"],
        &["audit"],
        &["audit", "list", "--kind", "dancing"],
        &["audit", "list", "--since", "yesterday"],
        &["audit", "list", "--limit", "0"],
        &["completions"],
        &["completions", "tcsh"],
        &["verify"],
        &["verify", "ftp://127.0.0.1", "--email", "root@example.com"],
        &["verify", "http://root:secret@127.0.0.1", "--email", "root@example.com"],
        &["verify", "http://127.0.0.1"],
        &["verify", "http://127.0.0.1", "--token", "on-the-command-line"],
        &["verify", "http://127.0.0.1", "--token-stdin", "--email", "root@example.com"],
        &["verify", "http://127.0.0.1", "--token-stdin", "--password-stdin"],
        &["verify", "http://127.0.0.1", "--token-stdin", "--only", "S99"],
        &["verify", "http://127.0.0.1", "--token-stdin", "--only", "S1", "--except", "S2"],
        &["verify", "http://127.0.0.1", "--token-stdin", "--lockout-threshold", "0"],
    ] {
        let finished = installation.run(arguments);
        assert_eq!(finished.code, Some(2), "{arguments:?}: {finished:?}");
        assert!(finished.stdout.is_empty() && !finished.stderr.is_empty(), "{arguments:?}: {finished:?}");
    }
}

#[test]
fn a_password_is_asked_for_on_a_terminal_only() {
    let installation = Installation::new();
    for arguments in [
        &["user", "create", "--email", "ada@example.com"][..],
        &["user", "set-password", "ada"],
        &["verify", "http://127.0.0.1", "--email", "root@example.com"],
    ] {
        let finished = installation.run(arguments);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains("--password-stdin"), "{}", finished.stderr);
    }
    assert!(!installation.path("data").exists(), "nothing is done before");
}

#[test]
fn a_shell_learns_every_command() {
    let installation = Installation::new().with("PORTCULLIS_BIND", "nowhere");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = installation.run(&["completions", shell]);
        for word in ["set-password", "doctor", "password-stdin"] {
            assert!(script.output().contains(word), "{word} is missing for {shell}");
        }
    }
}

#[test]
fn a_good_configuration_is_found_good_and_nothing_is_made() {
    let installation = Installation::new();
    assert_eq!(installation.run(&["config", "check"]).output(), "the configuration is good\n");
    assert!(!installation.path("data").exists());
}

#[test]
fn a_bad_configuration_keeps_every_command_from_running() {
    let installation = Installation::new().with("PORTCULLIS_MIGRATE", "perhaps");
    for arguments in [
        &[][..],
        &["config", "check"],
        &["config", "show"],
        &["keys", "list"],
        &["mail", "list"],
        &["migrate"],
    ] {
        let finished = installation.run(arguments);
        assert!(finished.failure().starts_with("PORTCULLIS_MIGRATE (environment) cannot be \"perhaps\""));
    }
}

#[test]
fn files_that_settings_name_are_part_of_the_check() {
    let installation = Installation::new().with("PORTCULLIS_MAIL_TEMPLATES", "nowhere");
    assert!(installation.run(&["config", "check"]).failure().contains("nowhere"));
    let installation = Installation::new()
        .with("PORTCULLIS_SMTP_URL", "smtps://mail.example.com:465")
        .with("PORTCULLIS_SMTP_CA_FILE", "nowhere.pem");
    assert!(installation.run(&["config", "check"]).failure().contains("nowhere.pem"));
    let installation = Installation::new().with("PORTCULLIS_LOCALE", "tlh");
    assert!(installation.run(&["config", "check"]).failure().contains("tlh"));
    let installation = Installation::new().with("PORTCULLIS_BREACHED_PASSWORDS", "nowhere.txt");
    let message = "nowhere.txt is no list of breached passwords (PORTCULLIS_BREACHED_PASSWORDS)";
    assert!(installation.run(&["config", "check"]).failure().starts_with(message));
    let url = "postgres://ada:hunter2@db/app?sslmode=verify-full&sslrootcert=nowhere.pem";
    let installation = Installation::new()
        .with("PORTCULLIS_DATABASE_URL", url)
        .with("PORTCULLIS_SECRET_KEY", "cnOYEMAeM68iHfq/uqWO2O4F4iw5czATXKtPjxeJMqM=");
    let checked = installation.run(&["config", "check"]);
    assert!(checked.failure().contains("nowhere.pem") && !checked.stderr.contains("hunter2"), "{checked:?}");
}

#[test]
fn what_stands_in_the_way_in_the_data_directory_is_part_of_the_check() {
    let installation = Installation::new();
    std::fs::write(installation.path("data"), "").unwrap();
    assert!(installation.run(&["config", "check"]).failure().contains("is not a directory"));
    let installation = Installation::new();
    std::fs::create_dir(installation.path("data")).unwrap();
    std::fs::write(installation.path("data/secret.key"), "c2hvcnQ=").unwrap();
    assert!(installation.run(&["config", "check"]).failure().contains("holds no secret key"));
}

#[test]
fn flags_stand_before_or_after_the_command() {
    let installation = Installation::new();
    for arguments in [
        ["--data-dir", "elsewhere", "config", "show", "--json"],
        ["config", "show", "--json", "--data-dir", "elsewhere"],
    ] {
        let shown = installation.run(&arguments).json();
        let data_dir = shown.as_array().unwrap().iter().find(|value| value["key"] == "PORTCULLIS_DATA_DIR");
        let expected = serde_json::json!({
            "key": "PORTCULLIS_DATA_DIR", "value": "elsewhere", "source": "flag",
        });
        assert_eq!(data_dir, Some(&expected));
    }
}

#[test]
fn the_configuration_file_is_found_by_flag_variable_or_name() {
    let locale = |installation: &Installation, arguments: &[&str]| {
        let arguments = [arguments, &["config", "show", "--json"]].concat();
        let shown = installation.run(&arguments).json();
        let locale = shown.as_array().unwrap().iter().find(|value| value["key"] == "PORTCULLIS_LOCALE");
        locale.unwrap()["value"].as_str().unwrap().to_owned()
    };
    let installation = Installation::new();
    std::fs::write(installation.path("portcullis.toml"), "locale = 'de'").unwrap();
    std::fs::write(installation.path("other.toml"), "locale = 'fr'").unwrap();
    assert_eq!(locale(&installation, &[]), "de");
    assert_eq!(locale(&installation, &["--config", "other.toml"]), "fr");
    assert_eq!(locale(&installation.with("PORTCULLIS_CONFIG", "other.toml"), &[]), "fr");
}

#[test]
fn the_openapi_document_is_printed_without_any_configuration() {
    let document = Installation::new().with("PORTCULLIS_BIND", "nowhere").run(&["openapi"]).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["paths"]["/api/v1/auth/login"].is_object());
}

#[test]
fn a_reader_who_hangs_up_causes_no_failure() {
    let installation = Installation::new();
    for arguments in [&["openapi"][..], &["config", "show"], &["completions", "zsh"], &["--help"]] {
        let finished = installation.run_for_nobody(arguments);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_schema_is_checked_and_then_brought_up_to_date() {
    let installation = Installation::new();
    std::fs::create_dir(installation.path("data")).unwrap();
    std::fs::write(installation.path("data/portcullis.db"), "").unwrap();
    assert!(
        installation.run(&["migrate", "--check"]).failure().starts_with("the database lacks the migrations ")
    );
    assert!(installation.run(&["migrate"]).output().starts_with("applied "));
    assert_eq!(installation.run(&["migrate"]).output(), "the database schema is up to date\n");
    assert_eq!(installation.run(&["migrate", "--check"]).output(), "the database schema is up to date\n");
}

fn migrated(installation: Installation) -> Installation {
    installation.run(&["migrate"]).output();
    installation
}

#[test]
fn keys_are_rotated_with_notice_or_at_once() {
    let states = |installation: &Installation| -> Vec<String> {
        let keys = installation.run(&["keys", "list", "--json"]).json();
        keys.as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap().to_owned()).collect()
    };
    let installation = migrated(Installation::new());
    assert!(states(&installation).is_empty());
    let first = installation.run(&["keys", "rotate", "--json"]).json();
    assert_eq!((&first["state"], &first["algorithm"]), (&"signing".into(), &"EdDSA".into()));
    installation.run(&["keys", "rotate"]).output();
    assert_eq!(states(&installation), ["signing", "announced"]);
    let at_once = migrated(Installation::new());
    at_once.run(&["keys", "rotate"]).output();
    at_once.run(&["keys", "rotate", "--now"]).output();
    assert_eq!(states(&at_once), ["verifying", "signing"]);
    let table = installation.run(&["keys", "list"]);
    assert!(table.output().lines().nth(1).unwrap().starts_with(first["kid"].as_str().unwrap()));
}

#[test]
fn a_new_algorithm_is_that_of_the_next_key() {
    let installation = migrated(Installation::new().with("PORTCULLIS_JWT_ALGORITHM", "ES256"));
    assert_eq!(installation.run(&["keys", "rotate", "--json"]).json()["algorithm"], "ES256");
}
