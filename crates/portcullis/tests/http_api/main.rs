//! What the documentation says of the HTTP API is what the OpenAPI document says.

#[path = "../generated/mod.rs"]
mod generated;
mod tables;

use generated::{between, keep_current};

#[test]
fn the_document_of_the_api_in_the_documentation_is_current() {
    keep_current("openapi.json", |_| {
        portcullis_http_actix::openapi().to_pretty_json().expect("the document is JSON") + "\n"
    });
}

#[test]
fn the_table_of_calls_in_the_documentation_is_current() {
    let document = serde_json::to_value(portcullis_http_actix::openapi()).expect("the document is JSON");
    keep_current("http-api.md", |page| {
        let page = between(page, "calls", &tables::calls(&document));
        between(&page, "objects", &tables::objects(&document))
    });
}
