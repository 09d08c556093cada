//! The parts of `docs/http-api.md` that are made from the OpenAPI document.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};

/// What every call can answer, and what follows from what it takes: the page says it once.
const COMMON: [&str; 12] = [
    "malformed_body",
    "unauthenticated",
    "invalid_access_token",
    "forbidden",
    "method_not_allowed",
    "payload_too_large",
    "unsupported_media_type",
    "validation_failed",
    "rate_limited",
    "internal",
    "overloaded",
    "store_unavailable",
];

/// A table of calls for each tag.
pub(crate) fn calls(document: &Value) -> String {
    let mut page = String::new();
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        write!(page, "### {name}\n\n{}\n\n", text(&tag["description"])).expect("a string takes all");
        page += "| call | what it does | takes | answers | refuses with |\n|---|---|---|---|---|\n";
        for (path, item) in members(&document["paths"]) {
            for call in calls_to(path, item, name) {
                writeln!(page, "{call}").expect("a string takes all");
            }
        }
        page.push('\n');
    }
    page.trim_end().to_owned() + "\n"
}

/// A table of what bodies hold.
pub(crate) fn objects(document: &Value) -> String {
    let mut table = String::from("| object | what it is | members |\n|---|---|---|\n");
    for (name, schema) in members(&document["components"]["schemas"]) {
        let what = one_line(text(&schema["description"]));
        writeln!(table, "| `{name}` | {what} | {} |", content(schema)).expect("a string takes all");
    }
    table
}

/// A row for each thing that a path does for a tag; methods that do the same share one.
fn calls_to(path: &str, item: &Value, tag: &str) -> Vec<String> {
    let mut rows: Vec<(Vec<String>, &Value)> = Vec::new();
    for (method, operation) in members(item).filter(|(_, operation)| operation["tags"][0] == tag) {
        let method = method.to_uppercase();
        match rows.iter_mut().find(|(_, other)| other["summary"] == operation["summary"]) {
            Some((methods, _)) => methods.push(method),
            None => rows.push((vec![method], operation)),
        }
    }
    let row = |(methods, operation): (Vec<String>, &Value)| {
        let methods = if methods.len() > 2 { "any method".to_owned() } else { methods.join(", ") };
        let summary = text(&operation["summary"]);
        let needs: Vec<_> = list(&operation["security"])
            .flat_map(|scheme| list(&scheme["bearer"]))
            .map(|permission| format!("; needs `{}`", text(permission)))
            .collect();
        let access = match (list(&operation["security"]).next(), needs.as_slice()) {
            (None, _) => "; open to all".to_owned(),
            (Some(_), needs) => needs.concat(),
        };
        format!(
            "| `{methods} {path}` | {summary}{access} | {} | {} | {} |",
            or_nothing(&takes(operation)),
            answers(operation).join(", "),
            or_nothing(&problems(operation))
        )
    };
    rows.into_iter().map(row).collect()
}

/// The body, and the parameters of the query.
fn takes(operation: &Value) -> Vec<String> {
    let body = &operation["requestBody"];
    let is_optional = body["required"] == false;
    let bodies = members(&body["content"]).map(|(_, content)| {
        let name = reference(&content["schema"]);
        if is_optional { format!("`{name}` or nothing") } else { format!("`{name}`") }
    });
    let is_query = |parameter: &&Value| parameter["in"] == "query";
    let queries = list(&operation["parameters"]).filter(is_query);
    bodies.chain(queries.map(|parameter| format!("`?{}`", text(&parameter["name"])))).collect()
}

/// Every way to succeed.
fn answers(operation: &Value) -> Vec<String> {
    let responses = members(&operation["responses"]).filter(|(status, _)| status.starts_with('2'));
    responses
        .map(|(status, response)| match members(&response["content"]).next() {
            Some((_, content)) => format!("{status} `{}`", reference(&content["schema"])),
            None => status.clone(),
        })
        .collect()
}

/// Every problem but those of every call.
fn problems(operation: &Value) -> Vec<String> {
    let of = |(status, response): (&String, &Value)| {
        let codes = members(&response["content"]["application/problem+json"]["examples"]);
        let own = codes.map(|(code, _)| code.as_str()).filter(|code| !COMMON.contains(code));
        own.map(|code| format!("{status} `{code}`")).collect::<Vec<_>>()
    };
    members(&operation["responses"]).flat_map(of).collect()
}

/// The members of an object, or the names of a choice.
fn content(schema: &Value) -> String {
    let required: BTreeSet<_> = list(&schema["required"]).map(text).collect();
    let names = members(&schema["properties"]).map(|(name, property)| {
        let may_be_null = list(&property["type"]).any(|kind| kind == "null");
        let optional = if required.contains(name.as_str()) { "" } else { "?" };
        format!("`{name}{optional}`{}", if may_be_null { " or null" } else { "" })
    });
    let one_of = list(&schema["oneOf"]).map(part).collect::<Vec<_>>().join(", or ");
    let all_of = list(&schema["allOf"]).map(part).collect::<Vec<_>>().join(", and ");
    let choice = list(&schema["enum"]).map(|name| format!("`{}`", text(name)));
    let parts = names.chain(choice).chain([one_of, all_of]).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(", ")
}

/// A schema within another: its name, or what it holds.
fn part(schema: &Value) -> String {
    match schema["$ref"].as_str() {
        Some(_) => format!("`{}`", reference(schema)),
        None => content(schema),
    }
}

fn reference(schema: &Value) -> &str {
    text(&schema["$ref"]).rsplit('/').next().expect("a reference names a schema")
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[track_caller]
fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn or_nothing(parts: &[String]) -> String {
    if parts.is_empty() { "–".to_owned() } else { parts.join(", ") }
}
