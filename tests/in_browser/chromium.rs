use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::PATIENCE;

/// A Chromium of a test's own, and the program that drives it, spoken to in the words of W3C WebDriver; both end
/// when it is dropped. Crates that speak it change how `serde_json` is built, and with it what is under test.
pub(crate) struct Chromium {
    client: Client,
    session: String,
    process: Child,
    /// Where both leave what they write.
    _folder: TempDir,
}

/// Under this name an element of a page is told (WebDriver §12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) device: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) scheme: &'static str,
}

impl View {
    const PHONE: Self = Self { device: "phone", width: 390, height: 844, scheme: "light" };
    const DESKTOP: Self = Self { device: "desktop", width: 1280, height: 800, scheme: "light" };

    pub(crate) const ALL: [Self; 4] = [
        Self::PHONE,
        Self { scheme: "dark", ..Self::PHONE },
        Self::DESKTOP,
        Self { scheme: "dark", ..Self::DESKTOP },
    ];
}

impl Chromium {
    pub(crate) async fn start() -> Self {
        Self::start_with(&json!({})).await
    }

    /// One that runs no scripts.
    pub(crate) async fn without_scripts() -> Self {
        Self::start_with(&json!({ "profile.managed_default_content_settings.javascript": 2 })).await
    }

    async fn start_with(preferences: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_owned();
        let started = tokio::task::spawn_blocking(move || start_driver(&path)).await;
        let (process, port) = started.expect("chromedriver starts");
        let options = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--lang=en"],
            "prefs": preferences,
        });
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let client = Client::builder().timeout(Duration::from_mins(1)).build().expect("a client");
        let driver = format!("http://127.0.0.1:{port}/session");
        let mut browser = Self { client, session: driver, process, _folder: folder };
        let opened = browser.ask(Method::POST, "", capabilities).await;
        let opened = opened.expect("Chromium starts (Debian's package chromium; ./test installs it)");
        browser.session = format!("{}/{}", browser.session, opened["sessionId"].as_str().expect("a session"));
        browser
    }

    /// The answer to a command, or the words with which it is refused.
    async fn ask(&self, method: Method, command: &str, body: Value) -> Result<Value, String> {
        let request = self.client.request(method.clone(), format!("{}{command}", self.session));
        let request = if method == Method::POST { request.json(&body) } else { request };
        let response = request.send().await.expect("chromedriver answers");
        let is_success = response.status().is_success();
        let mut answer: Value = response.json().await.expect("chromedriver answers in JSON");
        let value = answer["value"].take();
        if is_success { Ok(value) } else { Err(value["message"].to_string()) }
    }

    async fn post(&self, command: &str, body: Value) -> Value {
        self.ask(Method::POST, command, body).await.unwrap_or_else(|refusal| panic!("{command}: {refusal}"))
    }

    async fn get(&self, command: &str) -> Value {
        self.ask(Method::GET, command, Value::Null)
            .await
            .unwrap_or_else(|refusal| panic!("{command}: {refusal}"))
    }

    pub(crate) async fn open(&self, url: &str) {
        self.post("/url", json!({ "url": url })).await;
    }

    /// The path of an element among the commands, as soon as it is there.
    async fn find(&self, selector: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let query = json!({ "using": "css selector", "value": selector });
        loop {
            match self.ask(Method::POST, "/element", query.clone()).await {
                Ok(found) => return format!("/element/{}", found[ELEMENT].as_str().expect("an element")),
                Err(_) if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(refusal) => panic!("{selector}: {refusal}: {}", self.source().await),
            }
        }
    }

    /// Waits until there is such an element, and reads it.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let text = self.get(&format!("{}/text", self.find(selector).await)).await;
        text.as_str().expect("a text").to_owned()
    }

    pub(crate) async fn source(&self) -> String {
        self.get("/source").await.as_str().expect("a page").to_owned()
    }

    /// Waits until the page says this.
    pub(crate) async fn wait_for(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.source().await.contains(text) {
            assert!(Instant::now() < deadline, "{text:?} is not on {}", self.source().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Types into a field of the page's main part.
    pub(crate) async fn fill_in(&self, field: &str, text: &str) {
        let field = self.find(&format!("main [name={field}]")).await;
        self.post(&format!("{field}/clear"), json!({})).await;
        self.post(&format!("{field}/value"), json!({ "text": text })).await;
    }

    pub(crate) async fn press(&self, selector: &str) {
        let button = self.find(selector).await;
        self.post(&format!("{button}/click"), json!({})).await;
    }

    /// A cookie of the page, as the browser keeps it.
    pub(crate) async fn cookie(&self, name: &str) -> Value {
        self.get(&format!("/cookie/{name}")).await
    }

    /// Sends the first form of the page's main part.
    pub(crate) async fn send(&self) {
        self.press("main form button[type=submit]").await;
    }

    /// What the browser complained of since it was last asked: refused scripts and styles, missing files, errors in
    /// scripts. That an answer has a status of an error is not among it.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().expect("a list").iter();
        let messages = entries.map(|entry| entry["message"].as_str().expect("a message").to_owned());
        messages.filter(|message| !message.contains("the server responded with a status of 4")).collect()
    }

    /// Looks at the page like this from now on.
    pub(crate) async fn look(&self, view: View) {
        let View { width, height, device, scheme } = view;
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": device == "phone" });
        self.command("Emulation.setDeviceMetricsOverride", metrics).await;
        // What moves on its way from one scheme to the other is neither.
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.command("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    pub(crate) async fn evaluate(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// What a script hands to the function that is its last argument.
    pub(crate) async fn evaluate_later(&self, script: &str) -> Value {
        self.post("/execute/async", json!({ "script": script, "args": [] })).await
    }

    /// Saves what is seen of the whole page.
    pub(crate) async fn save_screenshot(&self, file: &Path) {
        let whole = json!({ "captureBeyondViewport": true, "format": "png" });
        let shot = self.command("Page.captureScreenshot", whole).await;
        let encoded = shot["data"].as_str().expect("a picture");
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, STANDARD.decode(encoded).expect("base64")).expect("a file");
    }

    async fn command(&self, name: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({ "cmd": name, "params": parameters })).await
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The browser does not go with its driver, and writes into its folder until it has gone.
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["--", &group]).status();
        let _ = self.process.wait();
        let is_there = || Command::new("kill").args(["-0", "--", &group]).stderr(Stdio::null()).status();
        let deadline = Instant::now() + PATIENCE;
        while is_there().is_ok_and(|status| status.success()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn start_driver(folder: &Path) -> (Child, u16) {
    let mut process = Command::new("chromedriver")
        .arg("--port=0")
        .env("TMPDIR", folder)
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver runs (Debian's package chromium-driver; ./test installs it)");
    let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let port = line.split_once("started successfully on port ")?.1;
        port.trim_end_matches('.').parse().ok()
    });
    std::thread::spawn(move || lines.for_each(drop));
    (process, port.expect("chromedriver names its port"))
}

/// A file below `target/`.
pub(crate) fn in_target(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(path)
}
