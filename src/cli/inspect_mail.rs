//! `rapport inspect-mail`: what we read in a mail, as JSON.
//!
//! It needs no configuration and stores nothing: a person finds out with it why a mail was shown as it was,
//! and `make score` measures the reading with it.

use std::io::{self, BufRead, Read as _, Write as _};

use anyhow::{Context as _, bail};

use crate::registry;

/// The longest mail of a stream, in bytes.
const MAX_LENGTH: u64 = 256 * 1024 * 1024;
/// The longest line that gives a length, in bytes.
const MAX_LENGTH_LINE: u64 = 32;

/// Reads one mail, or a stream of them, from standard input; `addresses` are our own.
pub(super) fn run(is_stream: bool, addresses: &[String]) -> anyhow::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    if !is_stream {
        let mut raw = Vec::new();
        input.read_to_end(&mut raw).context("The mail can't be read")?;
        serde_json::to_writer_pretty(&mut output, &registry::inspect_mail(&raw, addresses))?;
        writeln!(output)?;
        return Ok(());
    }
    while let Some(raw) = next(&mut input)? {
        serde_json::to_writer(&mut output, &registry::inspect_mail(&raw, addresses))?;
        writeln!(output)?;
        // Who asks waits for the answer before the next mail is sent.
        output.flush()?;
    }
    Ok(())
}

/// The next mail of a stream; `None` at its end.
fn next(input: &mut impl BufRead) -> anyhow::Result<Option<Vec<u8>>> {
    let mut line = String::new();
    if input.by_ref().take(MAX_LENGTH_LINE).read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let length: u64 =
        line.trim().parse().with_context(|| format!("{:?} is not the length of a mail", line.trim()))?;
    if length > MAX_LENGTH {
        bail!("A mail of {length} bytes is too long");
    }
    let mut raw = Vec::new();
    input.by_ref().take(length).read_to_end(&mut raw)?;
    if u64::try_from(raw.len())? < length {
        bail!("The stream ends in the midst of a mail");
    }
    Ok(Some(raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_gives_one_mail_after_the_other() {
        let mut input = &b"3\na\nb0\n2\nxy"[..];
        assert_eq!(next(&mut input).unwrap().unwrap(), b"a\nb");
        assert_eq!(next(&mut input).unwrap().unwrap(), b"");
        assert_eq!(next(&mut input).unwrap().unwrap(), b"xy");
        assert!(next(&mut input).unwrap().is_none());
    }

    #[test]
    fn a_stream_that_ends_too_early_is_refused() {
        assert!(next(&mut &b"5\nab"[..]).is_err());
        assert!(next(&mut &b"x\n"[..]).is_err());
    }
}
