//! Discord's markup: read into a plain text with its dress, and written from one.
//!
//! Pure. What is no markup stays as it came; what looks like markup and was written by an associate is
//! escaped, so that both sides see what was meant.
//!
//! <https://discord.com/developers/docs/reference#message-formatting>

mod read;
mod tag;
mod write;

pub use read::read;
pub use tag::Names;
pub use write::write;

/// Where a web address at the start of `text` ends, in bytes; 0 where there is none. Nothing within it is
/// markup.
fn address(text: &str) -> usize {
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return 0;
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '<').unwrap_or(text.len());
    text[..end].trim_end_matches(['.', ',', ':', ';', '"', '\'', ']', ')']).len()
}

/// Whether two underscores with `c` between them are within a word.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
