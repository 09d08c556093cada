//! What keeps the service from starting, said in one line.

use std::fs;
use std::net::TcpListener;

use crate::process::Installation;

#[test]
fn a_port_in_use() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    for variable in ["PORTCULLIS_BIND", "PORTCULLIS_OPS_BIND"] {
        let finished = Installation::new().with(variable, &address).run(&["serve"]);
        let expected =
            format!("cannot listen on {address} ({variable}): Address already in use (os error 98)");
        assert_eq!(finished.failure(), expected);
    }
}

#[test]
fn a_data_directory_that_cannot_be_made() {
    let installation = Installation::new().with("PORTCULLIS_DATA_DIR", "file/data");
    fs::write(installation.path("file"), "").unwrap();
    let message =
        "the data directory file/data (PORTCULLIS_DATA_DIR) cannot be made: Not a directory (os error 20)";
    assert_eq!(installation.run(&[]).failure(), message);
}

#[test]
fn a_file_in_the_place_of_the_data_directory() {
    let installation = Installation::new();
    fs::write(installation.path("data"), "").unwrap();
    let message = "the data directory ./data (PORTCULLIS_DATA_DIR) is not a directory";
    assert_eq!(installation.run(&[]).failure(), message);
}

#[test]
fn a_database_that_is_none() {
    let installation = Installation::new();
    fs::create_dir(installation.path("data")).unwrap();
    fs::write(
        installation.path("data/portcullis.db"),
        "this is not a database, however long it gets".repeat(99),
    )
    .unwrap();
    let finished = installation.run(&[]);
    assert!(finished.failure().contains("portcullis.db is not a SQLite database, or is damaged"));
}

#[test]
fn a_database_whose_folder_is_not_there() {
    let finished = Installation::new().run(&["--database-url", "sqlite://nowhere/p.db"]);
    assert!(finished.failure().contains("there is no such folder"));
}

#[test]
fn a_schema_that_is_too_old_when_it_is_only_to_be_checked() {
    let finished = Installation::new().with("PORTCULLIS_MIGRATE", "check").run(&[]);
    assert!(finished.failure().contains("`portcullis migrate` applies them"));
}

#[test]
fn a_secret_key_that_is_not_the_one_of_the_store() {
    let installation = Installation::new();
    installation.serve().end("TERM");
    fs::remove_file(installation.path("data/secret.key")).unwrap();
    assert!(installation.run(&[]).failure().contains("PORTCULLIS_SECRET_KEY"));
}

#[test]
fn a_damaged_secret_key_file() {
    let installation = Installation::new();
    fs::create_dir(installation.path("data")).unwrap();
    fs::write(installation.path("data/secret.key"), "c2hvcnQ=").unwrap();
    assert!(
        installation
            .run(&[])
            .failure()
            .starts_with("the secret key file ./data/secret.key holds no secret key")
    );
}

#[test]
fn a_configuration_that_is_no_good() {
    let installation = Installation::new();
    fs::write(installation.path("portcullis.toml"), "bnid = '127.0.0.1:0'").unwrap();
    let message = "PORTCULLIS_BNID (bnid in portcullis.toml) is no setting; did you mean PORTCULLIS_BIND?";
    assert_eq!(installation.run(&[]).failure(), message);
}
