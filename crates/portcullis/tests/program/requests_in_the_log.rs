//! What the log says of a request, and by what it can be found.

use serde_json::{Value, json};

use crate::accounts::PASSWORD;
use crate::process::{Finished, Installation};

const ADDRESS: &str = "nobody@example.com";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// What is logged while somebody whose client calls itself by an address fails to sign in.
fn log_of_failed_login(installation: &Installation, traceparent: &str) -> Finished {
    let serving = installation.serve();
    let head = format!("User-Agent: bot (+{ADDRESS})\r\ntraceparent: {traceparent}\r\n");
    let body = json!({"email": ADDRESS, "password": PASSWORD});
    assert_eq!(serving.post_with("/api/v1/auth/login", &head, &body).status, 401);
    serving.end("TERM")
}

fn records(finished: &Finished) -> Vec<Value> {
    finished.stderr.lines().map(|line| serde_json::from_str(line).expect("a record is JSON")).collect()
}

/// The one record of `target` that is about the request.
#[track_caller]
fn record<'a>(records: &'a [Value], target: &str) -> &'a Value {
    let mut found =
        records.iter().filter(|record| record["target"] == target && record["request_id"].is_string());
    let record = found.next().unwrap_or_else(|| panic!("{target} is in the log: {records:?}"));
    assert!(found.next().is_none(), "there is one: {records:?}");
    record
}

#[test]
fn every_record_of_a_request_has_its_ids_beside_its_own_fields() {
    for filter in ["info", "off,audit=warn,portcullis::access=info"] {
        let installation = Installation::new().with("PORTCULLIS_LOG", filter);
        let finished = log_of_failed_login(&installation, &format!("00-{TRACE}-b7ad6b7169203331-01"));
        let records = records(&finished);
        let (audit, access) = (record(&records, "audit"), record(&records, "portcullis::access"));
        assert_eq!((&audit["kind"], &access["status"]), (&json!("login"), &json!(401)));
        assert_eq!((&audit["trace_id"], &access["trace_id"]), (&json!(TRACE), &json!(TRACE)));
        assert_eq!(audit["request_id"], access["request_id"]);
        let of_the_program = records.iter().find(|record| record["message"] == "shut down");
        assert!(of_the_program.is_none_or(|record| record.get("request_id").is_none()), "{records:?}");
    }
}

#[test]
fn a_request_that_names_no_trace_in_a_way_that_counts_has_one_of_its_own() {
    let installation = Installation::new();
    for traceparent in ["", "00-hostile-header-01", &format!("00-{TRACE}-0000000000000000-01")] {
        let records = records(&log_of_failed_login(&installation, traceparent));
        let trace = record(&records, "audit")["trace_id"].as_str().expect("text");
        assert!(trace.len() == 32 && trace.bytes().all(|octet| octet.is_ascii_hexdigit()), "{trace}");
        assert!(trace != TRACE && trace != "0".repeat(32), "{trace}");
        assert_eq!(record(&records, "portcullis::access")["trace_id"], trace);
    }
}

#[test]
fn addresses_are_in_the_log_only_where_that_is_asked_for() {
    let finished = log_of_failed_login(&Installation::new(), "");
    assert!(!finished.stderr.contains(ADDRESS), "{}", finished.stderr);
    assert_eq!(record(&records(&finished), "audit")["user_agent"], "bot ([address])");

    let installation = Installation::new().with("PORTCULLIS_LOG_EMAIL_ADDRESSES", "on");
    let finished = log_of_failed_login(&installation, "");
    assert_eq!(record(&records(&finished), "audit")["user_agent"], format!("bot (+{ADDRESS})"));
}

#[test]
fn records_for_people_have_the_ids_too() {
    let installation = Installation::new().with("PORTCULLIS_LOG_FORMAT", "pretty");
    let finished = log_of_failed_login(&installation, &format!("00-{TRACE}-b7ad6b7169203331-00"));
    let audit = finished.stderr.lines().find(|line| line.contains("kind=\"login\"")).expect("it is logged");
    assert!(audit.contains("request_id=") && audit.contains(&format!("trace_id={TRACE}")), "{audit}");
}
