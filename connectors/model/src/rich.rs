//! How a text is dressed: which stretches of it are bold, code, a link. The text itself stays plain, so
//! that search, triage and channels without dress read it as it is.

use serde::{Deserialize, Serialize};

/// A dressed stretch of a text. Counted in UTF-16 code units, as browsers and Telegram count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Where it begins.
    pub from: u32,
    /// Where it ends; greater than `from`, and within the text.
    pub to: u32,
    /// How it looks.
    #[serde(flatten)]
    pub style: Style,
}

/// How a stretch looks. What a channel lacks of these is left off; the words stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "style", rename_all = "snake_case")]
pub enum Style {
    /// Heavy.
    Bold,
    /// Slanted.
    Italic,
    /// Underlined.
    Underline,
    /// Struck through.
    Strike,
    /// Hidden until touched.
    Spoiler,
    /// As a machine would print it, within a line.
    Code,
    /// As a machine would print it, in lines of its own.
    Pre {
        /// The programming language, where the sender says one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<String>,
    },
    /// Somebody else's words.
    Quote,
    /// Leads elsewhere.
    Link {
        /// Where to: `https`, `http`, `mailto` or `tel`.
        url: String,
    },
    /// Names a person.
    Mention,
}

/// The schemes that a link of ours may have: what can't run anything.
const SCHEMES: [&str; 4] = ["https", "http", "mailto", "tel"];

/// Those spans that can be shown over a text, in their order: not empty, within it, at the borders of
/// characters, and with links that can run nothing.
pub fn fitting(text: &str, spans: impl IntoIterator<Item = Span>) -> Vec<Span> {
    let mut borders = vec![false];
    for c in text.chars() {
        if let Some(last) = borders.last_mut() {
            *last = true;
        }
        borders.extend(std::iter::repeat_n(false, c.len_utf16()));
    }
    if let Some(last) = borders.last_mut() {
        *last = true;
    }
    let is_border = |at: u32| borders.get(at as usize).copied().unwrap_or(false);
    let mut spans: Vec<Span> = spans
        .into_iter()
        .filter(|span| span.from < span.to && is_border(span.from) && is_border(span.to))
        .filter(|span| match &span.style {
            Style::Link { url } => url.split_once(':').is_some_and(|(scheme, rest)| {
                !rest.is_empty() && SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known))
            }),
            _ => true,
        })
        .collect();
    spans.sort_by_key(|span| (span.from, std::cmp::Reverse(span.to)));
    spans
}

/// The part of `spans` that lies between two places of the text, counted from the first of them.
pub fn within(spans: &[Span], from: u32, to: u32) -> Vec<Span> {
    spans
        .iter()
        .filter(|span| span.from < to && span.to > from)
        .map(|span| Span {
            from: span.from.max(from) - from,
            to: span.to.min(to) - from,
            style: span.style.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bold(from: u32, to: u32) -> Span {
        Span { from, to, style: Style::Bold }
    }

    #[test]
    fn a_span_that_is_empty_outside_of_the_text_or_cuts_a_character_is_left_off() {
        let text = "a\u{1F600}b";
        let spans = [bold(3, 4), bold(0, 2), bold(1, 3), bold(2, 3), bold(1, 1), bold(0, 5), bold(0, 4)];
        assert_eq!(fitting(text, spans), [bold(0, 4), bold(1, 3), bold(3, 4)]);
        assert_eq!(fitting("", [bold(0, 1)]), []);
    }

    #[test]
    fn a_link_that_could_run_something_is_left_off() {
        let link = |url: &str| Span { from: 0, to: 1, style: Style::Link { url: url.to_owned() } };
        for url in
            ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "https", "", "https:", " https://x"]
        {
            assert_eq!(fitting("a", [link(url)]), [], "{url}");
        }
        for url in ["https://shop.example", "HTTP://shop.example", "mailto:a@shop.example", "tel:+4470"] {
            assert_eq!(fitting("a", [link(url)]).len(), 1, "{url}");
        }
    }

    #[test]
    fn what_is_cut_out_of_a_text_keeps_its_dress() {
        assert_eq!(within(&[bold(0, 10), bold(12, 14)], 4, 12), [bold(0, 6)]);
    }

    #[test]
    fn a_span_is_one_flat_object() {
        let span = Span { from: 1, to: 3, style: Style::Link { url: "tel:1".to_owned() } };
        let json = serde_json::to_string(&span).unwrap();
        assert_eq!(json, r#"{"from":1,"to":3,"style":"link","url":"tel:1"}"#);
        assert_eq!(serde_json::from_str::<Span>(&json).unwrap(), span);
    }
}
