use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::prelude::*;
use thirtyfour::LoggingPrefsLogLevel;

/// A Chromium of a test's own, with the program that drives it; both end when it is dropped.
pub(crate) struct Chromium {
    pub(crate) driver: WebDriver,
    process: Child,
}

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
        let (process, port) = tokio::task::spawn_blocking(start_driver).await.expect("chromedriver starts");
        let mut capabilities = DesiredCapabilities::chrome();
        for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--lang=en"] {
            capabilities.add_arg(argument).expect("a flag");
        }
        capabilities.add_experimental_option("prefs", preferences).expect("preferences");
        capabilities.set_logging_prefs("browser", LoggingPrefsLogLevel::All).expect("a log");
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await;
        Self {
            driver: driver.expect("Chromium starts (Debian's packages chromium and chromium-driver)"),
            process,
        }
    }

    pub(crate) async fn open(&self, url: &str) {
        self.driver.goto(url).await.expect("the page loads");
    }

    pub(crate) async fn find(&self, selector: &str) -> WebElement {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match self.driver.find(By::Css(selector)).await {
                Ok(element) => return element,
                Err(_) if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(error) => panic!("{selector} is not on {}: {error}", self.source().await),
            }
        }
    }

    pub(crate) async fn source(&self) -> String {
        self.driver.source().await.expect("a page")
    }

    /// Waits until the page says this.
    pub(crate) async fn wait_for(&self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.source().await.contains(text) {
            assert!(Instant::now() < deadline, "{text:?} is not on {}", self.source().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Types into a field of the page's main part.
    pub(crate) async fn fill_in(&self, field: &str, text: &str) {
        let field = self.find(&format!("main [name={field}]")).await;
        field.clear().await.expect("a field");
        field.send_keys(text).await.expect("a field");
    }

    pub(crate) async fn press(&self, selector: &str) {
        self.find(selector).await.click().await.expect("a button");
    }

    /// Sends the first form of the page's main part.
    pub(crate) async fn send(&self) {
        self.press("main form button[type=submit]").await;
    }

    /// What the browser complained of since it was last asked: refused scripts and styles, missing files, errors in
    /// scripts. That an answer has a status of an error is not among it.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.driver.browser_log().await.expect("a log");
        let messages = log.into_iter().map(|entry| entry.message);
        messages.filter(|message| !message.contains("the server responded with a status of 4")).collect()
    }

    /// Looks at the page like this from now on.
    pub(crate) async fn look(&self, view: View) {
        let View { width, height, device, scheme } = view;
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": device == "phone" });
        self.command("Emulation.setDeviceMetricsOverride", metrics).await;
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.command("Emulation.setEmulatedMedia", features).await;
    }

    pub(crate) async fn evaluate(&self, script: &str) -> Value {
        let result = self.driver.execute(script, Vec::new()).await.expect("a script");
        result.json().clone()
    }

    /// Saves what is seen of the whole page.
    pub(crate) async fn save_screenshot(&self, file: &Path) {
        let whole = json!({ "captureBeyondViewport": true, "format": "png" });
        let shot = self.command("Page.captureScreenshot", whole).await;
        let encoded = shot["data"].as_str().expect("a picture");
        let picture = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, encoded);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, picture.expect("base64")).expect("a file");
    }

    async fn command(&self, name: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(name, parameters).await.expect(name)
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Ends its browser, too: it is the driver's child and is told to go with it.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

fn start_driver() -> (Child, u16) {
    let mut process = Command::new("chromedriver")
        .arg("--port=0")
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
