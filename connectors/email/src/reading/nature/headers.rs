//! The header block as the judges want it: names in lower case, values unfolded, all of them in order.

/// The longest header block that is looked at, in bytes.
const LONGEST: usize = 256 * 1024;

/// Every header of a mail.
pub(super) struct Headers(Vec<(String, String)>);

impl Headers {
    /// Reads the block at the beginning of a mail, or of a text that holds one.
    pub(super) fn of(raw: &[u8]) -> Self {
        let block = &raw[..raw.len().min(LONGEST)];
        let mut all: Vec<(String, String)> = Vec::new();
        for line in block.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            let text = String::from_utf8_lossy(line);
            if text.starts_with([' ', '\t']) {
                if let Some((_, value)) = all.last_mut() {
                    value.push(' ');
                    value.push_str(text.trim());
                }
            } else if let Some((name, value)) = text.split_once(':') {
                all.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Self(all)
    }

    /// The first value under a name (in lower case).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// The same in lower case; empty where there is none.
    pub(super) fn lower(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_lowercase()
    }

    /// Whether there is one under this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The first of these names that is there.
    pub(super) fn any<'a>(&self, names: &[&'a str]) -> Option<&'a str> {
        names.iter().copied().find(|name| self.has(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_header_is_one_value_and_the_first_of_a_name_counts() {
        let headers = Headers::of(b"To: a\r\nX-Long: one\r\n two\r\nTo: b\r\n\r\nX-Body: no\r\n");
        assert_eq!(headers.get("x-long"), Some("one two"));
        assert_eq!(headers.get("to"), Some("a"));
        assert!(!headers.has("x-body"));
    }
}
