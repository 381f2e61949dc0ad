//! The HTML of a letter, made harmless: a page that shows and runs nothing, fetches nothing from
//! anywhere but us, and whose links open outside of it.
//!
//! Three nets of different makes, none of which relies on another: [`tidy`] reads tags as text, the
//! sanitiser reads the tree that a browser would build, and the browser shows the page in a sandbox
//! under a policy of its own (see [`super::letters`]).

mod style;
mod tidy;

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ammonia::{Builder, UrlRelative};
use rapport_model::id::MessageId;
use url::Url;

use crate::{
    engine::INLINE,
    sabotage::{self, Rule},
    store::LetterHtml,
};

/// Elements that show words, boxes and pictures. Among them is none of another language (SVG, MathML),
/// none that loads, and none that asks.
const ELEMENTS: [&str; 75] = [
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "nav",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
    "rp",
    "rt",
    "ruby",
    "rb",
    "rtc",
];
/// Attributes of any of them. The values are judged one by one.
const ATTRIBUTES: [&str; 25] = [
    "align",
    "alt",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "color",
    "colspan",
    "dir",
    "face",
    "height",
    "href",
    "lang",
    "nowrap",
    "reversed",
    "rowspan",
    "scope",
    "size",
    "span",
    "src",
    "start",
    "style",
    "title",
    "valign",
    "width",
];
/// Where a link may lead.
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];
/// So many pictures of a letter are fetched at most.
const MOST_PICTURES: usize = 200;
/// How the page looks where the letter does not say: on white, because that is what letters expect.
const LOOK: &str = ":root{color-scheme:light;background:#fff;color:#1b1b1b;font:15px/1.5 system-ui,sans-serif}\
    body{margin:12px;overflow-wrap:anywhere;display:flow-root}div,table,td,img{max-width:100%}img:not([height]){height:auto}\
    img:not([src]){border:1px dashed #8a8a8a;padding:2px 4px;font-size:12px;color:#5c5c5c}\
    img[width=\"1\"]:not([src]),img[height=\"1\"]:not([src]){display:none}\
    pre{white-space:pre-wrap;font:inherit;margin:0}blockquote{margin:8px 0;padding-inline-start:12px;border-inline-start:2px solid #c9c9c9}\
    a{color:#0b57d0}";

/// Whether pictures that are elsewhere are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pictures {
    /// They are left out and counted: fetching one tells its sender that somebody reads.
    Counted,
    /// They are fetched through us.
    Fetched,
}

/// The page that shows a letter. Its root element says what it could not show: `data-pictures` the
/// number of pictures that were left out, `data-instead="text"` that the HTML is too much to be shown
/// and its text stands there instead.
pub(super) fn page(letter: &LetterHtml, message: &MessageId, pictures: Pictures) -> String {
    let (about, body) = match clean(letter, message, pictures) {
        Ok(clean) if pictures == Pictures::Counted => {
            (format!(" data-pictures=\"{}\"", clean.remote.len()), clean.html)
        }
        Ok(clean) => (String::new(), clean.html),
        Err(tidy::TooMuch) => {
            let text = ammonia::clean_text(&letter.text);
            (" data-instead=\"text\"".to_owned(), format!("<pre>{text}</pre>"))
        }
    };
    format!(
        "<!doctype html><html{about}><head><meta charset=\"utf-8\"><title>&#8203;</title><style>{LOOK}</style></head>\
         <body dir=\"auto\">{body}</body></html>"
    )
}

/// The addresses of the pictures that a letter shows from elsewhere.
pub(super) fn remote_pictures(letter: &LetterHtml, message: &MessageId) -> Vec<String> {
    clean(letter, message, Pictures::Counted).map_or_else(|_| Vec::new(), |clean| clean.remote)
}

struct Clean {
    html: String,
    remote: Vec<String>,
}

fn clean(letter: &LetterHtml, message: &MessageId, pictures: Pictures) -> Result<Clean, tidy::TooMuch> {
    if sabotage::breaks(Rule::HarmlessLetters) {
        return Ok(Clean { html: letter.html.clone(), remote: Vec::new() });
    }
    let html = tidy::tidy(&letter.html)?;
    let remote = Arc::new(Mutex::new(Vec::new()));
    let judge = Judge { files: files(letter), message: message.clone(), pictures, remote: remote.clone() };
    let mut builder = Builder::empty();
    builder
        .tags(ELEMENTS.into())
        .tag_attributes(HashMap::new())
        .generic_attributes(ATTRIBUTES.into())
        .clean_content_tags(["script", "style"].into())
        .url_schemes(SCHEMES.into_iter().chain(["cid", "data"]).collect())
        // The judge has refused what came relative; what it wrote itself is.
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer"))
        .set_tag_attribute_value("a", "target", "_blank")
        .filter_style_properties(style::PROPERTIES.into())
        .attribute_filter(move |element, attribute, value| judge.attribute(element, attribute, value));
    let html = builder.clean(&html).to_string();
    let remote = std::mem::take(&mut *remote.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Clean { html, remote })
}

/// The pictures among a letter's files, by the names that its HTML uses for them.
fn files(letter: &LetterHtml) -> HashMap<String, String> {
    let shown = letter.files.iter().filter(|(_, _, kind)| INLINE.contains(&kind.as_str()));
    shown.map(|(name, id, _)| (bare(name).to_owned(), format!("/api/v1/attachments/{id}?inline=1"))).collect()
}

fn bare(content_id: &str) -> &str {
    content_id.trim().trim_start_matches('<').trim_end_matches('>')
}

/// Decides about the value of each attribute that may stand at all.
struct Judge {
    files: HashMap<String, String>,
    message: MessageId,
    pictures: Pictures,
    remote: Arc<Mutex<Vec<String>>>,
}

impl Judge {
    fn attribute<'v>(&self, element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
        match (element, attribute) {
            ("a", "href") => link(value).map(Cow::Owned),
            ("img", "src") => self.picture(value).map(Cow::Owned),
            (_, "href" | "src") => None,
            // Ours, set by the sanitiser.
            ("a", "rel" | "target") | (_, "alt" | "title") => Some(value.into()),
            (_, "style") => style::safe(value).map(Cow::Owned),
            (_, "colspan" | "rowspan" | "span" | "start") => is_count(value).then(|| value.into()),
            _ => style::is_plain(value).then(|| value.into()),
        }
    }

    fn picture(&self, value: &str) -> Option<String> {
        let value = value.trim();
        // Without its scheme it means the one of the page that shows it.
        let absolute = if value.starts_with("//") { format!("https:{value}") } else { value.to_owned() };
        let url = Url::parse(&absolute).ok()?;
        match url.scheme() {
            "cid" => {
                let name = percent_decoded(url.path());
                self.files.get(bare(&name)).cloned()
            }
            "data" => {
                let kind = url.path().split_once(";base64,").map(|(kind, _)| kind.to_ascii_lowercase());
                kind.filter(|kind| INLINE.contains(&kind.as_str())).map(|_| url.to_string())
            }
            "http" | "https" => self.remote(&url),
            _ => None,
        }
    }

    fn remote(&self, url: &Url) -> Option<String> {
        let mut remote = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        if !remote.iter().any(|known| known == url.as_str()) {
            if remote.len() >= MOST_PICTURES {
                return None;
            }
            remote.push(url.to_string());
        }
        if self.pictures == Pictures::Counted {
            return None;
        }
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("url", url.as_str()).finish();
        Some(format!("/api/v1/messages/{}/image?{query}", self.message))
    }
}

/// Where a link leads, written as a browser understands it.
fn link(value: &str) -> Option<String> {
    let url = Url::parse(value.trim()).ok()?;
    SCHEMES.contains(&url.scheme()).then(|| url.to_string())
}

fn is_count(value: &str) -> bool {
    (1..=3).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit())
}

fn percent_decoded(text: &str) -> String {
    let whole = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(whole.as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests;
