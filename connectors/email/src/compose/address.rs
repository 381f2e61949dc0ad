//! Addresses as they stand in a mail and in its envelope.

use rapport_sdk::model::Address;

/// The longest local part and the longest domain (RFC 5321 section 4.5.3.1), in octets.
const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 255;

/// An address that can be written into a command and into a header without harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mailbox {
    local: String,
    domain: String,
}

impl Mailbox {
    /// `None` for what is no address. The domain becomes ASCII (IDNA); a local part outside of ASCII stays,
    /// because only the server of that domain knows what it means.
    pub(super) fn read(address: &Address) -> Option<Self> {
        let (local, domain) = address.expose().rsplit_once('@')?;
        let domain = domain_of(domain)?;
        let local = local_of(local)?;
        (local.len() <= LONGEST_LOCAL && domain.len() <= LONGEST_DOMAIN).then_some(Self { local, domain })
    }

    /// `local@domain`
    pub(super) fn text(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    pub(super) fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether only servers with SMTPUTF8 (RFC 6531) take it.
    pub(super) fn needs_utf8(&self) -> bool {
        !self.local.is_ascii()
    }
}

/// A dot-atom as it is; anything else that is printable is quoted (RFC 5321 section 4.1.2).
fn local_of(local: &str) -> Option<String> {
    let atom = |c: char| {
        c.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~".contains(c)
            || (!c.is_ascii()
                && !c.is_control()
                && !c.is_whitespace()
                && !matches!(c, '\u{2028}' | '\u{2029}'))
    };
    if local.split('.').all(|part| !part.is_empty() && part.chars().all(atom)) {
        return Some(local.to_owned());
    }
    let inner = match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => unquoted(quoted)?,
        None => local.to_owned(),
    };
    // Angle brackets are legal in quotes, and servers that split there are many.
    let fits = !inner.is_empty() && inner.chars().all(|c| matches!(c, ' '..='~') && c != '<' && c != '>');
    fits.then(|| format!("\"{}\"", inner.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn unquoted(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.push(characters.next()?),
            '"' => return None,
            other => plain.push(other),
        }
    }
    Some(plain)
}

/// The domain in ASCII, or an address literal (RFC 5321 section 4.1.3).
fn domain_of(domain: &str) -> Option<String> {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: std::net::IpAddr = literal.strip_prefix("IPv6:").unwrap_or(literal).parse().ok()?;
        return Some(match address {
            std::net::IpAddr::V4(v4) => format!("[{v4}]"),
            std::net::IpAddr::V6(v6) => format!("[IPv6:{v6}]"),
        });
    }
    let ascii = idna::domain_to_ascii(domain).ok()?;
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    ascii.split('.').all(label).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> Option<String> {
        Mailbox::read(&Address::new(address)).map(|mailbox| mailbox.text())
    }

    #[test]
    fn addresses_of_every_kind_are_written_rightly() {
        for (given, written) in [
            ("a.b+c@shop.example", "a.b+c@shop.example"),
            ("anna@BÜCHER.example", "anna@xn--bcher-kva.example"),
            ("李@example.com", "李@example.com"),
            ("a b@shop.example", "\"a b\"@shop.example"),
            ("\"a b\"@shop.example", "\"a b\"@shop.example"),
            ("a@b@shop.example", "\"a@b\"@shop.example"),
            ("a..b@shop.example", "\"a..b\"@shop.example"),
            ("a@[127.0.0.1]", "a@[127.0.0.1]"),
            ("a@localhost", "a@localhost"),
        ] {
            assert_eq!(read(given).as_deref(), Some(written), "{given}");
        }
    }

    #[test]
    fn what_could_end_a_command_or_a_header_is_no_address() {
        for hostile in [
            "",
            "a",
            "@shop.example",
            "a@",
            "a@shop.example\r\nRCPT TO:<b@shop.example>",
            "a\r\n@shop.example",
            "a\0@shop.example",
            "a>@shop.example",
            "a\u{2028}b@shop.example",
            "a b\u{2028}@shop.example",
            "a@shop example",
            "a@shop.example> SIZE=1",
            "a@shop..example",
            "a@[not.an.address]",
            "\"a\"b\"@shop.example",
        ] {
            assert_eq!(read(hostile), None, "{hostile:?}");
        }
        assert_eq!(read(&format!("{}@shop.example", "a".repeat(65))), None);
        assert_eq!(read(&format!("a@{}", "a.".repeat(200))), None);
    }
}
