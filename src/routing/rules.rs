//! Rules as data: what a retailer writes to name a team, a topic, a language or skills. Each has closed
//! conditions, all of which must hold, and closed actions. Pure.
//!
//! Rules are read in their order: the first team that one names counts, and so do the first topic and the
//! first language; skills add up. No rule can lower a place in the queue, or keep one from a person.

use rapport_model::id::{InboxId, TeamId};
use regex::{Regex, RegexBuilder};

/// The longest pattern, in characters.
pub const LONGEST_PATTERN: usize = 500;
/// How large a pattern may become once it is compiled, in bytes.
const LARGEST_PATTERN: usize = 1 << 18;
/// So much of a message is looked at, in bytes.
const LOOKED_AT: usize = 64 << 10;

/// A pattern over a text, in the syntax of Rust's `regex`; case makes no difference.
pub fn pattern(text: &str) -> Result<Regex, String> {
    if text.is_empty() {
        return Err("It is empty and would match everything.".to_owned());
    }
    if text.chars().count() > LONGEST_PATTERN {
        return Err(format!("It is longer than {LONGEST_PATTERN} characters."));
    }
    RegexBuilder::new(text).case_insensitive(true).size_limit(LARGEST_PATTERN).build().map_err(|error| {
        match error {
            regex::Error::CompiledTooBig(_) => {
                "It is too large: repeat less, or match fewer kinds of characters.".to_owned()
            }
            other => {
                let last = other.to_string();
                let last = last.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                format!("It is no pattern: {last}.")
            }
        }
    })
}

/// One rule.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    /// Its name, as explanations show it.
    pub name: String,
    /// On this inbox.
    pub inbox: Option<InboxId>,
    /// Of this brand.
    pub brand: Option<String>,
    /// In this language.
    pub language: Option<String>,
    /// About this topic.
    pub topic: Option<String>,
    /// Where the subject of the letter matches.
    pub subject: Option<Regex>,
    /// Where the text matches.
    pub text: Option<Regex>,
    /// Then it goes to this team.
    pub to_team: Option<TeamId>,
    /// Then this is its topic.
    pub as_topic: Option<String>,
    /// Then this is its language.
    pub as_language: Option<String>,
    /// Then whoever answers should know these.
    pub skills: Vec<String>,
}

/// What rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The inbox.
    pub inbox: &'a InboxId,
    /// Its brand.
    pub brand: &'a str,
    /// The language, as far as is known: the inbox's.
    pub language: &'a str,
    /// The subject of the letter, where it is one.
    pub subject: Option<&'a str>,
    /// The text.
    pub text: &'a str,
}

/// What they say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The team, and the rule that names it.
    pub team: Option<(TeamId, String)>,
    /// What whoever answers should know: topic, language and skills.
    pub wanted: Vec<String>,
    /// The rules that matched.
    pub matched: Vec<String>,
}

/// Reads the rules.
pub fn read(rules: &[Rule], about: Subject<'_>) -> Reading {
    let mut reading = Reading::default();
    let (mut topic, mut language): (Option<String>, Option<String>) = (None, None);
    for rule in rules {
        if !matches(rule, about, topic.as_deref(), language.as_deref().unwrap_or(about.language)) {
            continue;
        }
        reading.matched.push(rule.name.clone());
        if let (None, Some(team)) = (&reading.team, &rule.to_team) {
            reading.team = Some((team.clone(), rule.name.clone()));
        }
        topic = topic.or_else(|| rule.as_topic.clone());
        language = language.or_else(|| rule.as_language.clone());
        reading.wanted.extend(rule.skills.iter().cloned());
    }
    reading.wanted.extend(topic);
    reading.wanted.push(language.unwrap_or_else(|| about.language.to_owned()));
    reading.wanted.sort();
    reading.wanted.dedup();
    reading
}

fn matches(rule: &Rule, about: Subject<'_>, topic: Option<&str>, language: &str) -> bool {
    let within = |pattern: &Option<Regex>, text: Option<&str>| {
        pattern.as_ref().is_none_or(|pattern| text.is_some_and(|text| pattern.is_match(beginning(text))))
    };
    rule.inbox.as_ref().is_none_or(|inbox| inbox == about.inbox)
        && rule.brand.as_ref().is_none_or(|brand| brand == about.brand)
        && rule.language.as_ref().is_none_or(|wanted| wanted == language)
        && rule.topic.as_ref().is_none_or(|wanted| topic == Some(wanted))
        && within(&rule.subject, about.subject)
        && within(&rule.text, Some(about.text))
}

fn beginning(text: &str) -> &str {
    let mut end = text.len().min(LOOKED_AT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about<'a>(inbox: &'a InboxId, text: &'a str) -> Subject<'a> {
        Subject { inbox, brand: "shop", language: "de", subject: None, text }
    }

    fn rule(name: &str, text: &str) -> Rule {
        Rule { name: name.to_owned(), text: Some(pattern(text).unwrap()), ..Rule::default() }
    }

    #[test]
    fn the_first_rule_that_names_a_team_counts_and_skills_add_up() {
        let inbox = InboxId::from("mail");
        let rules = [
            Rule { as_topic: Some("returns".to_owned()), ..rule("words", "zurück|return") },
            Rule {
                text: None,
                topic: Some("returns".to_owned()),
                to_team: Some("orders".into()),
                skills: vec!["parcels".to_owned()],
                ..rule("returns", "x")
            },
            Rule { to_team: Some("advice".into()), ..rule("late", ".") },
        ];
        let reading = read(&rules, about(&inbox, "Ich möchte sie ZURÜCK geben"));
        assert_eq!(reading.team, Some(("orders".into(), "returns".to_owned())));
        assert_eq!(reading.wanted, ["de", "parcels", "returns"]);
        assert_eq!(reading.matched, ["words", "returns", "late"]);
        assert_eq!(read(&rules, about(&inbox, "Guten Tag")).team, Some(("advice".into(), "late".to_owned())));
    }

    #[test]
    fn every_condition_of_a_rule_must_hold() {
        let inbox = InboxId::from("mail");
        let whole = Rule {
            inbox: Some("mail".into()),
            brand: Some("shop".to_owned()),
            language: Some("de".to_owned()),
            to_team: Some("orders".into()),
            ..rule("whole", "paket")
        };
        assert!(read(std::slice::from_ref(&whole), about(&inbox, "Mein Paket")).team.is_some());
        let broken = [
            Rule { inbox: Some("sms".into()), ..whole.clone() },
            Rule { brand: Some("other".to_owned()), ..whole.clone() },
            Rule { language: Some("fr".to_owned()), ..whole.clone() },
            Rule { topic: Some("returns".to_owned()), ..whole.clone() },
            Rule { subject: Some(pattern("paket").unwrap()), ..whole },
        ];
        for rule in broken {
            assert_eq!(read(std::slice::from_ref(&rule), about(&inbox, "Mein Paket")).team, None, "{rule:?}");
        }
    }

    #[test]
    fn a_pattern_that_is_too_large_or_none_is_refused_with_the_reason() {
        assert!(pattern(r"\w{5000}").unwrap_err().contains("too large"));
        assert!(pattern("(").unwrap_err().contains("no pattern"));
        assert!(pattern("").unwrap_err().contains("empty"));
        assert!(pattern(&"a".repeat(501)).unwrap_err().contains("500"));
    }
}
