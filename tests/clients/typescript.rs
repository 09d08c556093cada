use tokio::process::Command;

use super::{installed, root, said_by, travelled, traveller};
use crate::harness::Server;

#[tokio::test]
async fn a_typescript_client_made_of_the_document_walks_the_journey() {
    let tools = installed("typescript-client");
    let program = |name: &str| Command::new(tools.join("node_modules/.bin").join(name));
    // Below the tools, so that imports are found.
    let folder = tempfile::tempdir_in(&tools).expect("a folder");
    for name in ["journey.ts", "mailbox.ts", "tsconfig.json"] {
        let source = root().join("tests/clients/typescript").join(name);
        std::fs::copy(source, folder.path().join(name)).expect("the file is there");
    }

    let mut generator = program("openapi-typescript");
    generator.arg(root().join("docs/openapi.json")).args(["--output", "api.d.ts"]);
    said_by(generator.current_dir(&folder)).await;
    said_by(program("tsc").current_dir(&folder)).await;

    let server = Server::start().await;
    let email = "ada@example.com";
    let mut journey = Command::new("node");
    journey.arg(folder.path().join("out/journey.js")).args(traveller(&server, email));
    assert_eq!(said_by(&mut journey).await, travelled(email));
}
