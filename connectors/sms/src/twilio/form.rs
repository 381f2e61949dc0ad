//! A form as it came over the wire, kept as bytes so that its signature can be judged exactly.

use std::borrow::Cow;

/// The decoded fields of a form, in their order.
pub struct Form(Vec<(Vec<u8>, Vec<u8>)>);

impl Form {
    /// Reads a form. Every sequence of bytes is one: what is no percent-encoding stays as it is.
    pub fn parse(bytes: &[u8]) -> Self {
        let fields = bytes
            .split(|byte| *byte == b'&')
            .filter(|field| !field.is_empty())
            .map(|field| {
                let mut halves = field.splitn(2, |byte| *byte == b'=');
                let key = halves.next().unwrap_or_default();
                let value = halves.next().unwrap_or_default();
                (decode(key), decode(value))
            })
            .collect();
        Self(fields)
    }

    /// Reads the fields of a flat JSON object; what is none has no fields.
    pub fn of_json(bytes: &[u8]) -> Self {
        let fields = match serde_json::from_slice(bytes) {
            Ok(serde_json::Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        };
        let of_field = |(key, value): (String, serde_json::Value)| match value {
            serde_json::Value::String(text) => Some((key.into_bytes(), text.into_bytes())),
            serde_json::Value::Number(number) => Some((key.into_bytes(), number.to_string().into_bytes())),
            _ => None,
        };
        Self(fields.into_iter().filter_map(of_field).collect())
    }

    /// The first value of a field, with U+FFFD for what is no UTF-8.
    pub fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        self.0
            .iter()
            .find(|(name, _)| name == key.as_bytes())
            .map(|(_, value)| String::from_utf8_lossy(value))
    }

    /// The first value of a field that is there and not empty.
    pub fn filled(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key).filter(|value| !value.trim().is_empty())
    }

    /// What a signature covers: keys with their values, sorted, each pair once, bytes as they came.
    pub fn signed_bytes(&self) -> Vec<u8> {
        join(self.0.clone())
    }

    /// The same with U+FFFD for what is no UTF-8.
    pub fn signed_text(&self) -> Vec<u8> {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned().into_bytes();
        join(self.0.iter().map(|(key, value)| (lossy(key), lossy(value))).collect())
    }
}

fn join(mut pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    pairs.sort();
    pairs.dedup();
    pairs.into_iter().flat_map(|(key, value)| [key, value]).flatten().collect()
}

fn decode(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'+', _) => {
                decoded.push(b' ');
                tail
            }
            (b'%', [high, low, after @ ..]) => {
                if let (Some(high), Some(low)) = (digit(*high), digit(*low)) {
                    decoded.push(high << 4 | low);
                    after
                } else {
                    decoded.push(b'%');
                    tail
                }
            }
            _ => {
                decoded.push(*first);
                tail
            }
        };
    }
    decoded
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plus_percent_and_broken_percent_are_read_as_browsers_do() {
        let form = Form::parse(b"a=1+2&b=%2B&c=100%&d=%zz&e&&=x&a=3");
        assert_eq!(form.get("a").as_deref(), Some("1 2"));
        assert_eq!(form.get("b").as_deref(), Some("+"));
        assert_eq!(form.get("c").as_deref(), Some("100%"));
        assert_eq!(form.get("d").as_deref(), Some("%zz"));
        assert_eq!(form.get("e").as_deref(), Some(""));
        assert_eq!(form.filled("e"), None);
        assert_eq!(form.get("f"), None);
    }

    #[test]
    fn broken_utf_8_is_read_with_the_replacement_character_and_signed_both_ways() {
        let form = Form::parse(b"Body=a%FFb");
        assert_eq!(form.get("Body").as_deref(), Some("a\u{FFFD}b"));
        assert_eq!(form.signed_bytes(), b"Bodya\xFFb");
        assert_eq!(form.signed_text(), "Bodya\u{FFFD}b".as_bytes());
    }

    #[test]
    fn repeated_values_count_once_and_empty_ones_stay() {
        assert_eq!(Form::parse(b"b=2&a=&b=1&b=2").signed_bytes(), b"ab1b2");
    }
}
