//! Who serves what: teams, brands and inboxes.
//!
//! An inbox has one account on one channel. Which channels there are, and what an account needs,
//! is the registry's to know: this file hands it the table with the channel's name.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use rapport_model::{
    Address,
    id::{ChannelName, InboxId, TeamId},
};

use super::{env::folded, problem::did_you_mean, reader::Section, template::Templates};
use crate::registry::{self, Account, Surroundings};

/// A group of associates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its name in the configuration.
    pub id: TeamId,
    /// Its name for people.
    pub name: String,
}

/// A brand: what customers believe to talk to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// Its name in the configuration.
    pub id: String,
    /// Its name for people.
    pub name: String,
}

/// One configured account on a channel.
#[derive(Debug, Clone)]
pub struct Inbox {
    /// Its name in the configuration and in the address of its webhook.
    pub id: InboxId,
    /// Its name for people.
    pub name: String,
    /// The brand whose customers write here: the id of one of [`super::Config::brands`].
    pub brand: String,
    /// Where its day begins and ends.
    pub zone: TimeZone,
    /// The language of automatic texts where nothing better is known.
    pub language: String,
    /// Our own addresses on it, in the channel's canonical form. The first is the usual sender.
    pub addresses: Vec<Address>,
    /// The teams that serve it; none means everybody.
    pub teams: Vec<TeamId>,
    /// Whether the bot may speak here.
    pub bot_enabled: bool,
    /// The account, which only the registry looks into.
    pub account: Account,
}

impl Inbox {
    /// The name of its channel, to show and to store.
    pub fn channel(&self) -> ChannelName {
        self.account.channel()
    }

    /// The name of its time zone: "Europe/Berlin".
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }
}

pub(super) fn read_teams(root: &Section<'_>) -> Vec<Team> {
    let read = |section: Section<'_>| {
        check_id(&section);
        let name = name_of(&section);
        section.finish();
        Team { id: section.id().into(), name }
    };
    root.named("team").into_iter().map(read).collect()
}

/// The brands that have a table of their own.
pub(super) fn read_brands(root: &Section<'_>) -> Vec<Brand> {
    let read = |section: Section<'_>| {
        check_id(&section);
        let name = name_of(&section);
        section.finish();
        Brand { id: section.id().to_owned(), name }
    };
    root.named("brand").into_iter().map(read).collect()
}

/// The inboxes. A brand that only an inbox names is added to `brands`.
pub(super) fn read_inboxes(
    root: &Section<'_>,
    teams: &[Team],
    brands: &mut Vec<Brand>,
    templates: &Templates,
    playground: bool,
) -> Vec<Inbox> {
    let mut seen = BTreeSet::new();
    let mut inboxes = Vec::new();
    let written = brands.len();
    let sections = root.named("inbox");
    for section in &sections {
        check_id(section);
        if !seen.insert(folded(section.id())) {
            section.refuse(
                "",
                "Another inbox has this name, but for - and _.",
                "A variable of the environment could not tell the two apart: rename one.",
            );
        }
        let inbox = read_inbox(section, teams, templates, playground);
        section.finish();
        let Some(inbox) = inbox else { continue };
        let tables = || brands[..written].iter().map(|brand| brand.id.as_str());
        if tables().all(|id| id != inbox.brand)
            && let Some(suggestion) = did_you_mean(&inbox.brand, tables())
        {
            let reason = format!("There is no [brand.{}], so it is a brand of its own.", inbox.brand);
            section.note("brand", reason, suggestion);
        }
        if !brands.iter().any(|brand| brand.id == inbox.brand) {
            brands.push(Brand { id: inbox.brand.clone(), name: inbox.brand.clone() });
        }
        inboxes.push(inbox);
    }
    // Of an inbox that can't be read nobody knows what it meant to name.
    if !inboxes.is_empty() && inboxes.len() == sections.len() {
        note_unused(root, &inboxes);
    }
    inboxes
}

/// A table that no inbox names is left over, or misspelt here or there.
fn note_unused(root: &Section<'_>, inboxes: &[Inbox]) {
    for brand in root.named("brand") {
        if inboxes.iter().all(|inbox| inbox.brand != brand.id()) {
            brand.note("", "No inbox has this brand.", "Name it in an inbox, or leave it out.");
        }
    }
    for team in root.named("team") {
        if inboxes.iter().all(|inbox| inbox.teams.iter().all(|id| id.as_str() != team.id())) {
            team.note("", "No inbox names this team.", "It gets only what somebody assigns to it.");
        }
    }
}

fn read_inbox(
    section: &Section<'_>,
    teams: &[Team],
    templates: &Templates,
    playground: bool,
) -> Option<Inbox> {
    let name = name_of(section);
    let brand = section.text("brand").filter(|brand| !brand.trim().is_empty());
    if brand.is_none() {
        section.missing("brand", "brand = \"shop\": the brand whose customers write here.");
    }
    let zone = read_zone(section);
    let language = section.text_or("language", "en");
    if templates.get(&language).is_none() {
        let suggestion = did_you_mean(&language, templates.languages()).unwrap_or_else(|| {
            let known: Vec<&str> = templates.languages().collect();
            format!("Add [templates.{language}], or take one of {}.", known.join(", "))
        });
        let reason = format!("There are no automatic texts in \"{language}\".");
        section.refuse("language", reason, suggestion);
    }
    let bot = section.section("bot");
    let bot_enabled = bot.flag_or("enabled", true);
    bot.finish();
    let addresses = section.list("addresses");
    if addresses.is_empty() && !section.is_refused("addresses") {
        let channel = registry::CHANNELS.iter().find(|channel| section.has(channel.name));
        let example = channel.map_or("[\"...\"]", |channel| channel.addresses);
        section.missing("addresses", &format!("the inbox's own addresses, such as addresses = {example}."));
    }
    let teams = read_served(section, teams);
    let account = read_account(section, &addresses, playground)?;
    Some(Inbox {
        id: section.id().into(),
        name,
        brand: brand?,
        zone,
        language,
        addresses: addresses.iter().map(|address| account.canonical(address)).collect(),
        teams,
        bot_enabled,
        account,
    })
}

fn read_served(section: &Section<'_>, teams: &[Team]) -> Vec<TeamId> {
    let mut served: Vec<TeamId> = Vec::new();
    for team in section.list("teams") {
        if !teams.iter().any(|known| known.id.as_str() == team) {
            let names = teams.iter().map(|known| known.id.as_str());
            let suggestion =
                did_you_mean(&team, names).unwrap_or_else(|| format!("Add [team.{team}], or leave it out."));
            section.refuse("teams", format!("There is no team \"{team}\"."), suggestion);
        }
        let team = TeamId(team);
        if !served.contains(&team) {
            served.push(team);
        }
    }
    served
}

fn read_account(section: &Section<'_>, addresses: &[String], playground: bool) -> Option<Account> {
    let mut written = registry::CHANNELS.iter().filter(|channel| section.has(channel.name));
    let Some(channel) = written.next() else {
        let names: Vec<String> =
            registry::CHANNELS.iter().map(|channel| format!("[{}]", section.path_of(channel.name))).collect();
        let suggestion = format!("Add {} with its keys.", names.join(" or "));
        section.refuse("", "The inbox has no channel.", suggestion);
        return None;
    };
    if let Some(second) = written.next() {
        section.refuse(
            second.name,
            "An inbox has one channel.",
            "Make an inbox of its own for the other one.",
        );
    }
    let table = section.section(channel.name);
    let account = (channel.read)(&table, &Surroundings { inbox: section, addresses, playground });
    table.finish();
    Some(account)
}

fn read_zone(section: &Section<'_>) -> TimeZone {
    if !section.has("zone") {
        section.missing("zone", "zone = \"Europe/Berlin\": the time zone in which its day passes.");
    }
    let Some(name) = section.text("zone") else {
        return TimeZone::UTC;
    };
    TimeZone::get(&name).unwrap_or_else(|_| {
        let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
        let suggestion = did_you_mean(&name, known.iter().map(String::as_str))
            .unwrap_or_else(|| "Write a name such as \"Europe/Berlin\".".to_owned());
        section.refuse("zone", format!("There is no time zone \"{name}\"."), suggestion);
        TimeZone::UTC
    })
}

fn name_of(section: &Section<'_>) -> String {
    section.text("name").filter(|name| !name.trim().is_empty()).unwrap_or_else(|| section.id().to_owned())
}

/// Ids stand in addresses of webhooks and in names of variables.
fn check_id(section: &Section<'_>) {
    let id = section.id();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let bounded = id.len() <= 63 && id.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !bounded || !id.chars().all(plain) || id.contains("__") {
        section.refuse(
            "",
            "The name should be lower-case letters, digits, - and single _, at most 63.",
            "It stands in addresses and in names of environment variables.",
        );
    }
}
