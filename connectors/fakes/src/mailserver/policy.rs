//! What Postfix asks at each recipient and each mail, and how the test lets it answer.
//!
//! Postfix's policy delegation protocol (SMTPD_POLICY_README): lines `name=value`, an empty line, and
//! the answer `action=..` with an empty line. It runs on threads of its own, so that a test whose
//! runtime is busy does not hold up the server.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What the receiving server finds out about a sender (RFC 8601).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// `dmarc=pass` for the sender's domain.
    Pass,
    /// `dmarc=fail`.
    Fail,
    /// `dmarc=none`: the domain has no policy.
    None,
    /// The server writes no header at all.
    Silent,
}

/// How often something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// This often, then no more.
    Only(u32),
    /// Until it is allowed again.
    Always,
}

/// What is decided for whom.
#[derive(Debug, Default)]
struct Rules {
    authserv_id: String,
    refusals: HashMap<String, (String, Times)>,
    verdicts: HashMap<String, Verdict>,
    attempts: HashMap<String, usize>,
}

/// Answers for as long as the process lives.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    rules: Arc<Mutex<Rules>>,
    port: u16,
}

impl Policy {
    pub(super) fn start(authserv_id: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port on loopback");
        let port = listener.local_addr().expect("a bound socket").port();
        let rules = Rules { authserv_id: authserv_id.to_owned(), ..Rules::default() };
        let policy = Self { rules: Arc::new(Mutex::new(rules)), port };
        let answering = policy.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answering = answering.clone();
                // Ends when Postfix closes.
                std::thread::spawn(move || answering.answer(&stream));
            }
        });
        policy
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn refuse(&self, recipient: &str, reply: &str, times: Times) {
        self.rules().refusals.insert(recipient.to_owned(), (reply.to_owned(), times));
    }

    pub(super) fn allow(&self, recipient: &str) {
        self.rules().refusals.remove(recipient);
    }

    pub(super) fn judge(&self, sender: &str, verdict: Verdict) {
        self.rules().verdicts.insert(sender.to_owned(), verdict);
    }

    pub(super) fn attempts(&self, recipient: &str) -> usize {
        self.rules().attempts.get(recipient).copied().unwrap_or_default()
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, stream: &TcpStream) -> Option<()> {
        let mut asked = HashMap::new();
        for line in BufReader::new(stream).lines() {
            let line = line.ok()?;
            if let Some((name, value)) = line.split_once('=') {
                asked.insert(name.to_owned(), value.to_owned());
            } else {
                let action = self.rules().decide(&asked);
                write!(&mut &*stream, "action={action}\n\n").ok()?;
                asked.clear();
            }
        }
        Some(())
    }
}

impl Rules {
    fn decide(&mut self, asked: &HashMap<String, String>) -> String {
        let ask = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
        let action = match ask("protocol_state") {
            "RCPT" => self.at_recipient(ask("recipient")),
            // Only what the world hands in is judged.
            "DATA" if ask("sasl_username").is_empty() => self.at_data(ask("sender")),
            _ => None,
        };
        action.unwrap_or_else(|| "DUNNO".to_owned())
    }

    fn at_recipient(&mut self, recipient: &str) -> Option<String> {
        *self.attempts.entry(recipient.to_owned()).or_default() += 1;
        let (reply, times) = self.refusals.get_mut(recipient)?;
        match times {
            Times::Only(0) => return None,
            Times::Only(left) => *left -= 1,
            Times::Always => {}
        }
        Some(reply.clone())
    }

    fn at_data(&self, sender: &str) -> Option<String> {
        // A vacation answer has no sender; it comes from a customer all the same.
        let domain = sender.rsplit_once('@').map_or("customers.example", |(_, domain)| domain);
        let result = match self.verdicts.get(sender).unwrap_or(&Verdict::Pass) {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::None => "none",
            Verdict::Silent => return None,
        };
        Some(format!(
            "PREPEND Authentication-Results: {}; dmarc={result} header.from={domain}",
            self.authserv_id
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(fields: &[(&str, &str)]) -> HashMap<String, String> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_recipient_is_refused_as_often_as_asked() {
        let mut rules = Rules::default();
        let reply = "450 4.2.0 Greylisted".to_owned();
        rules.refusals.insert("jo@customers.example".to_owned(), (reply.clone(), Times::Only(1)));
        let jo = asked(&[("protocol_state", "RCPT"), ("recipient", "jo@customers.example")]);
        assert_eq!(rules.decide(&jo), reply);
        assert_eq!(rules.decide(&jo), "DUNNO");
        assert_eq!(rules.attempts["jo@customers.example"], 2);
    }

    #[test]
    fn a_mail_of_a_user_who_signed_in_is_not_judged() {
        let mut rules = Rules { authserv_id: "mx.shop.example".to_owned(), ..Rules::default() };
        let mut mail = asked(&[("protocol_state", "DATA"), ("sender", "jo@customers.example")]);
        assert_eq!(
            rules.decide(&mail),
            "PREPEND Authentication-Results: mx.shop.example; dmarc=pass header.from=customers.example"
        );
        mail.insert("sasl_username".to_owned(), "support@shop.example".to_owned());
        assert_eq!(rules.decide(&mail), "DUNNO");
    }
}
