//! The architecture, held by the ordinary test run: who may depend on whom, and that the map names all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Every crate with its direct dependencies, those of its tests left out. Arrows point inward: adapters
/// know the domain and not each other, and only the binary names them all.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    (
        "example-actix-application",
        &[
            "actix-web",
            "anyhow",
            "async-trait",
            "portcullis-adapters-crypto",
            "portcullis-adapters-process",
            "portcullis-adapters-smtp",
            "portcullis-adapters-sqlite",
            "portcullis-domain",
            "portcullis-http-actix",
            "tracing",
            "tracing-subscriber",
            "uuid",
        ],
    ),
    (
        "example-axum-service",
        &[
            "anyhow",
            "axum",
            "example-http-mailer",
            "example-redb-storage",
            "portcullis-adapters-crypto",
            "portcullis-adapters-process",
            "portcullis-domain",
            "serde",
            "serde_json",
            "tokio",
            "tracing",
            "tracing-subscriber",
        ],
    ),
    ("example-http-mailer", &["async-trait", "portcullis-domain", "reqwest", "serde"]),
    ("example-redb-storage", &["async-trait", "portcullis-domain", "redb", "tokio", "uuid"]),
    (
        "example-resource-server",
        &["anyhow", "axum", "jsonwebtoken", "reqwest", "serde", "thiserror", "tokio"],
    ),
    ("example-unit-tests-on-mocks", &["async-trait", "portcullis-domain"]),
    (
        "portcullis",
        &[
            "actix-web",
            "anyhow",
            "async-trait",
            "base64",
            "clap",
            "clap_complete",
            "humantime",
            "ipnet",
            "percent-encoding",
            "portcullis-account-files",
            "portcullis-adapters-crypto",
            "portcullis-adapters-postgres",
            "portcullis-adapters-process",
            "portcullis-adapters-redis",
            "portcullis-adapters-smtp",
            "portcullis-adapters-sqlite",
            "portcullis-domain",
            "portcullis-http-actix",
            "portcullis-pages-actix",
            "portcullis-telemetry",
            "portcullis-verify",
            "rpassword",
            "serde",
            "serde_json",
            "strsim",
            "tempfile",
            "thiserror",
            "tokio",
            "toml",
            "tracing",
            "tracing-log",
            "tracing-subscriber",
            "url",
            "zeroize",
        ],
    ),
    (
        "portcullis-account-files",
        &["csv", "csv-core", "portcullis-domain", "serde", "serde_json", "thiserror", "time"],
    ),
    (
        "portcullis-adapters-crypto",
        &[
            "argon2-rust",
            "async-trait",
            "aws-lc-rs",
            "base64",
            "bcrypt",
            "getrandom",
            "phc",
            "portcullis-domain",
            "quick_cache",
            "scrypt",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tracing",
            "uuid",
            "zeroize",
        ],
    ),
    (
        "portcullis-adapters-postgres",
        &[
            "async-trait",
            "deadpool",
            "diesel",
            "diesel-async",
            "diesel_migrations",
            "futures-util",
            "percent-encoding",
            "portcullis-domain",
            "rustls",
            "rustls-native-certs",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio-postgres",
            "tokio-postgres-rustls",
            "tracing",
            "uuid",
            "zeroize",
        ],
    ),
    ("portcullis-adapters-process", &["portcullis-domain", "time", "tokio", "tracing"]),
    (
        "portcullis-adapters-redis",
        &["async-trait", "portcullis-http-actix", "redis", "thiserror", "tokio", "tracing"],
    ),
    (
        "portcullis-adapters-smtp",
        &[
            "async-trait",
            "lettre",
            "mail-parser",
            "minijinja",
            "percent-encoding",
            "portcullis-domain",
            "thiserror",
            "time",
            "tokio",
            "zeroize",
        ],
    ),
    (
        "portcullis-adapters-sqlite",
        &[
            "async-trait",
            "diesel",
            "diesel_migrations",
            "libsqlite3-sys",
            "portcullis-domain",
            "serde_json",
            "thiserror",
            "tokio",
            "tracing",
            "uuid",
        ],
    ),
    (
        "portcullis-bench",
        &[
            "actix-web",
            "anyhow",
            "argon2-rust",
            "aws-lc-rs",
            "base64",
            "clap",
            "diesel",
            "futures-util",
            "hdrhistogram",
            "httparse",
            "plotters",
            "portcullis-adapters-postgres",
            "portcullis-adapters-sqlite",
            "portcullis-domain",
            "portcullis-throwaway-postgres",
            "rand",
            "serde",
            "serde_json",
            "tempfile",
            "thiserror",
            "time",
            "tokio",
            "tokio-postgres",
        ],
    ),
    (
        "portcullis-client",
        &[
            "async-trait",
            "futures-util",
            "reqwest",
            "serde",
            "serde_json",
            "thiserror",
            "time",
            "tokio",
            "uuid",
            "zeroize",
        ],
    ),
    (
        "portcullis-domain",
        &[
            "async-trait",
            "base64",
            "hkdf",
            "hmac",
            "icu_casemap",
            "icu_normalizer",
            "idna",
            "mockall",
            "sha2",
            "subtle",
            "thiserror",
            "time",
            "uuid",
            "zeroize",
        ],
    ),
    (
        "portcullis-hot-functions",
        &[
            "actix-web",
            "futures-util",
            "portcullis-adapters-crypto",
            "portcullis-domain",
            "portcullis-http-actix",
            "portcullis-testkit",
            "uuid",
        ],
    ),
    (
        "portcullis-http-actix",
        &[
            "actix-cors",
            "actix-web",
            "async-trait",
            "form_urlencoded",
            "futures-util",
            "ipnet",
            "percent-encoding",
            "portcullis-domain",
            "quick_cache",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "time",
            "tokio",
            "tracing",
            "utoipa",
            "utoipa-swagger-ui",
            "uuid",
            "zeroize",
        ],
    ),
    (
        "portcullis-pages-actix",
        &[
            "actix-web",
            "askama",
            "async-trait",
            "base64",
            "futures-util",
            "hmac",
            "percent-encoding",
            "portcullis-domain",
            "portcullis-http-actix",
            "serde",
            "serde_json",
            "sha2",
            "subtle",
            "thiserror",
            "time",
            "zeroize",
        ],
    ),
    (
        "portcullis-properties",
        &[
            "actix-web",
            "base64",
            "portcullis-account-files",
            "portcullis-adapters-crypto",
            "portcullis-domain",
            "portcullis-http-actix",
            "portcullis-testkit",
            "serde_json",
            "tokio",
            "uuid",
        ],
    ),
    (
        "portcullis-telemetry",
        &[
            "async-trait",
            "opentelemetry",
            "opentelemetry-http",
            "opentelemetry-otlp",
            "opentelemetry_sdk",
            "portcullis-domain",
            "portcullis-http-actix",
            "prometheus",
            "reqwest",
            "thiserror",
            "tokio",
            "tracing",
            "tracing-opentelemetry",
            "tracing-subscriber",
        ],
    ),
    ("portcullis-testkit", &["async-trait", "portcullis-domain", "tokio", "uuid", "zeroize"]),
    ("portcullis-tests", &["portcullis"]),
    ("portcullis-throwaway-port", &["rustix"]),
    (
        "portcullis-throwaway-postgres",
        &["portcullis-throwaway-port", "rustix", "tempfile", "thiserror", "tokio", "tokio-postgres"],
    ),
    ("portcullis-throwaway-redis", &["portcullis-throwaway-port", "rustix", "tempfile", "thiserror"]),
    (
        "portcullis-verify",
        &[
            "aws-lc-rs",
            "base64",
            "futures-util",
            "getrandom",
            "mail-parser",
            "reqwest",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "url",
            "zeroize",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn members() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    serde_json::from_value(metadata["packages"].take()).expect("packages")
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a name")
}

#[test]
fn each_crate_depends_on_what_it_may_and_on_nothing_else() {
    let allowed: BTreeMap<_, _> = DEPENDENCIES.iter().copied().collect();
    for package in members() {
        let mut actual: Vec<_> = package["dependencies"]
            .as_array()
            .expect("dependencies")
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .map(name)
            .collect();
        actual.sort_unstable();
        let Some(allowed) = allowed.get(name(&package)) else {
            panic!("{} is on no list; it depends on {actual:?}", name(&package));
        };
        assert_eq!(actual, *allowed, "the dependencies of {}", name(&package));
    }
}

#[test]
fn the_packages_of_the_stores_hold_their_migrations() {
    for (package, of_the_workspace) in [
        ("portcullis-adapters-sqlite", "migrations/sqlite"),
        ("portcullis-adapters-postgres", "migrations/postgres"),
    ] {
        let output = Command::new(env!("CARGO"))
            .args(["package", "--list", "--allow-dirty", "--offline", "--package", package])
            .current_dir(root())
            .output()
            .expect("cargo runs");
        let files = String::from_utf8(output.stdout).expect("names of files");
        let migrations = std::fs::read_dir(root().join(of_the_workspace)).expect("a folder").flatten();
        let migrations: Vec<_> = migrations.filter(|entry| entry.path().is_dir()).collect();
        assert!(!migrations.is_empty());
        for migration in migrations {
            let file = format!("migrations/{}/up.sql", migration.file_name().display());
            assert!(files.lines().any(|line| line == file), "{package} lacks {file}:\n{files}");
        }
    }
}

/// Whether others may build on it.
fn is_published(package: &Value) -> bool {
    package["publish"].is_null()
}

#[test]
fn what_is_published_says_what_it_is_and_needs_nothing_that_is_not() {
    let members = members();
    let (published, private): (Vec<_>, Vec<_>) = members.iter().partition(|package| is_published(package));
    assert!(published.len() > 10 && !private.is_empty());
    let version = &published[0]["version"];
    for package in &published {
        let name = name(package);
        assert_eq!(&package["version"], version, "{name}");
        for field in ["description", "license", "documentation", "readme", "rust_version"] {
            assert!(package[field].as_str().is_some_and(|text| !text.is_empty()), "{name} has no {field}");
        }
        for field in ["keywords", "categories"] {
            assert!(
                package[field].as_array().is_some_and(|names| !names.is_empty()),
                "{name} has no {field}"
            );
        }
        let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
        for license in ["LICENSE-MIT", "LICENSE-APACHE"] {
            let text = std::fs::read_to_string(manifest.with_file_name(license)).ok();
            assert_eq!(text, Some(read(license)), "{name}/{license}");
        }
        let of_the_workspace = package["dependencies"].as_array().expect("dependencies").iter();
        for dependency in of_the_workspace.filter(|dependency| dependency["path"].is_string()) {
            let (named, requirement) = (dependency["name"].as_str().expect("a name"), &dependency["req"]);
            // A package loses what its tests need and has no version.
            let is_lost = dependency["kind"] == "dev" && requirement == "*";
            let is_there = published.iter().any(|other| other["name"] == named)
                && *requirement == format!("^{}", version.as_str().expect("a version"));
            assert!(is_lost || is_there, "{name} depends on {named} {requirement}");
        }
    }
}

#[test]
fn the_oldest_version_that_a_requirement_allows_is_the_one_that_is_locked() {
    let lock: toml::Table = read("Cargo.lock").parse().expect("a lock file is TOML");
    let locked: BTreeSet<_> = lock["package"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| {
            let version = package["version"].as_str().expect("a version");
            // What follows a plus tells no versions apart.
            let version = version.split_once('+').map_or(version, |(version, _)| version);
            (package["name"].as_str().expect("a name"), format!("^{version}"))
        })
        .collect();
    for package in members() {
        let of_a_registry = package["dependencies"].as_array().expect("dependencies").iter();
        for dependency in of_a_registry.filter(|dependency| dependency["path"].is_null()) {
            let requirement = dependency["req"].as_str().expect("a requirement");
            assert!(
                locked.contains(&(name(dependency), requirement.to_owned())),
                "{} requires {} {requirement}, which is not the version in Cargo.lock",
                name(&package),
                name(dependency)
            );
        }
    }
}

#[test]
fn every_crate_inherits_the_lints_of_the_workspace() {
    for package in members() {
        let path = package["manifest_path"].as_str().expect("a path");
        let manifest: toml::Table =
            std::fs::read_to_string(path).expect("a manifest").parse().expect("a manifest is TOML");
        let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(inherits, Some(&toml::Value::Boolean(true)), "{path}");
    }
}

#[test]
fn the_map_names_every_crate_and_every_use_case() {
    let map = read("docs/ARCHITECTURE.md");
    for package in members() {
        let folder = Path::new(package["manifest_path"].as_str().expect("a path")).parent();
        let folder = folder.and_then(Path::file_name).and_then(|folder| folder.to_str()).expect("a folder");
        assert!(map.contains(&format!("`{folder}`")), "docs/ARCHITECTURE.md does not name {folder}");
    }
    let use_cases = root().join("crates/domain/src/use_cases");
    for entry in std::fs::read_dir(use_cases).expect("a folder").flatten() {
        let file = entry.file_name().into_string().expect("a name");
        let use_case = file.trim_end_matches(".rs");
        if !["mod", "wiring"].contains(&use_case) {
            assert!(map.contains(&format!("`{use_case}`")), "docs/ARCHITECTURE.md does not name {use_case}");
        }
    }
}

/// The text of every file below a folder.
fn files_below(folder: &str) -> String {
    fn collect(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, text);
            } else {
                *text += &std::fs::read_to_string(path).expect("a text file");
            }
        }
    }
    let mut text = String::new();
    collect(&root().join(folder), &mut text);
    text
}

/// The tests that the last column of a document's tables names, by row.
fn tests_named_in(document: &str, is_row: fn(&str) -> bool) -> Vec<(String, Vec<String>)> {
    let table = read(document);
    let rows = table.lines().filter(|line| line.starts_with("| ") && is_row(line));
    rows.map(|row| {
        let shown_by = row.rsplit('|').nth(1).expect("the last column");
        let tests = shown_by.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        (row.to_owned(), tests)
    })
    .collect()
}

/// Checks that there are tests by these names.
fn assert_exist(document: &str, tests: &[(String, Vec<String>)]) {
    let mut code = read("tests/architecture.rs") + &read("tests/documents.rs") + &read("tests/readme.rs");
    for folder in [
        "tests/clients",
        "tests/conformance",
        "tests/security",
        "tests/faults",
        "tests/in_browser",
        "tests/journeys",
        "tests/scale_out",
        "tests/state_machine",
        "tests/verification",
        "crates/domain/tests/domain",
        "crates/testkit/src/contract",
        "crates/adapters-crypto/tests",
        "crates/adapters-postgres/tests",
        "crates/adapters-redis/tests",
        "crates/adapters-sqlite/src",
        "crates/http-actix/src",
        "crates/http-actix/tests",
        "crates/pages-actix/src",
        "crates/pages-actix/tests",
        "crates/portcullis/tests",
        "crates/properties/tests",
        "crates/telemetry/tests",
    ] {
        code += &files_below(folder);
    }
    for name in tests.iter().flat_map(|(_, names)| names) {
        assert!(code.contains(&format!("fn {name}(")), "{document} names {name}");
    }
}

#[test]
fn every_test_that_the_security_table_names_exists() {
    let document = "docs/security.md";
    let rows = tests_named_in(document, |row| row.starts_with("| S") || row.starts_with("| F"));
    for (row, names) in &rows {
        assert!(!names.is_empty(), "{row} names no test");
    }
    assert!(rows.len() > 40, "the tables are found: {}", rows.len());
    assert_exist(document, &rows);
}

#[test]
fn every_test_that_the_coverage_table_names_exists() {
    let document = "docs/coverage.md";
    let rows = tests_named_in(document, |row| !row.starts_with("| system |"));
    for (row, names) in &rows {
        assert!(
            !names.is_empty() || row.ends_with("| – |"),
            "{row} neither names a test nor says that it has none"
        );
    }
    assert!(rows.len() > 40, "the table is found: {}", rows.len());
    assert_exist(document, &rows);
}
