use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portcullis_throwaway_port::Port;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::{Answer, PATIENCE};

/// An nginx of a test's own; killed when dropped.
pub(crate) struct Nginx {
    process: Child,
    folder: TempDir,
    port: Port,
    client: Client,
}

/// What surrounds the configuration under test: one process that is no daemon, and nothing outside of its
/// folder.
const SURROUNDINGS: &str = "\
daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
events {}
http {
    access_log off;
    client_body_temp_path bodies;
    proxy_temp_path proxied;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include site.conf;
}
";

impl Nginx {
    /// Serves a configuration in which each of these is replaced, and which listens on port 80 but for that.
    pub(crate) async fn start(configuration: &str, replacements: &[(&str, &str)]) -> Self {
        let port = Port::keep().expect("a free port");
        let listen = format!("listen {};", port.address());
        let mut site = configuration.to_owned();
        for (written, instead) in replacements.iter().chain([&("listen 80;", listen.as_str())]) {
            assert!(site.contains(written), "{written} is not in the configuration");
            site = site.replace(written, instead);
        }
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::write(folder.path().join("nginx.conf"), SURROUNDINGS).expect("the folder can be written");
        std::fs::write(folder.path().join("site.conf"), site).expect("the folder can be written");
        let process = spawn(folder.path());
        let client = Client::builder().redirect(Policy::none()).timeout(Duration::from_mins(1)).build();
        let mut nginx = Self { process, folder, port, client: client.expect("a client") };
        nginx.wait_until_it_serves().await;
        nginx
    }

    async fn wait_until_it_serves(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(self.port.address()).await.is_err() {
            let ended = self.process.try_wait().expect("a child can be waited for");
            assert!(ended.is_none() && Instant::now() < deadline, "nginx does not serve:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("a log")
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.port.address()))
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        match request.send().await {
            Ok(response) => Answer::read(response).await,
            Err(error) => panic!("{error:?}\n{}", self.log()),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_as(&self, access_token: &str, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(access_token)).await
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Debian keeps nginx where the search path of those who are not root does not lead.
fn spawn(folder: &Path) -> Child {
    let log = std::fs::File::create(folder.join("log")).expect("the folder can be written");
    let binary = if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
    Command::new(binary)
        .arg("-p")
        .arg(folder)
        .args(["-c", "nginx.conf"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("nginx is needed, which `./test` installs: {binary}: {error}"))
}
