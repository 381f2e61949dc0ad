//! The texts that may leave without a person, as the retailer approved them.
//!
//! The variables are a closed list, and a text that says more than "it arrived, a person answers"
//! is refused: see `forbidden`. Whether an acknowledgement is due is not decided here.

use std::collections::BTreeMap;

use super::{forbidden, problem::did_you_mean, reader::Section};

/// What a text may hold, what it must, and why.
struct Form {
    key: &'static str,
    variables: &'static [&'static str],
    required: &'static [&'static str],
    why: &'static str,
}

const ACK: Form = Form {
    key: "ack",
    variables: &["label", "person", "brand"],
    required: &["label", "person"],
    why: "The customer has to read that a machine wrote and that a person will answer.",
};
const GO_ON: Form = Form {
    key: "go_on",
    variables: &["label", "place", "brand"],
    required: &["label", "place"],
    why: "The customer has to read that a machine wrote and where to go on.",
};
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
    /// Where to go on, for who wrote in a place that carries no conversation; `None`: nothing is said there.
    pub go_on: Option<String>,
}

impl Template {
    /// The acknowledgement as the customer reads it.
    pub fn render_ack(&self, brand: &str) -> String {
        pieces(&self.ack).map(|piece| self.fill(&piece, brand)).collect()
    }

    /// The text on where to go on: what stands before the name of the place, and what behind it.
    pub fn render_go_on(&self, brand: &str) -> Option<(String, String)> {
        let (mut before, mut after) = (String::new(), None);
        for piece in pieces(self.go_on.as_ref()?) {
            match (piece, &mut after) {
                (Piece::Variable("place"), None) => after = Some(String::new()),
                (piece, None) => before.push_str(self.fill(&piece, brand)),
                (piece, Some(after)) => after.push_str(self.fill(&piece, brand)),
            }
        }
        Some((before, after.unwrap_or_default()))
    }

    /// One pass over the template: a brand that is named "{label}" stays what it is.
    fn fill<'a>(&'a self, piece: &Piece<'a>, brand: &'a str) -> &'a str {
        match piece {
            Piece::Text(text) => text,
            Piece::Variable("label") => &self.label,
            Piece::Variable("person") => &self.person,
            Piece::Variable("brand") => brand,
            Piece::Variable(_) | Piece::Open => "",
        }
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
                go_on: section
                    .has("go_on")
                    .then(|| read_text(&section, "go_on", "go_on = \"{label}: please go on in {place}.\".")),
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
    check_form(section, &ACK, &template.ack);
    if let Some(text) = &template.go_on {
        check_form(section, &GO_ON, text);
    }
}

fn check_form(section: &Section<'_>, form: &Form, text: &str) {
    for piece in pieces(text) {
        match piece {
            Piece::Variable(name) if !form.variables.contains(&name) => {
                let suggestion = did_you_mean(name, form.variables.iter().copied())
                    .unwrap_or_else(|| format!("Known are {{{}}}.", form.variables.join("}, {")));
                let reason = format!("There is no variable {{{name}}}.");
                section.refuse(form.key, reason, suggestion);
            }
            Piece::Open => {
                section.refuse(form.key, "A { or } stands alone.", "Write {label}, for example.");
            }
            _ => {}
        }
    }
    for name in form.required {
        let times =
            pieces(text).filter(|piece| matches!(piece, Piece::Variable(found) if found == name)).count();
        if !text.is_empty() && times == 0 {
            section.refuse(form.key, format!("It lacks {{{name}}}."), form.why);
        }
        if *name == "place" && times > 1 {
            section.refuse(form.key, "It says {place} twice.", "Once is enough.");
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
            go_on: Some("{label}: go on in {place} with {brand}.".to_owned()),
        };
        assert_eq!(
            template.render_ack("{person} & Co"),
            "Automated message: {person} & Co has it. A person will answer."
        );
        let around = ("Automated message: go on in ".to_owned(), " with {place} & Co.".to_owned());
        assert_eq!(template.render_go_on("{place} & Co"), Some(around));
    }
}
