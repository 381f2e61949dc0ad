//! `[routing]`: how soon somebody has to be back, and the rules. A rule that can't be read is refused with
//! its place; a bridge that runs keeps those that it began with.

use std::time::Duration;

use rapport_model::id::{InboxId, TeamId};

use super::{
    inbox::{Brand, Inbox, Team},
    problem::did_you_mean,
    reader::Section,
};
use crate::routing::rules::{self, Rule};

/// There are no more rules than this.
const MOST_RULES: usize = 200;

/// How it is found whose a conversation is.
#[derive(Debug, Clone)]
pub struct Routing {
    /// How soon an associate has to be back to be waited for.
    pub back_within: Duration,
    /// In the order in which they are read.
    pub rules: Vec<Rule>,
}

pub(super) fn read(section: &Section<'_>, teams: &[Team], brands: &[Brand], inboxes: &[Inbox]) -> Routing {
    let minutes = section.number("back_within_minutes", 0, 10_080).unwrap_or_default();
    let mut rules = Vec::new();
    let tables = section.tables("rule");
    if tables.len() > MOST_RULES {
        section.refuse("rule", format!("There are more than {MOST_RULES} rules."), "Join some of them.");
    }
    for (at, table) in tables.iter().enumerate() {
        let rule = read_rule(table, at + 1, teams, brands, inboxes);
        table.finish();
        rules.push(rule);
    }
    section.finish();
    Routing { back_within: Duration::from_secs(u64::from(minutes) * 60), rules }
}

fn read_rule(table: &Section<'_>, n: usize, teams: &[Team], brands: &[Brand], inboxes: &[Inbox]) -> Rule {
    let pattern = |key: &'static str| {
        let text = table.text(key)?;
        rules::pattern(&text).map_err(|reason| table.refuse(key, reason, "")).ok()
    };
    let word = |key: &'static str| table.text(key).map(|word| word.trim().to_lowercase());
    let rule = Rule {
        name: table.text("name").unwrap_or_else(|| format!("rule {n}")),
        inbox: known(table, "inbox", inboxes.iter().map(|inbox| inbox.id.as_str())).map(InboxId),
        brand: known(table, "brand", brands.iter().map(|brand| brand.id.as_str())),
        language: word("language"),
        topic: word("topic"),
        subject: pattern("subject"),
        text: pattern("text"),
        to_team: known(table, "to_team", teams.iter().map(|team| team.id.as_str())).map(TeamId),
        as_topic: word("as_topic"),
        as_language: word("as_language"),
        skills: table.list("skills").iter().map(|skill| skill.trim().to_lowercase()).collect(),
    };
    let acts = ["to_team", "as_topic", "as_language", "skills"].iter().any(|key| table.has(key));
    if !acts {
        table.refuse(
            "",
            "The rule does nothing.",
            "Write to_team, as_topic, as_language or skills: what follows where it matches.",
        );
    }
    rule
}

/// A name that has to be one of those that are known.
fn known<'a>(
    table: &Section<'_>,
    key: &'static str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Option<String> {
    let name = table.text(key)?;
    if names.clone().any(|known| known == name) {
        return Some(name);
    }
    let suggestion =
        did_you_mean(&name, names).unwrap_or_else(|| "Name one of the configuration.".to_owned());
    table.refuse(key, format!("There is no such name: \"{name}\"."), suggestion);
    None
}
