//! `rapport associate`: the people who answer, looked after from the command line.
//!
//! For the first admin, and for the day on which nobody can sign in. Everything else is done in
//! the inbox. It works on the store itself, also while the bridge runs.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use rapport_model::id::TeamId;

use super::AssociateCommand;
use crate::{
    clock::SystemClock,
    config::{Config, StoreUrl},
    server,
    store::{AssociateChange, Invited, NewAssociate, Role, Store, fit_name, is_email},
};

/// Does one thing in the store and prints what became of it.
pub(super) async fn run(config: Config, command: AssociateCommand) -> anyhow::Result<()> {
    match &command {
        AssociateCommand::Add { email, name, .. } => {
            anyhow::ensure!(
                is_email(email),
                "\"{email}\" is no e-mail address: write it as name@shop.example."
            );
            if let Err(reason) = fit_name(name) {
                anyhow::bail!("--name: {reason}.");
            }
        }
        // Whoever asks about the people in a store did not mean to make an empty one.
        _ => require_store(&config)?,
    }
    let (store, writer) = server::open_store_only(&config, Arc::new(SystemClock)).await?;
    let outcome = act(&config, &store, command).await;
    drop(store);
    // What was submitted is committed before the process ends.
    writer.await.context("The store's writer failed")?;
    outcome
}

async fn act(config: &Config, store: &Store, command: AssociateCommand) -> anyhow::Result<()> {
    match command {
        AssociateCommand::Add { email, name, admin, teams } => {
            for team in &teams {
                let known = config.teams.iter().any(|known| known.id.as_str() == team);
                anyhow::ensure!(known, "There is no team \"{team}\" in the configuration.");
            }
            let role = if admin { Role::Admin } else { Role::Associate };
            let teams = teams.into_iter().map(TeamId).collect();
            let new = NewAssociate { name: name.trim().to_owned(), email: email.clone(), role, teams };
            let invited = store
                .insert_associate(None, new)
                .await
                .with_context(|| format!("{email} was not invited"))?;
            println!("{email} is invited. This link works once, within 72 hours:");
            print_link(config, &invited);
        }
        AssociateCommand::Disable { email } => {
            let associate = find(store, &email).await?;
            let change = AssociateChange { active: Some(false), ..Default::default() };
            store.update_associate(None, &associate.id, change).await?;
            println!("{email} can no longer sign in; sessions and live streams end within 5 seconds.");
        }
        AssociateCommand::Enable { email } => {
            let associate = find(store, &email).await?;
            let change = AssociateChange { active: Some(true), ..Default::default() };
            store.update_associate(None, &associate.id, change).await?;
            if associate.has_password {
                println!("{email} can sign in again.");
            } else {
                println!(
                    "{email} is enabled and has no password yet. A link for one: rapport associate reset {email}"
                );
            }
        }
        AssociateCommand::Reset { email } => {
            let associate = find(store, &email).await?;
            anyhow::ensure!(associate.active, "{email} is disabled: rapport associate enable {email} first.");
            let invited = store.insert_reset(None, &associate.id).await?;
            println!("This link sets a new password for {email}. It works once, within 72 hours:");
            print_link(config, &invited);
        }
        AssociateCommand::List => {
            let associates = store.list_associates().await?;
            for associate in &associates {
                let state = if associate.active { "active" } else { "disabled" };
                let teams: Vec<&str> = associate.teams.iter().map(TeamId::as_str).collect();
                let teams = if teams.is_empty() { "no team".to_owned() } else { teams.join(", ") };
                println!(
                    "{}  {}  {}  {state}  {teams}",
                    associate.email,
                    associate.name,
                    associate.role.as_str()
                );
            }
            match associates.len() {
                0 => println!("There are no associates yet: rapport associate add EMAIL --name NAME --admin"),
                1 => println!("1 associate."),
                many => println!("{many} associates."),
            }
        }
    }
    Ok(())
}

pub(super) fn require_store(config: &Config) -> anyhow::Result<()> {
    match &config.store {
        StoreUrl::Sqlite(path) if !path.exists() => anyhow::bail!(
            "There is no store at {}. Name the configuration of the right one with --config FILE, or start \
             `rapport serve` once.",
            path.display()
        ),
        _ => Ok(()),
    }
}

async fn find(store: &Store, email: &str) -> anyhow::Result<crate::store::Associate> {
    store
        .find_associate_by_email(email)
        .await?
        .with_context(|| format!("Nobody signs in with {email}: rapport associate list shows who does"))
}

fn print_link(config: &Config, invited: &Invited) {
    let bound: SocketAddr = config.server.listen;
    let base = config.server.public_url(bound);
    println!("{}/invitation/{}", base.as_str().trim_end_matches('/'), invited.token.expose());
}
