//! The dialogue with one client.

use std::{io, time::Duration};

use tokio::net::TcpStream;

use super::{
    AcceptedMail, Fault, Privacy, Shared, Stage,
    auth::{Attempt, Step},
    mail::faults_of,
    wire::Wire,
};
use crate::tls::acceptor;

/// Why a dialogue ended before QUIT: the connection is dropped as it is.
struct End;

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self
    }
}

type Flow<T = ()> = Result<T, End>;

struct Session<'a> {
    shared: &'a Shared,
    wire: Wire,
    greeted: bool,
    user: Option<String>,
    mail: Option<AcceptedMail>,
}

pub(super) async fn serve(stream: TcpStream, shared: &Shared) {
    // What a client says before it was greeted, it says to anybody.
    let mut first = [0];
    let early = tokio::time::timeout(Duration::from_millis(2), stream.peek(&mut first)).await;
    if matches!(early, Ok(Ok(1..))) && shared.config.privacy != Privacy::Tls {
        shared.violation("data before the greeting");
    }
    let mut wire = Wire::over(stream);
    if shared.config.privacy == Privacy::Tls {
        match wire.secure(&acceptor(shared.config.certificate)).await {
            Ok(secured) => wire = secured,
            Err(_) => return,
        }
    }
    let mut session = Session { shared, wire, greeted: false, user: None, mail: None };
    let _ = session.run().await;
}

impl Session<'_> {
    async fn run(&mut self) -> Flow {
        self.step(Stage::Connect, |_| "220 fake.example ESMTP".to_owned()).await?;
        while let Some(line) = self.wire.line().await? {
            let Some(command) = line.strip_suffix(b"\r\n") else {
                self.shared.violation("a command that does not end with CR LF");
                return Err(End);
            };
            if !self.wire.buffer.is_empty() {
                self.shared.violation("a command before the answer to the one before it");
            }
            // Long enough for the extensions that are offered, and for tokens of AUTH (RFC 4954).
            if command.len() > 12288 {
                self.shared.violation("a command that is too long");
            }
            let command = String::from_utf8_lossy(command).into_owned();
            if command.contains(['\r', '\0']) {
                self.shared.violation("a control character in a command");
            }
            self.obey(&command).await?;
        }
        Ok(())
    }

    async fn obey(&mut self, command: &str) -> Flow {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        match &verb.to_ascii_uppercase()[..] {
            "EHLO" => self.hello(rest).await,
            "STARTTLS" => self.start_tls().await,
            "AUTH" => self.auth(rest).await,
            "MAIL" => self.mail(rest).await,
            "RCPT" => self.rcpt(rest).await,
            "DATA" => self.data().await,
            "RSET" => {
                self.step(Stage::Reset, |session| {
                    session.mail = None;
                    "250 2.0.0 Ok".to_owned()
                })
                .await?;
                Ok(())
            }
            "NOOP" => self.step(Stage::Noop, |_| "250 2.0.0 Ok".to_owned()).await.map(drop),
            "QUIT" => {
                self.step(Stage::Quit, |_| "221 2.0.0 Bye".to_owned()).await?;
                Err(End)
            }
            _ => {
                self.shared.violation(format!("an unknown command: {verb}"));
                self.say("500 5.5.2 Unknown command").await
            }
        }
    }

    async fn say(&mut self, text: &str) -> Flow {
        Ok(self.wire.write(format!("{text}\r\n").as_bytes()).await?)
    }

    /// One step: what is done, and its answer, unless a fault waits for it. Says whether it was done.
    async fn step(&mut self, stage: Stage, act: impl FnOnce(&mut Self) -> String) -> Flow<bool> {
        let fault = self.shared.with(|state| {
            *state.reached.entry(stage).or_default() += 1;
            state.faults.take(stage)
        });
        match fault {
            None => {
                let answer = act(self);
                self.say(&answer).await?;
            }
            Some(Fault::Slow(pause)) => {
                tokio::time::sleep(pause).await;
                let answer = act(self);
                self.say(&answer).await?;
            }
            Some(Fault::Injected(bytes)) => {
                let mut answer = act(self).into_bytes();
                answer.extend_from_slice(b"\r\n");
                answer.extend_from_slice(&bytes);
                self.wire.write(&answer).await?;
            }
            Some(Fault::Reply(mut answer)) => {
                let leaves = answer.starts_with(b"421");
                answer.extend_from_slice(b"\r\n");
                self.wire.write(&answer).await?;
                return if leaves { Err(End) } else { Ok(false) };
            }
            Some(Fault::Cut) => return Err(End),
            Some(Fault::Silent) => {
                self.wire.linger().await;
                return Err(End);
            }
            Some(Fault::ActedThenCut) => {
                act(self);
                return Err(End);
            }
            Some(Fault::ActedThenSilent) => {
                act(self);
                self.wire.linger().await;
                return Err(End);
            }
            Some(Fault::ActedThenNonsense) => {
                act(self);
                self.say("what?").await?;
            }
        }
        Ok(true)
    }

    async fn hello(&mut self, name: &str) -> Flow {
        if name.is_empty() {
            self.shared.violation("EHLO without a name");
        }
        self.step(Stage::Hello, |session| {
            session.greeted = true;
            session.mail = None;
            session.extensions()
        })
        .await
        .map(drop)
    }

    fn extensions(&self) -> String {
        let config = &self.shared.config;
        let mut lines = vec!["fake.example".to_owned()];
        let stripped = self.shared.with(|state| state.stripped);
        if config.privacy == Privacy::StartTls && !self.wire.private && !stripped {
            lines.push("STARTTLS".to_owned());
        }
        if config.login.is_some() && self.may_sign_in() {
            lines.push(format!("AUTH {}", config.mechanisms.join(" ")));
        }
        lines.extend(config.largest.map(|largest| format!("SIZE {largest}")));
        let others = [(config.eight_bit, "8BITMIME"), (config.utf8, "SMTPUTF8"), (config.reports, "DSN")];
        lines.extend(others.iter().filter(|other| other.0).map(|other| other.1.to_owned()));
        lines.push("ENHANCEDSTATUSCODES".to_owned());
        let last = lines.len() - 1;
        let line = |(at, line): (usize, &String)| format!("250{}{line}", if at == last { ' ' } else { '-' });
        lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
    }

    fn may_sign_in(&self) -> bool {
        self.wire.private || self.shared.config.privacy == Privacy::None
    }

    async fn start_tls(&mut self) -> Flow {
        if self.shared.config.privacy != Privacy::StartTls || self.wire.private {
            self.shared.violation("STARTTLS that was not offered");
            return self.say("503 5.5.1 Not here").await;
        }
        if !self.step(Stage::StartTls, |_| "220 2.0.0 Go ahead".to_owned()).await? {
            return Ok(());
        }
        if !self.wire.buffer.is_empty() {
            self.shared.violation("a command before TLS that is read after it");
        }
        // A connection that is nobody's stands in while the real one changes hands.
        let (nobody, _) = tokio::io::duplex(1);
        let plain = std::mem::replace(&mut self.wire, Wire::over(nobody));
        self.wire = plain.secure(&acceptor(self.shared.config.certificate)).await?;
        self.greeted = false;
        Ok(())
    }

    async fn auth(&mut self, rest: &str) -> Flow {
        let Some(login) = self.shared.config.login.clone() else {
            self.shared.violation("AUTH that was not offered");
            return self.say("503 5.5.1 Not here").await;
        };
        if !self.may_sign_in() {
            self.shared.violation("credentials in the clear");
            return self.say("538 5.7.11 Encryption required").await;
        }
        let (mechanism, first) =
            rest.split_once(' ').map_or((rest, None), |(name, first)| (name, Some(first)));
        if !self.shared.config.mechanisms.iter().any(|offered| offered.eq_ignore_ascii_case(mechanism)) {
            self.shared.violation(format!("AUTH with {mechanism}, which was not offered"));
            return self.say("504 5.5.4 Unknown mechanism").await;
        }
        let mut attempt = Attempt::new(mechanism);
        let mut answer = first.map(str::to_owned);
        let user = loop {
            match attempt.step(&login, answer.as_deref()) {
                Step::End(user) => break user,
                Step::Ask(challenge) => self.say(&format!("334 {challenge}")).await?,
            }
            let Some(line) = self.wire.line().await? else { return Err(End) };
            answer = Some(String::from_utf8_lossy(&line).trim_end().to_owned());
        };
        self.step(Stage::Auth, |session| {
            session.user = user;
            match session.user {
                Some(_) => "235 2.7.0 Signed in".to_owned(),
                None => "535 5.7.8 Wrong name or password".to_owned(),
            }
        })
        .await
        .map(drop)
    }

    async fn mail(&mut self, rest: &str) -> Flow {
        if !self.greeted || self.mail.is_some() {
            self.shared.violation("MAIL out of turn");
            return self.say("503 5.5.1 Not now").await;
        }
        if self.shared.config.login.is_some() && self.user.is_none() {
            return self.say("530 5.7.0 Sign in first").await;
        }
        let Some((from, parameters)) = self.path(rest, "FROM:") else {
            return self.say("501 5.1.7 No address").await;
        };
        let announced = parameters.iter().find_map(|parameter| parameter.strip_prefix("SIZE=")?.parse().ok());
        if let (Some(largest), Some(size)) = (self.shared.config.largest, announced)
            && largest < size
        {
            return self.say("552 5.3.4 Too large").await;
        }
        let mail = AcceptedMail {
            from,
            to: Vec::new(),
            mail_parameters: parameters,
            rcpt_parameters: Vec::new(),
            user: self.user.clone(),
            private: self.wire.private,
            bytes: Vec::new(),
        };
        self.step(Stage::Mail, |session| {
            session.mail = Some(mail);
            "250 2.1.0 Ok".to_owned()
        })
        .await
        .map(drop)
    }

    async fn rcpt(&mut self, rest: &str) -> Flow {
        let Some(from) = self.mail.as_ref().map(|mail| mail.from.clone()) else {
            self.shared.violation("RCPT out of turn");
            return self.say("503 5.5.1 Not now").await;
        };
        let Some((to, parameters)) = self.path(rest, "TO:").filter(|(to, _)| !to.is_empty()) else {
            return self.say("501 5.1.3 No address").await;
        };
        let put_off =
            self.shared.with(|state| state.greylisting && state.greylisted.insert((from, to.clone())));
        if put_off {
            return self.say("450 4.2.0 Greylisted, try again in 90 seconds").await;
        }
        self.step(Stage::Rcpt, |session| {
            if let Some(mail) = &mut session.mail {
                mail.to.push(to);
                mail.rcpt_parameters.extend(parameters);
            }
            "250 2.1.5 Ok".to_owned()
        })
        .await
        .map(drop)
    }

    /// The address and the parameters of MAIL and RCPT.
    fn path(&self, rest: &str, keyword: &str) -> Option<(String, Vec<String>)> {
        let known = ["SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "NOTIFY", "ORCPT"];
        let path = rest.get(..keyword.len()).filter(|found| found.eq_ignore_ascii_case(keyword));
        let inner = path.and(rest[keyword.len()..].strip_prefix('<')).and_then(|rest| rest.split_once('>'));
        let Some((address, parameters)) = inner else {
            self.shared.violation("an address that is not one");
            return None;
        };
        let parameters: Vec<_> = parameters.split_whitespace().map(str::to_owned).collect();
        for parameter in &parameters {
            let name = parameter.split('=').next().unwrap_or_default();
            if !known.contains(&name) {
                self.shared.violation(format!("an unknown parameter: {name}"));
            }
        }
        let utf8 = parameters.iter().any(|parameter| parameter == "SMTPUTF8")
            || self.mail.as_ref().is_some_and(|mail| mail.mail_parameters.contains(&"SMTPUTF8".to_owned()));
        if !(address.is_ascii() || utf8 && self.shared.config.utf8) {
            self.shared.violation("an address that is not ASCII, without SMTPUTF8");
            return None;
        }
        if address.contains([' ', '<', '\t']) || address.bytes().any(|byte| byte.is_ascii_control()) {
            self.shared.violation("an address with what can't be in one");
            return None;
        }
        Some((address.to_owned(), parameters))
    }

    async fn data(&mut self) -> Flow {
        if self.mail.as_ref().is_none_or(|mail| mail.to.is_empty()) {
            self.shared.violation("DATA out of turn");
            return self.say("503 5.5.1 Not now").await;
        }
        if !self.step(Stage::Data, |_| "354 Go on".to_owned()).await? {
            return Ok(());
        }
        let Some(mut mail) = self.mail.take() else { return Err(End) };
        while self.wire.buffer.is_empty() && self.wire.fill().await? {}
        self.body_fault().await?;
        let Some(bytes) = self.wire.text().await? else { return Err(End) };
        let has = |name: &str| mail.mail_parameters.iter().any(|parameter| parameter == name);
        for fault in faults_of(&bytes, has("BODY=8BITMIME"), has("SMTPUTF8")) {
            self.shared.violation(fault);
        }
        if self.shared.config.largest.is_some_and(|largest| largest < bytes.len()) {
            return self.say("552 5.3.4 Too large").await;
        }
        mail.bytes = bytes;
        self.step(Stage::Dot, |session| {
            if let Some(recipient) = &session.shared.config.recipient {
                (recipient.0)(&mail);
            }
            session.shared.with(|state| state.mails.push(mail));
            "250 2.0.0 Queued".to_owned()
        })
        .await
        .map(drop)
    }

    /// What goes wrong while the text comes.
    async fn body_fault(&mut self) -> Flow {
        let fault = self.shared.with(|state| {
            *state.reached.entry(Stage::Body).or_default() += 1;
            state.faults.take(Stage::Body)
        });
        match fault {
            None => Ok(()),
            Some(Fault::Slow(pause)) => {
                tokio::time::sleep(pause).await;
                Ok(())
            }
            Some(Fault::Reply(mut answer)) => {
                answer.extend_from_slice(b"\r\n");
                self.wire.write(&answer).await?;
                Err(End)
            }
            Some(Fault::Silent | Fault::ActedThenSilent) => {
                // Not read either: the client's buffers fill.
                std::future::pending().await
            }
            Some(_) => Err(End),
        }
    }
}
