//! What a chat's messages have beside their words, as JSON: dress, what they answer, reactions.

use rapport_model::rich;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ApiError;
use crate::store;

/// So many stretches of a text may be dressed.
const MOST_SPANS: usize = 1_000;

/// A dressed stretch of a text, counted in UTF-16 code units.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    from: u32,
    to: u32,
    /// `bold`, `italic`, `underline`, `strike`, `spoiler`, `code`, `pre`, `quote`, `link` or `mention`.
    style: String,
    /// Where a `link` leads: `https`, `http`, `mailto` or `tel`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The programming language of a `pre`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

impl From<&rich::Span> for Span {
    fn from(span: &rich::Span) -> Self {
        use rich::Style;
        let (mut url, mut language) = (None, None);
        let style = match &span.style {
            Style::Bold => "bold",
            Style::Italic => "italic",
            Style::Underline => "underline",
            Style::Strike => "strike",
            Style::Spoiler => "spoiler",
            Style::Code => "code",
            Style::Pre { language: named } => {
                language.clone_from(named);
                "pre"
            }
            Style::Quote => "quote",
            Style::Link { url: to } => {
                url = Some(to.clone());
                "link"
            }
            Style::Mention => "mention",
        };
        Self { from: span.from, to: span.to, style: style.to_owned(), url, language }
    }
}

/// Reads the dress of a text; says which stretch can't be, and why.
pub(super) fn spans(text: &str, list: Vec<Span>) -> Result<Vec<rich::Span>, ApiError> {
    if list.len() > MOST_SPANS {
        return Err(ApiError::field("spans", format!("at most {MOST_SPANS} spans")));
    }
    let mut read = Vec::with_capacity(list.len());
    for (index, span) in list.into_iter().enumerate() {
        let refuse = |reason: &str| ApiError::field("spans", format!("span {index}: {reason}"));
        let style = style(span.style.as_str(), span.url, span.language).map_err(refuse)?;
        let span = rich::Span { from: span.from, to: span.to, style };
        if rich::fitting(text, [span.clone()]).is_empty() {
            return Err(refuse("it ends before it begins, lies outside of the text, or its link is none"));
        }
        read.push(span);
    }
    Ok(read)
}

fn style(word: &str, url: Option<String>, language: Option<String>) -> Result<rich::Style, &'static str> {
    use rich::Style;
    if url.is_some() != (word == "link") {
        return Err("a link has a url, and nothing else has one");
    }
    if language.is_some() && word != "pre" {
        return Err("only a pre has a language");
    }
    Ok(match word {
        "bold" => Style::Bold,
        "italic" => Style::Italic,
        "underline" => Style::Underline,
        "strike" => Style::Strike,
        "spoiler" => Style::Spoiler,
        "code" => Style::Code,
        "pre" => Style::Pre { language },
        "quote" => Style::Quote,
        "link" => Style::Link { url: url.unwrap_or_default() },
        "mention" => Style::Mention,
        _ => return Err("there is no such style"),
    })
}

/// The message that another one answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Quoted {
    id: String,
    /// Who wrote it: `contact`, `associate`, `outside_human` or `bot`.
    author_kind: String,
    author_name: Option<String>,
    /// How it begins; empty where it was taken back, or is a file.
    text: String,
}

impl From<&store::Quoted> for Quoted {
    fn from(quoted: &store::Quoted) -> Self {
        Self {
            id: quoted.id.to_string(),
            author_kind: quoted.author_kind.clone(),
            author_name: quoted.author_name.clone(),
            text: quoted.text.clone(),
        }
    }
}

/// How somebody reacted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reaction {
    /// Usually one emoji.
    reaction: String,
    /// Who, by name or address.
    name: Option<String>,
}

impl From<&store::Reaction> for Reaction {
    fn from(reaction: &store::Reaction) -> Self {
        Self { reaction: reaction.reaction.clone(), name: reaction.name.clone() }
    }
}
