//! What is measured: the built binary as a process of its own, on a database of its own. The
//! reference runs the same way, as a second process of this bench.

use std::{
    fmt::Write as _,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rapport_fakes::FakeTwilio;

use crate::{load, sms};

/// The binary, built with the same profile as this bench.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_rapport");

/// How long a start may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A process that answers HTTP.
pub(crate) struct Process {
    child: Child,
    pub address: SocketAddr,
    /// From its spawn to the first good answer.
    pub started: Duration,
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Process {
    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    async fn start(
        mut command: Command,
        address: SocketAddr,
        (ready, status): (&str, u16),
    ) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let began = Instant::now();
        let child = command.spawn().context("the process can't be started")?;
        let mut process = Self { child, address, started: Duration::ZERO };
        let request = load::get(address, ready, "");
        loop {
            if let Ok(mut client) = load::Client::connect(address).await
                && let Ok(answer) = client.ask(&request).await
                && answer.status == status
            {
                process.started = began.elapsed();
                return Ok(process);
            }
            if let Some(status) = process.child.try_wait()? {
                bail!("the process ended at its start: {status}");
            }
            if began.elapsed() > PATIENCE {
                bail!("the process was not ready in time");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Starts the bridge on a database, with the inboxes of the bench. Its own files stand in `folder`.
pub(crate) async fn bridge(url: &str, folder: &Path, provider: &FakeTwilio) -> anyhow::Result<Process> {
    of_inbox(url, folder, &inboxes(provider)?, &[("BENCH_TOKEN", sms::TOKEN)]).await
}

/// The same with inboxes that are given, as they stand in the file, and what they take from the environment.
pub(crate) async fn of_inbox(
    url: &str,
    folder: &Path,
    inboxes: &str,
    environment: &[(&str, &str)],
) -> anyhow::Result<Process> {
    let address = free_address()?;
    let file = configuration(url, folder, address, inboxes)?;
    let mut command = Command::new(BINARY);
    command.args(["serve", "--config"]).arg(file).envs(environment.iter().copied());
    Process::start(command, address, ("/readyz", 200)).await
}

/// Starts the reference on a filled database.
pub(crate) async fn reference(url: &str, customers: usize) -> anyhow::Result<Process> {
    let address = free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--reference", url, &address.to_string(), &customers.to_string()]);
    Process::start(command, address, ("/", 404)).await
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn configuration(url: &str, folder: &Path, address: SocketAddr, inboxes: &str) -> anyhow::Result<PathBuf> {
    let text = format!(
        "data_dir = \"{}\"\n[server]\nlisten = \"{address}\"\n[store]\nurl = \"{url}\"\n[log]\nfilter = \"error\"\n\
         [brand.shop]\nname = \"The Shop\"\n[team.advice]\nname = \"Advice\"\n[team.orders]\nname = \"Orders\"\n{inboxes}",
        folder.join("data").display()
    );
    std::fs::create_dir_all(folder)?;
    let file = folder.join("rapport.toml");
    std::fs::write(&file, text)?;
    Ok(file)
}

fn inboxes(provider: &FakeTwilio) -> anyhow::Result<String> {
    let mut text = String::new();
    for (customer, teams) in ["\"advice\"", "\"orders\"", "\"advice\", \"orders\""].iter().enumerate() {
        let (inbox, number) = sms::place(customer);
        writeln!(
            text,
            "[inbox.{inbox}]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"{number}\"]\nteams = [{teams}]\n[inbox.{inbox}.sms]\n\
             account_sid = \"{}\"\nauth_token = {{ env = \"BENCH_TOKEN\" }}\napi_base = \"{}\"",
            sms::ACCOUNT,
            provider.api_base()
        )?;
    }
    Ok(text)
}
