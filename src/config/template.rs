//! The texts that may leave without a person, as the retailer approved them.
//!
//! The variables are a closed list, and a text that says more than "it arrived, a person answers"
//! is refused: see `forbidden`. Whether an acknowledgement is due is not decided here.

use std::collections::BTreeMap;

use super::{forbidden, problem::did_you_mean, reader::Section};

/// The variables that an acknowledgement may hold.
const VARIABLES: [&str; 3] = ["label", "person", "brand"];
/// Without these two the customer would not know who wrote, and who will.
const REQUIRED: [&str; 2] = ["label", "person"];
/// Longer texts would cost the customer's patience and the retailer several SMS.
const LONGEST: usize = 320;

/// The automatic texts, by language.
#[derive(Debug, Clone, Default)]
pub struct Templates(BTreeMap<String, Template>);

/// The automatic texts of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Says that a machine wrote: "Automated message".
    pub label: String,
    /// Says that a person will answer.
    pub person: String,
    /// The acknowledgement, with its variables.
    pub ack: String,
}

impl Template {
    /// The acknowledgement as the customer reads it.
    pub fn render_ack(&self, brand: &str) -> String {
        // One pass over the template: a brand that is named "{label}" stays what it is.
        let mut out = String::with_capacity(self.ack.len() + 64);
        for piece in pieces(&self.ack) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable("label") => out.push_str(&self.label),
                Piece::Variable("person") => out.push_str(&self.person),
                Piece::Variable("brand") => out.push_str(brand),
                Piece::Variable(_) | Piece::Open => {}
            }
        }
        out
    }
}

impl Templates {
    /// The texts in `language`, where the retailer has them.
    pub fn get(&self, language: &str) -> Option<&Template> {
        self.0.get(language)
    }

    /// All languages that have texts.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn read(root: &Section<'_>) -> Self {
        let mut templates = BTreeMap::new();
        for section in root.named("templates") {
            let is_code = (2..=3).contains(&section.id().len())
                && section.id().bytes().all(|byte| byte.is_ascii_lowercase());
            if !is_code {
                section.refuse("", "It is not a language.", "Write its code, such as \"en\".");
            }
            let template = Template {
                label: read_text(&section, "label", "label = \"Automated message\"."),
                person: read_text(&section, "person", "person = \"A person will answer you here.\"."),
                ack: read_text(
                    &section,
                    "ack",
                    "ack = \"{label}: {brand} has received your message. {person}\".",
                ),
            };
            check_variables(&section, &template);
            section.finish();
            templates.insert(section.id().to_owned(), template);
        }
        Self(templates)
    }
}

fn read_text(section: &Section<'_>, key: &'static str, example: &str) -> String {
    if !section.has(key) {
        section.missing(key, example);
    }
    let Some(text) = section.text(key) else {
        return String::new();
    };
    if text.trim().is_empty() {
        section.refuse(key, "It is empty.", format!("Write {example}"));
    }
    if text.chars().count() > LONGEST {
        let reason = format!("It is longer than {LONGEST} characters.");
        section.refuse(key, reason, "Say only that it arrived and that a person answers.");
    }
    if let Some(found) = forbidden::find(&text) {
        let reason = format!("It says \"{}\": {}.", found.word, found.reason);
        section.refuse(key, reason, "Leave it to the person who answers.");
    }
    text.trim().to_owned()
}

fn check_variables(section: &Section<'_>, template: &Template) {
    for (key, text) in [("label", &template.label), ("person", &template.person)] {
        if text.contains(['{', '}']) {
            section.refuse(key, "It can't hold a variable.", "Leave out { and }.");
        }
    }
    for piece in pieces(&template.ack) {
        match piece {
            Piece::Variable(name) if !VARIABLES.contains(&name) => {
                let suggestion = did_you_mean(name, VARIABLES)
                    .unwrap_or_else(|| "Known are {label}, {person} and {brand}.".to_owned());
                let reason = format!("There is no variable {{{name}}}.");
                section.refuse("ack", reason, suggestion);
            }
            Piece::Open => {
                section.refuse("ack", "A { or } stands alone.", "Write {label}, for example.");
            }
            _ => {}
        }
    }
    for name in REQUIRED {
        let is_there =
            pieces(&template.ack).any(|piece| matches!(piece, Piece::Variable(found) if found == name));
        if !template.ack.is_empty() && !is_there {
            let reason = format!("It lacks {{{name}}}.");
            section.refuse(
                "ack",
                reason,
                "The customer has to read that a machine wrote and that a person will answer.",
            );
        }
    }
}

enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
    /// A brace without its other half.
    Open,
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(at) = rest.find(['{', '}']) else {
            return Some(Piece::Text(std::mem::take(&mut rest)));
        };
        if at > 0 {
            let (before, after) = rest.split_at(at);
            rest = after;
            return Some(Piece::Text(before));
        }
        let end = rest.find('}').filter(|_| rest.starts_with('{'));
        if let Some(end) = end {
            let name = &rest[1..end];
            rest = &rest[end + 1..];
            return Some(Piece::Variable(name));
        }
        rest = &rest[1..];
        Some(Piece::Open)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_is_filled_in_once_and_a_brand_is_no_template() {
        let template = Template {
            label: "Automated message".to_owned(),
            person: "A person will answer.".to_owned(),
            ack: "{label}: {brand} has it. {person}".to_owned(),
        };
        assert_eq!(
            template.render_ack("{person} & Co"),
            "Automated message: {person} & Co has it. A person will answer."
        );
    }
}
