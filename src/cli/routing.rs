//! `rapport routing`: what the rules in the configuration would have done with the conversations of the past.
//! Reads the store and changes nothing.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use rapport_model::id::TeamId;

use super::{RoutingCommand, associate::require_store};
use crate::{
    clock::SystemClock,
    config::Config,
    engine::decide_routing,
    routing::{Decision, Reason},
    server,
    store::Store,
};

/// Does one thing and prints what it found.
pub(super) async fn run(config: Config, command: RoutingCommand) -> anyhow::Result<()> {
    require_store(&config)?;
    let (store, writer) = server::open_store_only(&config, Arc::new(SystemClock)).await?;
    let outcome = match command {
        RoutingCommand::DryRun { since } => dry_run(&config, &store, since).await,
    };
    drop(store);
    writer.await.context("The store's writer failed")?;
    outcome
}

/// How many went where, and why.
#[derive(Default)]
struct Counts {
    all: usize,
    other_team: usize,
    whereto: BTreeMap<String, usize>,
    rules: BTreeMap<String, usize>,
}

async fn dry_run(config: &Config, store: &Store, days: u32) -> anyhow::Result<()> {
    let since = store.now().minus(Duration::from_hours(24 * u64::from(days)));
    let mut counts = Counts::default();
    let mut behind = None;
    loop {
        let page = store.list_past_routing_facts(since, behind.as_ref()).await?;
        let Some((last, ..)) = page.last() else { break };
        behind = Some(last.conversation.clone());
        for (facts, _, team) in &page {
            let decision = decide_routing(config, store, facts).await?;
            counts.add(config, &decision, team.as_ref());
        }
    }
    println!("Conversations that began within {days} days: {}. They would have gone:", counts.all);
    for (whereto, many) in &counts.whereto {
        println!("  {many:>7}  {whereto}");
    }
    if !counts.rules.is_empty() {
        println!("By rules:");
        for (rule, many) in &counts.rules {
            println!("  {many:>7}  {rule}");
        }
    }
    println!("To another team than the one that they are with now: {}.", counts.other_team);
    println!("Nothing was changed.");
    Ok(())
}

impl Counts {
    fn add(&mut self, config: &Config, decision: &Decision, team: Option<&TeamId>) {
        self.all += 1;
        self.other_team += usize::from(decision.team.as_ref() != team);
        let of_team = decision.team.as_ref().map_or("everybody's queue", |id| {
            config.teams.iter().find(|team| team.id == *id).map_or(id.as_str(), |team| &team.name)
        });
        let mut whereto = None;
        for reason in &decision.reasons {
            match reason {
                Reason::Knows { .. } if decision.assignee.is_some() && decision.stands_in.is_none() => {
                    whereto = Some("to the associate whom the customer knows".to_owned());
                }
                Reason::StandsIn { .. } => whereto = Some("to a stand-in".to_owned()),
                Reason::LeastLoaded { .. } => whereto = Some(format!("to somebody of {of_team}")),
                Reason::Rule { rule, .. } => *self.rules.entry(rule.clone()).or_default() += 1,
                _ => {}
            }
        }
        let whereto = whereto.unwrap_or_else(|| format!("to the queue of {of_team}"));
        *self.whereto.entry(whereto).or_default() += 1;
    }
}
