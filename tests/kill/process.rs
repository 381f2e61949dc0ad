//! The binary under test: configured, started, killed, asked to stop.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rapport_fakes::FakeTwilio;
use serde_json::json;
use url::Url;

use crate::{
    chats::Chats,
    post::{self, Post},
    testing::Fresh,
};

/// Our number.
pub(crate) const OURS: &str = "+4915550000001";
const BINARY: &str = env!("CARGO_BIN_EXE_rapport");
const TOKEN: &str = "RAPPORT_TEST_TWILIO_TOKEN";
/// A start that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// An installation: its configuration and its database.
pub(crate) struct Installation {
    pub(crate) base: String,
    pub(crate) fresh: Fresh,
    config: PathBuf,
    token: String,
    pub(crate) http: reqwest::Client,
    cookie: String,
    /// What the process finds in its surroundings beside the token.
    variables: Vec<(&'static str, String)>,
}

/// A running process. Killed when dropped.
pub(crate) struct Process {
    child: std::process::Child,
    pub(crate) ready_after: Duration,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Process {
    /// SIGKILL, and wait until it is gone.
    pub(crate) fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Whether it is still there.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// SIGTERM; how long it took to end. Waits without holding up the provider, which plays in this process.
    pub(crate) async fn stop(mut self) -> Duration {
        let begun = Instant::now();
        let pid = self.child.id().to_string();
        // The shell's own: a small Debian has no program of this name.
        let kill = format!("kill -TERM {pid}");
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        while self.is_alive() && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(self.child.wait().unwrap().success(), "it stops without an error");
        begun.elapsed()
    }
}

impl Installation {
    /// Writes a configuration for this provider, and invites an associate.
    pub(crate) async fn new(fresh: Fresh, provider: &FakeTwilio) -> Self {
        Self::set_up(fresh, provider, "", Vec::new()).await
    }

    /// The same with an inbox for e-mail beside the one for SMS, and one for each chat.
    pub(crate) async fn with(
        fresh: Fresh,
        provider: &FakeTwilio,
        post: &Post,
        chats: Option<&Chats>,
    ) -> Self {
        let tables = post.tables() + &chats.map(Chats::tables).unwrap_or_default();
        let variables = chats.map(|chats| chats.variables().to_vec()).unwrap_or_default();
        Self::set_up(fresh, provider, &tables, variables).await
    }

    async fn set_up(
        fresh: Fresh,
        provider: &FakeTwilio,
        more: &str,
        variables: Vec<(&'static str, String)>,
    ) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let config = fresh.folder.join("rapport.toml");
        let text = format!(
            "data_dir = \"{folder}/data\"\n[server]\nlisten = \"{address}\"\n[store]\nurl = \"{url}\"\n\
             [queue]\nundo_seconds = 0\n[log]\nfilter = \"warn\"\n\
             [inbox.shop]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"{OURS}\"]\n\
             [inbox.shop.sms]\naccount_sid = \"{sid}\"\nauth_token = {{ env = \"{TOKEN}\" }}\napi_base = \"{api}\"\n{more}",
            folder = fresh.folder.display(),
            url = fresh.url,
            sid = provider.account_sid(),
            api = provider.api_base(),
        );
        std::fs::write(&config, text).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a browser of the tests, not of the bridge")]
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
        let base = format!("http://{address}");
        provider.set_webhook(Url::parse(&format!("{base}/webhooks/shop")).unwrap());
        let token = provider.auth_token().to_owned();
        let mut new = Self { base, fresh, config, token, http, cookie: String::new(), variables };
        new.cookie = new.sign_in().await;
        new
    }

    async fn sign_in(&self) -> String {
        let mut command =
            self.command(&["associate", "add", "ada@shop.example", "--name", "Ada", "--admin"], "");
        let printed = command.stdout(Stdio::piped()).output().unwrap();
        let printed = String::from_utf8(printed.stdout).unwrap();
        let token = printed.trim().rsplit('/').next().unwrap().to_owned();
        let process = self.start("").await;
        let answer = self
            .http
            .post(format!("{}/api/v1/invitations/{token}", self.base))
            .header("x-rapport-csrf", "1")
            .json(&json!({"password": "a password for tests"}))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{printed}: {}", answer.status());
        let cookies = answer.headers().get_all("set-cookie").iter();
        let cookies: Vec<_> =
            cookies.map(|c| c.to_str().unwrap().split(';').next().unwrap().to_owned()).collect();
        process.stop().await;
        cookies.join("; ")
    }

    /// A request of the associate.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.header("x-rapport-csrf", "1").header("cookie", &self.cookie)
    }

    fn command(&self, arguments: &[&str], failpoints: &str) -> Command {
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        let mut command = Command::new(BINARY);
        command
            .args(arguments)
            .arg("--config")
            .arg(&self.config)
            .env(TOKEN, &self.token)
            .env(post::PASSWORD.0, post::PASSWORD.1)
            .env("FAILPOINTS", failpoints)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        command
    }

    /// Runs a command to its end, with these variables; whether it succeeded, and what it complained of.
    pub(crate) fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
        let mut command = self.command(arguments, "");
        let done = command.envs(variables.iter().copied()).stderr(Stdio::piped()).output().unwrap();
        (done.status.success(), String::from_utf8(done.stderr).unwrap())
    }

    /// Where the process writes what went wrong.
    pub(crate) fn log(&self) -> PathBuf {
        self.fresh.folder.join("stderr.log")
    }

    /// Starts the bridge with these fail points, and waits until it is ready or has ended.
    pub(crate) async fn start(&self, failpoints: &str) -> Process {
        let begun = Instant::now();
        let child = self.command(&["serve"], failpoints).spawn().unwrap();
        let mut process = Process { child, ready_after: Duration::ZERO };
        while begun.elapsed() < PATIENCE && process.is_alive() {
            let asked = self.http.get(format!("{}/readyz", self.base)).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        process.ready_after = begun.elapsed();
        assert!(process.ready_after < PATIENCE, "{}", tail(&self.log()));
        process
    }
}

/// The end of a log.
pub(crate) fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
