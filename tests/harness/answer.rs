use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer of the service, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        Self::try_read(response).await.expect("the body arrives whole")
    }

    /// None if the body does not arrive whole.
    pub(crate) async fn try_read(response: reqwest::Response) -> Option<Self> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.ok()?;
        Some(Self { status, headers, text })
    }

    /// The body as JSON, after a check of the status.
    #[track_caller]
    pub(crate) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Checks that there is no body, after a check of the status.
    #[track_caller]
    pub(crate) fn empty(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.text, "");
    }

    /// Checks that this is a problem with this status and code, in the form that every problem has.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.json(status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        for member in ["type", "title", "detail", "instance"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
        }
        let request_id = self.header("x-request-id").expect("every answer names its request");
        assert!(problem["instance"].as_str().is_some_and(|instance| instance.contains(request_id)));
        if matches!(status, 429 | 503) {
            let seconds: u64 = self.header("retry-after").expect("Retry-After").parse().expect("seconds");
            assert!(seconds >= 1);
            assert_eq!(problem["retry_after"], seconds);
        }
        if status == 401 && code != "invalid_credentials" {
            assert!(self.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")));
        }
        problem
    }

    /// Checks that this is a 422 whose entries are exactly these, and returns it.
    #[track_caller]
    pub(crate) fn invalid(&self, expected: &[(&str, &str)]) {
        let problem = self.problem(422, "validation_failed");
        let mut entries: Vec<_> = problem["errors"]
            .as_array()
            .expect("one entry per field")
            .iter()
            .map(|entry| (entry["field"].as_str().expect("field"), entry["code"].as_str().expect("code")))
            .collect();
        entries.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(entries, expected, "{problem}");
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header is text"))
    }
}
