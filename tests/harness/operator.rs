use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::Value;

use super::{PASSWORD, Server, ServerBuilder, SignedIn};

/// What a command of an operator left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// What was printed by a command that went well.
    #[track_caller]
    pub(crate) fn output(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.stdout
    }

    /// The JSON that was printed by a command that went well.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.output()).expect("the output is JSON")
    }

    /// The one line that says why a command did nothing.
    #[track_caller]
    pub(crate) fn failure(&self) -> &str {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        self.stderr.trim_end().strip_prefix("error: ").expect("a failure says that it is one")
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |octets| String::from_utf8(octets).expect("the program writes text");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl ServerBuilder {
    /// Runs a command to its end, with `input` on its standard input.
    pub(crate) async fn run(&self, arguments: &[&str], input: &[u8]) -> Finished {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = input.to_vec();
        let run = move || {
            let mut child = command.spawn().expect("the binary runs");
            let mut stdin = child.stdin.take().expect("piped");
            let writer = std::thread::spawn(move || {
                // A command that has seen enough hangs up.
                let _ = stdin.write_all(&input);
            });
            let output = child.wait_with_output().expect("a child can be waited for");
            writer.join().expect("the writer ends");
            Finished::from(output)
        };
        tokio::task::spawn_blocking(run).await.expect("the command ends")
    }
}

impl Server {
    /// Runs a command on this server's data, beside it.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Finished {
        self.builder.run(arguments, b"").await
    }

    /// The same with `input` on its standard input.
    pub(crate) async fn run_with(&self, arguments: &[&str], input: &[u8]) -> Finished {
        self.builder.run(arguments, input).await
    }

    /// An administrator, made as an operator makes the first one, who is signed in.
    pub(crate) async fn administrator(&self, email: &str) -> SignedIn {
        let create = ["user", "create", "--email", email, "--admin", "--password-stdin"];
        self.run_with(&create, PASSWORD.as_bytes()).await.output();
        self.login(email, PASSWORD).await
    }
}
