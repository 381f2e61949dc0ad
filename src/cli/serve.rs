//! `rapport serve`: the bridge, until it is asked to stop.
//!
//! Says where to go and how to sign in, waits for Ctrl+C or SIGTERM, and stops cleanly.

use std::sync::Arc;

use anyhow::Context as _;

use crate::{clock::SystemClock, config::Config, server::Server};

/// Runs until the process is asked to end.
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let playground = config.playground.enabled;
    let server = Server::start(config, Arc::new(SystemClock)).await?;
    greet(&server, playground).await;
    wait_for_the_end().await?;
    println!("Rapport is stopping.");
    server.stop().await;
    println!("Rapport has stopped. Everything that was accepted is stored.");
    Ok(())
}

async fn greet(server: &Server, playground: bool) {
    let base = server.public_url().as_str().trim_end_matches('/');
    println!();
    println!("Rapport is running.");
    println!("Inbox:      {base}/");
    if playground {
        println!("Playground: {base}/playground");
    }
    println!("Listening:  {}", server.address());
    println!();
    for sign_in in server.sign_ins() {
        println!("Sign in: {} {}", sign_in.email, sign_in.password);
    }
    if !server.sign_ins().is_empty() {
        println!("These passwords are shown this once. A new link comes from: rapport associate reset EMAIL");
        println!();
        return;
    }
    match server.engine().store().list_associates().await {
        Ok(associates) if associates.is_empty() => {
            println!(
                "Nobody can sign in yet. Invite the first one: rapport associate add EMAIL --name NAME --admin"
            );
        }
        Ok(associates) if playground => {
            let emails: Vec<&str> = associates.iter().map(|associate| associate.email.as_str()).collect();
            println!("Sign in as before: {}", emails.join(", "));
            println!(
                "Forgotten? rapport associate reset EMAIL --config FILE prints a link for a new password."
            );
        }
        Ok(_) | Err(_) => {}
    }
    println!();
}

/// Ctrl+C, or SIGTERM from a supervisor.
async fn wait_for_the_end() -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be waited for")?;
        tokio::select! {
            ended = tokio::signal::ctrl_c() => ended.context("Ctrl+C can't be waited for")?,
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.context("Ctrl+C can't be waited for")?;
    Ok(())
}
