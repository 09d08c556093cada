//! The files for containers, systemd and packages say what the program understands. None of them is run here.

use std::path::PathBuf;

use portcullis::config::{Configuration, SETTINGS, Setting, Sources};

fn read(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", name].iter().collect();
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The settings that a file makes, as `NAME=value` or `NAME: value`.
fn settings_in(text: &str) -> Vec<(String, String)> {
    let settings = text.lines().filter(|line| !line.trim_start().starts_with('#')).filter_map(|line| {
        let (_, setting) = line.split_once(Setting::PREFIX)?;
        let (name, value) = setting.split_once([':', '='])?;
        let value = value.trim_end_matches('\\').trim();
        Some((format!("{}{name}", Setting::PREFIX), value.to_owned()))
    });
    settings.collect()
}

#[test]
fn the_container_starts_with_the_settings_of_its_files() {
    let (dockerfile, compose) = (settings_in(&read("Dockerfile")), settings_in(&read("compose.yaml")));
    assert!(dockerfile.len() >= 3 && compose.len() >= 4, "{dockerfile:?} {compose:?}");
    let mut sources = Sources::default();
    for (name, mut value) in dockerfile.into_iter().chain(compose) {
        if value.starts_with("${PORTCULLIS_SECRET_KEY:?") {
            value = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned();
        }
        sources.environment.push((name.into(), value.into()));
    }
    let config = Configuration::load(sources).expect("the settings can be started with").config;
    assert!(config.bind.ip().is_unspecified(), "it is reached from outside of the container");
    assert!(config.smtp_url.is_some() && config.database_url.is_some());
}

#[test]
fn the_settings_to_begin_with_can_be_started_with_as_they_are_and_as_their_examples_say() {
    let text = read("docs/operations/portcullis.toml");
    let with_examples: String = text
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|line| line.contains(" = ")).unwrap_or(line))
        .flat_map(|line| [line, "\n"])
        .collect();
    assert_ne!(text, with_examples);
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("smtp-url");
    std::fs::write(&secret, "smtps://user:password@mail.example.com:465").expect("a file");
    let with_examples = with_examples.replace("/etc/portcullis/smtp-url", secret.to_str().expect("a path"));
    for text in [text, with_examples] {
        let file = folder.path().join("portcullis.toml");
        std::fs::write(&file, text).expect("a file");
        let mut sources = Sources { named_file: Some(file), ..Sources::default() };
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        sources.environment.push(("PORTCULLIS_SECRET_KEY".into(), key.into()));
        let loaded = Configuration::load(sources);
        loaded.unwrap_or_else(|refusal| panic!("{refusal}"));
    }
}

/// Every setting that a text names is one.
fn assert_named_settings_exist(text: &str) {
    for named in text.split(Setting::PREFIX).skip(1) {
        let is_part = |character: &char| character.is_ascii_uppercase() || *character == '_';
        let name: String = named.chars().take_while(is_part).collect();
        let name = name.to_lowercase();
        let is_setting = |setting: &Setting| {
            setting.name == name || name.strip_suffix(Setting::FILE_SUFFIX) == Some(setting.name)
        };
        assert!(SETTINGS.iter().any(is_setting), "{name} is no setting");
    }
}

#[test]
fn the_files_for_containers_and_systemd_name_settings_that_there_are() {
    for file in ["Dockerfile", "compose.yaml", "docs/operations/portcullis.service"] {
        let text = read(file);
        assert!(text.contains(Setting::PREFIX), "{file}");
        assert_named_settings_exist(&text);
    }
}

#[test]
fn the_service_and_the_container_are_given_longer_to_end_than_the_program_takes() {
    let grace = Configuration::load(Sources::default()).expect("the defaults are good").config.shutdown_grace;
    let unit = read("docs/operations/portcullis.service");
    let compose = read("compose.yaml");
    for (text, key) in [(&unit, "TimeoutStopSec="), (&compose, "stop_grace_period: ")] {
        let given = text.lines().find_map(|line| line.trim().strip_prefix(key)).expect(key);
        let seconds: u64 = given.trim_end_matches('s').parse().expect("whole seconds");
        assert!(seconds > grace.as_secs(), "{key}{given}");
    }
}
