//! The one written form of an e-mail address, so that one person is one handle.

use rapport_sdk::model::Address;

/// The longest local part and the longest address, in bytes (RFC 5321 section 4.5.3.1).
const LONGEST: (usize, usize) = (64, 254);

/// The canonical form of an address: all of it in lower case, the domain in ASCII (IDNA). `None` for
/// what is no address, or could not stand in a header.
///
/// RFC 5321 lets a server tell `Anna@` from `anna@`; none does that people write to, and people write
/// their own address in both ways.
pub fn canonical(text: &str) -> Option<Address> {
    let text = text.trim().trim_start_matches('<').trim_end_matches('>').trim();
    let (local, domain) = text.rsplit_once('@')?;
    let local = local.to_lowercase();
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[]\\,;:\"@".contains(c);
    let quoted = local.len() > 2
        && local.starts_with('"')
        && local.ends_with('"')
        && local[1..local.len() - 1].chars().all(|c| !c.is_control() && c != '"' && c != '\\');
    if local.is_empty() || local.len() > LONGEST.0 || !(local.chars().all(plain) || quoted) {
        return None;
    }
    let domain = idna::domain_to_ascii_strict(domain.trim_end_matches('.')).ok()?;
    let address = format!("{local}@{domain}");
    (!domain.is_empty() && address.len() <= LONGEST.1).then(|| Address::new(address))
}

/// The part after the `@`.
pub fn domain(address: &Address) -> &str {
    address.expose().rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// An address without what stands between `+` and `@` (subaddressing, RFC 5233).
pub fn without_detail(address: &Address) -> Address {
    match address.expose().rsplit_once('@') {
        Some((local, domain)) => {
            let base = local.split_once('+').map_or(local, |(base, _)| base);
            Address::new(format!("{base}@{domain}"))
        }
        None => address.clone(),
    }
}

/// An address with something between `+` and `@`. `None` where that would be too long.
pub fn with_detail(address: &Address, detail: &str) -> Option<Address> {
    let (local, domain) = address.expose().rsplit_once('@')?;
    canonical(&format!("{local}+{detail}@{domain}"))
}

/// What stands between the first `+` and `@`; `None` where nothing does.
pub fn detail(address: &Address) -> Option<&str> {
    let (local, _) = address.expose().rsplit_once('@')?;
    local.split_once('+').map(|(_, detail)| detail).filter(|detail| !detail.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Option<String> {
        canonical(text).map(|address| address.expose().to_owned())
    }

    #[test]
    fn one_person_is_one_handle_however_the_address_is_written() {
        for text in ["anna@x.example", " <Anna@X.Example> ", "ANNA@x.example."] {
            assert_eq!(form(text).as_deref(), Some("anna@x.example"), "{text}");
        }
        assert_eq!(form("jürgen@bücher.example").as_deref(), Some("jürgen@xn--bcher-kva.example"));
        assert_eq!(form("\"a b\"@x.example").as_deref(), Some("\"a b\"@x.example"));
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in
            ["", "anna", "@x.example", "anna@", "a b@x.example", "a@b@", "a\r\n@x.example", "a,b@x.example"]
        {
            assert_eq!(form(text), None, "{text}");
        }
        assert_eq!(form(&format!("{}@x.example", "a".repeat(65))), None);
    }

    #[test]
    fn the_detail_is_what_stands_behind_the_plus() {
        let own = canonical("Shop@x.example").unwrap();
        let aliased = with_detail(&own, "noor-4k7q").unwrap();
        assert_eq!(aliased.expose(), "shop+noor-4k7q@x.example");
        assert_eq!((detail(&aliased), detail(&own)), (Some("noor-4k7q"), None));
        assert_eq!(without_detail(&aliased), own);
        assert_eq!(with_detail(&own, &"a".repeat(60)), None, "longer than a local part may be");
        let base = |text: &str| without_detail(&canonical(text).unwrap()).expose().to_owned();
        assert_eq!(base("support+r123@shop.example"), "support@shop.example");
        assert_eq!(base("support@shop.example"), "support@shop.example");
    }
}
