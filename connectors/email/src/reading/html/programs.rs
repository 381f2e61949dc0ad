//! The markup by which mail programs name quotes, their authors and signatures.

use html5ever::tokenizer::Tag;

/// What an element is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing special.
    None,
    /// It quotes.
    Quote,
    /// All that follows is quoted.
    Cut,
    /// It names the author of a quote.
    Attribution,
    /// A signature.
    Signature,
    /// It is not displayed.
    Hidden,
}

/// Classes and ids of quotes, without the prefix "x_" that Outlook puts before foreign ones.
const QUOTES: &[&str] = &[
    "yahoo_quoted",
    "yqt",
    "protonmail_quote",
    "tutanota_quote",
    "zmail_extra",
    "olk_src_body_section",
    "mail-editor-reference-message-container",
    "isreplycontent",
    "replycontent",
    "messagereplysection",
    "front-blockquote",
    "mailbox_signature_quote",
    "gmx_quote",
    "ntesreplymail",
    "replyforwardmessage",
    "bloop_quote",
    "spike-quote",
    "mailcontainerquote",
    "zm-quote",
];
/// Ids behind which all is quoted.
const CUTS: &[&str] = &[
    "divrplyfwdmsg",
    "appendonsend",
    "orimsghtmlseperator",
    "orimsghtmlseparator",
    "divtagdefaultwrapper_reply",
];
/// Classes of a line that names the author.
const ATTRIBUTIONS: &[&str] = &["gmail_attr", "moz-cite-prefix", "hmquote_attr", "replyheader"];
/// Tokens in which "signature" names no signature: text is written within them.
const NO_SIGNATURES: &[&str] =
    &["applemailsignature", "linebreakatbeginningofsignature", "mailbox_signature_quote"];

/// What an element is for, by its attributes.
pub(super) fn role(tag: &Tag) -> Role {
    let is_blockquote = &*tag.name == "blockquote";
    let mut role = Role::None;
    for attribute in &tag.attrs {
        let value = attribute.value.trim();
        let found = match &*attribute.name.local {
            "hidden" => Role::Hidden,
            "style" if hides(value) => Role::Hidden,
            "style" if is_blockquote && has_left_border(value) => Role::Quote,
            "class" | "id" | "name" => value
                .split_ascii_whitespace()
                .take(16)
                .map(|token| of_token(tag, token))
                .find(|role| *role != Role::None)
                .unwrap_or(Role::None),
            "type" if is_blockquote && value.eq_ignore_ascii_case("cite") => Role::Quote,
            "cite" if is_blockquote && value.to_ascii_lowercase().starts_with("mid:") => Role::Quote,
            _ => Role::None,
        };
        match found {
            Role::Hidden => return Role::Hidden,
            Role::None => {}
            found if role == Role::None => role = found,
            _ => {}
        }
    }
    role
}

fn of_token(tag: &Tag, token: &str) -> Role {
    let token = token.to_ascii_lowercase();
    let token = token.trim_start_matches("x_");
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(token));
    if is(QUOTES) || (token == "quote" && matches!(&*tag.name, "div" | "blockquote")) {
        return Role::Quote;
    }
    // The div of Gmail holds a forwarded mail, too; within it, the blockquote tells.
    if &*tag.name == "blockquote" && (token.ends_with("gmail_quote") || token.contains("quote")) {
        return Role::Quote;
    }
    if token.starts_with("ydp") && token.ends_with("yahoo_quoted") {
        return Role::Quote;
    }
    if is(CUTS) {
        return Role::Cut;
    }
    if is(ATTRIBUTIONS) {
        return Role::Attribution;
    }
    if token == "zm-_id_-sgn" {
        return Role::Signature;
    }
    let is_block = !matches!(&*tag.name, "a" | "img" | "input" | "br" | "b");
    if is_block && token.contains("signature") && !is(NO_SIGNATURES) {
        return Role::Signature;
    }
    Role::None
}

/// Whether a style hides what it is put on.
fn hides(style: &str) -> bool {
    if style.len() > 4_096 {
        return false;
    }
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    style.contains("display:none")
        || style.contains("visibility:hidden")
        || style.contains("mso-hide:all")
        || style.split(';').any(|one| {
            matches!(one, "font-size:0" | "font-size:0px" | "max-height:0" | "max-height:0px" | "opacity:0")
        })
}

fn has_left_border(style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    let Some((_, after)) = style.split_once("border-left") else { return false };
    let value = after.split(';').next().unwrap_or_default();
    !value.contains("none") && !value.trim_start_matches([':', ' ']).starts_with('0')
}

/// Whether a paragraph has no empty line around it.
pub(super) fn has_no_margin(tag: &Tag) -> bool {
    tag.attrs.iter().any(|attribute| match &*attribute.name.local {
        "class" => attribute.value.starts_with("Mso") || attribute.value.starts_with("x_Mso"),
        "style" => {
            let style = attribute.value.replace(' ', "");
            style.contains("margin:0")
                || (style.contains("margin-top:0") && style.contains("margin-bottom:0"))
        }
        _ => false,
    })
}
