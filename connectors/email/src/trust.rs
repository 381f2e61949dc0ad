//! Who a sender is, as far as the receiving server vouches for it, and what looks like deceit.
//!
//! Only one server's word counts: the one that the retailer names (`authserv_id`), in the topmost block
//! that bears its name (RFC 8601). Anybody can have written what stands lower.

use rapport_sdk::model::{Address, letter::Mark};
use unicode_security::{MixedScript as _, RestrictionLevel, RestrictionLevelDetection as _};

use crate::{
    address::{canonical, domain},
    sabotage::{self, Rule},
};

/// What is known of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// The receiving server vouches for the address.
    Proven,
    /// Nobody vouches for it, and nobody denies it.
    #[default]
    Claimed,
    /// The receiving server denies it.
    Disproved,
}

/// What was found about a mail's sender.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// How sure the address is.
    pub standing: Standing,
    /// What a person should see.
    pub marks: Vec<Mark>,
    /// The receiving server takes the mail for spam.
    pub suspected: bool,
}

/// A name and an address as a header gives them.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// The name, decoded.
    pub name: Option<&'a str>,
    /// The address as it was written.
    pub address: &'a str,
}

/// Judges the sender. `headers` are all of them, in their order, names in any case.
pub fn judge(headers: &[(String, String)], from: &[Sender<'_>], authserv_id: Option<&str>) -> Verdict {
    let mut verdict = Verdict { suspected: is_suspected(headers), ..Verdict::default() };
    verdict.marks = marks(from);
    let results = authserv_id.map(|id| results(headers, id)).unwrap_or_default();
    let sender = match from {
        [only] => canonical(only.address),
        _ => None,
    };
    verdict.standing = match sender {
        Some(sender) => standing(&results, &sender),
        None => Standing::Claimed,
    };
    if from.len() > 1 {
        verdict.standing = Standing::Disproved;
    }
    if verdict.standing == Standing::Disproved {
        verdict.marks.push(Mark::Disproved);
    }
    if verdict.suspected {
        verdict.marks.push(Mark::Suspected);
    }
    verdict
}

/// One method's result: "dmarc", "pass", and its properties as they stand.
struct Outcome {
    method: String,
    result: String,
    properties: String,
}

/// The results that the named server wrote: the topmost block that bears its name. A server that bears a
/// name removes what comes in under it (RFC 8601 section 5), and one that writes results writes them on
/// every mail, on top; so what stands lower is not its own. The hops within a provider stand above.
fn results(headers: &[(String, String)], authserv_id: &str) -> Vec<Outcome> {
    const HOPS_WITHIN: usize = 4;
    let mut found = Vec::new();
    let (mut hops, mut seen) = (0, false);
    let believes_all = sabotage::breaks(Rule::NamedServer);
    for (name, value) in headers {
        if name.eq_ignore_ascii_case("received") {
            hops += 1;
            if (seen || hops > HOPS_WITHIN) && !believes_all {
                break;
            }
        }
        if name.eq_ignore_ascii_case("authentication-results") {
            let value = without_comments(value);
            let mut parts = value.split(';');
            let id = parts.next().unwrap_or_default().split_whitespace().next().unwrap_or_default();
            if id.eq_ignore_ascii_case(authserv_id) || believes_all {
                seen = true;
                found.extend(parts.filter_map(outcome));
            }
        }
    }
    found
}

fn outcome(part: &str) -> Option<Outcome> {
    let part = part.trim();
    let (method, rest) = part.split_once('=')?;
    let method = method.trim().split('/').next()?.to_ascii_lowercase();
    let rest = rest.trim_start();
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    Some(Outcome {
        method,
        result: rest[..end].to_ascii_lowercase(),
        properties: rest[end..].to_ascii_lowercase(),
    })
}

/// Comments in parentheses may hold anything, also what looks like a result (RFC 5322 section 3.2.2).
fn without_comments(value: &str) -> String {
    let mut depth = 0_usize;
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => text.push(c),
            _ => {}
        }
    }
    text
}

fn standing(results: &[Outcome], sender: &Address) -> Standing {
    let dmarc: Vec<&Outcome> = results.iter().filter(|outcome| outcome.method == "dmarc").collect();
    if !dmarc.is_empty() {
        // Two that differ are no proof.
        let all = |result: &str| dmarc.iter().all(|outcome| outcome.result == result);
        let about = dmarc.iter().all(|outcome| is_about(outcome, &["header.from"], sender, true));
        return match () {
            () if all("pass") && about => Standing::Proven,
            () if dmarc.iter().any(|outcome| outcome.result == "fail") => Standing::Disproved,
            () => Standing::Claimed,
        };
    }
    let aligned = results.iter().any(|outcome| {
        outcome.result == "pass"
            && match outcome.method.as_str() {
                "dkim" => is_about(outcome, &["header.d", "header.i"], sender, false),
                "spf" => is_about(outcome, &["smtp.mailfrom"], sender, false),
                _ => false,
            }
    });
    if aligned { Standing::Proven } else { Standing::Claimed }
}

/// Whether a result names the sender's own domain. `lenient`: also where it names none, as some servers
/// leave it out for DMARC, which is about the sender by its nature.
fn is_about(outcome: &Outcome, names: &[&str], sender: &Address, lenient: bool) -> bool {
    let mut named = outcome.properties.split_whitespace().filter_map(|property| {
        let (name, value) = property.split_once('=')?;
        names
            .contains(&name)
            .then(|| value.trim_matches('"').rsplit('@').next().unwrap_or_default().to_owned())
    });
    let first = named.next();
    match first {
        None => lenient,
        Some(first) => {
            let ours = domain(sender);
            let same =
                |of: &str| idna::domain_to_ascii(of.trim_end_matches(['.', ','])).is_ok_and(|of| of == ours);
            same(&first) || named.any(|of| same(&of))
        }
    }
}

/// What the receiving server's filter says. These headers can be forged upwards only: to be suspected
/// costs a sender the place in the queue and nothing else.
fn is_suspected(headers: &[(String, String)]) -> bool {
    headers.iter().any(|(name, value)| {
        let value = value.trim().to_ascii_lowercase();
        match name.to_ascii_lowercase().as_str() {
            "x-spam-flag" | "x-spam" | "x-gm-spam" => {
                value.starts_with("yes") || value == "1" || value.starts_with("true")
            }
            "x-spam-status" => value.starts_with("yes"),
            "x-ms-exchange-organization-scl" => value.parse::<i32>().is_ok_and(|level| level >= 5),
            "x-forefront-antispam-report" => value
                .split(';')
                .any(|part| matches!(part.trim(), "sfv:spm" | "sfv:skb" | "cat:hphish" | "cat:phsh")),
            "x-rspamd-action" => {
                matches!(value.as_str(), "add header" | "rewrite subject" | "reject" | "quarantine")
            }
            _ => false,
        }
    })
}

/// What looks like deceit in names and addresses.
fn marks(from: &[Sender<'_>]) -> Vec<Mark> {
    let mut marks = Vec::new();
    if from.len() > 1 {
        marks.push(Mark::SeveralSenders);
    }
    let is_other = |sender: &Sender<'_>| {
        let own = canonical(sender.address);
        let name = sender.name.unwrap_or_default();
        name.split(|c: char| c.is_whitespace() || "<>()[]\"',;".contains(c))
            .filter_map(canonical)
            .any(|named| Some(named) != own)
    };
    if from.iter().any(is_other) {
        marks.push(Mark::AddressInName);
    }
    if from.iter().any(|sender| is_confusable(sender.address) || sender.name.is_some_and(has_confusable_word))
    {
        marks.push(Mark::Confusable);
    }
    marks
}

/// Whether an address mixes scripts in a way that no language does (UTS 39, "highly restrictive").
fn is_confusable(address: &str) -> bool {
    let (local, host) = address.rsplit_once('@').unwrap_or((address, ""));
    let (host, _) = idna::domain_to_unicode(host);
    std::iter::once(local)
        .chain(host.split('.'))
        .any(|part| !part.is_empty() && part.detect_restriction_level() > RestrictionLevel::HighlyRestrictive)
}

fn has_confusable_word(name: &str) -> bool {
    name.split(|c: char| !c.is_alphanumeric()).any(|word| {
        !word.is_empty()
            && !word.is_single_script()
            && word.detect_restriction_level() > RestrictionLevel::HighlyRestrictive
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SERVER: &str = "mx.shop.example";

    fn header(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    fn of(headers: &[(String, String)], address: &str) -> Verdict {
        judge(headers, &[Sender { name: None, address }], Some(SERVER))
    }

    fn results(value: &str) -> Vec<(String, String)> {
        vec![header("Authentication-Results", value), header("Received", "from x by mx.shop.example")]
    }

    #[test]
    fn dmarc_decides_where_the_named_server_gives_it() {
        let standing = |value: &str| of(&results(value), "anna@x.example").standing;
        assert_eq!(standing("mx.shop.example; dmarc=pass header.from=x.example"), Standing::Proven);
        assert_eq!(
            standing(
                "mx.shop.example 1; spf=pass smtp.mailfrom=y.example; dmarc=pass (p=none) header.from=x.example"
            ),
            Standing::Proven
        );
        assert_eq!(
            standing("mx.shop.example; dmarc=fail header.from=x.example; dkim=pass header.d=x.example"),
            Standing::Disproved
        );
        assert_eq!(standing("mx.shop.example; dmarc=none header.from=x.example"), Standing::Claimed);
        assert_eq!(standing("mx.shop.example; dmarc=pass header.from=y.example"), Standing::Claimed);
        assert_eq!(standing("mx.evil.example; dmarc=pass header.from=x.example"), Standing::Claimed);
        assert_eq!(standing("mx.shop.example; none (dmarc=pass header.from=x.example)"), Standing::Claimed);
        assert_eq!(standing("mx.shop.example; dkim=pass header.d=x.example"), Standing::Proven);
        assert_eq!(
            standing("mx.shop.example; dkim=pass header.d=y.example; spf=softfail smtp.mailfrom=x.example"),
            Standing::Claimed
        );
    }

    #[test]
    fn without_a_named_server_nobody_is_proven() {
        let headers = results("mx.shop.example; dmarc=pass header.from=x.example");
        let sender = Sender { name: None, address: "anna@x.example" };
        assert_eq!(judge(&headers, &[sender], None).standing, Standing::Claimed);
    }

    #[test]
    fn several_senders_are_never_proven_and_are_marked() {
        let headers = results("mx.shop.example; dmarc=pass header.from=x.example");
        let of = |address| Sender { name: None, address };
        let verdict = judge(&headers, &[of("anna@x.example"), of("bob@y.example")], Some(SERVER));
        assert_eq!(verdict.standing, Standing::Disproved);
        assert!(verdict.marks.contains(&Mark::SeveralSenders));
    }

    #[test]
    fn a_name_that_holds_another_address_and_mixed_scripts_are_marked() {
        let marks = |name, address| judge(&[], &[Sender { name: Some(name), address }], None).marks;
        assert_eq!(marks("support@shop.example", "eve@y.example"), [Mark::AddressInName]);
        assert_eq!(marks("Anna <anna@x.example>", "Anna@X.example"), []);
        // The first letter is Cyrillic.
        assert_eq!(marks("Anna", "\u{430}nna@x.example"), [Mark::Confusable]);
        assert_eq!(marks("\u{410}nna", "anna@x.example"), [Mark::Confusable]);
        assert_eq!(marks("Анна Иванова", "anna@почта.example"), []);
        assert_eq!(marks("山田 Taro", "taro@x.example"), []);
        assert_eq!(marks("Jürgen Müller", "jürgen@bücher.example"), []);
    }

    #[test]
    fn the_receiving_servers_word_for_spam_is_taken() {
        for (name, value) in [
            ("X-Spam-Flag", "YES"),
            ("X-MS-Exchange-Organization-SCL", "6"),
            ("X-Spam-Status", "Yes, score=9"),
        ] {
            assert!(of(&[header(name, value)], "a@x.example").suspected, "{name}");
        }
        assert!(
            !of(
                &[header("X-Spam-Status", "No, score=0"), header("X-MS-Exchange-Organization-SCL", "1")],
                "a@x.example"
            )
            .suspected
        );
    }

    proptest! {
        /// What a sender can write stands below the receiving server's hop: it proves nothing.
        #[test]
        fn nothing_below_the_servers_own_block_proves_a_sender(
            id in prop_oneof![Just(SERVER.to_owned()), "[a-z.]{1,20}"],
            result in prop_oneof![Just("dmarc=pass header.from=x.example".to_owned()), "[ -~]{0,60}"],
            own in prop_oneof![Just("dmarc=none"), Just("dmarc=fail header.from=x.example"), Just("none")],
            many in 1_usize..5,
        ) {
            let mut headers = results(&format!("{SERVER}; {own}"));
            for _ in 0..many {
                headers.push(header("Authentication-Results", &format!("{id}; {result}")));
                headers.push(header("Received", "from evil.example"));
            }
            prop_assert_ne!(of(&headers, "anna@x.example").standing, Standing::Proven);
        }
    }
}
