use tokio::process::Command;

use super::{installed, root, said_by, travelled, traveller};
use crate::harness::Server;

#[tokio::test]
async fn a_python_client_made_of_the_document_walks_the_journey() {
    let programs = installed("python-client").join("bin");
    let files = root().join("tests/clients/python");
    let folder = tempfile::tempdir().expect("a folder");

    let mut generator = Command::new(programs.join("openapi-python-client"));
    generator.arg("generate").arg("--fail-on-warning").args(["--meta", "none", "--path"]);
    generator.arg(root().join("docs/openapi.json")).args(["--output-path", "portcullis_client", "--config"]);
    said_by(generator.arg(files.join("generator.yaml")).current_dir(&folder)).await;
    let mut checker = Command::new(programs.join("mypy"));
    checker
        .args(["--strict", "--cache-dir", "cache"])
        .arg(files.join("journey.py"))
        .arg(files.join("mailed_code.py"));
    said_by(checker.env("MYPYPATH", folder.path()).current_dir(&folder)).await;

    let server = Server::start().await;
    let email = "ada@example.com";
    let mut journey = Command::new(programs.join("python"));
    journey.arg(files.join("journey.py")).args(traveller(&server, email));
    journey.env("PYTHONPATH", folder.path()).env("PYTHONDONTWRITEBYTECODE", "1");
    assert_eq!(said_by(&mut journey).await, travelled(email));
}
