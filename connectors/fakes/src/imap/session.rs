//! The dialogue with one client.

use std::{io, sync::Arc, time::Duration};

use tokio::net::TcpStream;

use super::{
    Shared, State,
    command::{Command, numbers},
    fault::{Cut, Trick},
    fetch::{self, Item},
    search,
    wire::Wire,
};
use crate::{
    smtp::{
        Privacy,
        auth::{Attempt, Step},
    },
    tls::acceptor,
};

/// Commands that need an open folder.
const IN_FOLDER: [&str; 6] = ["UID FETCH", "UID SEARCH", "UID STORE", "UID EXPUNGE", "EXPUNGE", "CLOSE"];

struct Session<'a> {
    wire: Wire,
    shared: &'a Shared,
    private: bool,
    signed_in: bool,
    open: Option<Open>,
}

/// The open folder, as the client knows it.
struct Open {
    name: String,
    uid_validity: u32,
    view: Vec<u32>,
    read_only: bool,
}

/// Speaks with a client until it goes, or until it is cut off.
pub(super) async fn serve(stream: TcpStream, shared: &Shared) {
    let cut = shared.read(|state| state.faults.cuts.pop_front()).unwrap_or(Cut::Never);
    let wire = Wire::over(stream, cut, Arc::clone(&shared.sent));
    let mut session = Session { wire, shared, private: false, signed_in: false, open: None };
    let _ = session.run().await;
}

impl Session<'_> {
    async fn run(&mut self) -> io::Result<()> {
        if self.shared.config.privacy == Privacy::Tls {
            self.secure().await?;
        }
        let greeting = self.shared.read(|state| state.faults.greetings.pop_front());
        let greeting = greeting.unwrap_or_else(|| "* OK fake mailbox".to_owned());
        self.say(&greeting).await?;
        if greeting.starts_with("* BYE") {
            return self.wire.flush().await;
        }
        self.signed_in = greeting.starts_with("* PREAUTH");
        loop {
            let command = Command::read(&mut self.wire).await?;
            self.shared.read(|state| state.commands.push(command.name.clone()));
            let (instead, unasked) = self
                .shared
                .read(|state| (state.faults.answer(&command.name), state.faults.interjection(&command.name)));
            if let Some(line) = unasked {
                self.say(&line).await?;
            }
            if let Some(lines) = instead {
                let last = lines.len().saturating_sub(1);
                for (index, line) in lines.iter().enumerate() {
                    let line = if index == last { format!("{} {line}", command.tag) } else { line.clone() };
                    self.say(&line).await?;
                }
                continue;
            }
            let answer = self.act(&command).await?;
            self.say(&format!("{} {answer}", command.tag)).await?;
            match &command.name[..] {
                "LOGOUT" => return self.wire.flush().await,
                "STARTTLS" if answer.starts_with("OK") => {
                    let injection = self.shared.read(|state| state.faults.injection.take());
                    self.wire.write(injection.unwrap_or_default().as_bytes()).await?;
                    self.wire.flush().await?;
                    self.secure().await?;
                }
                _ => {}
            }
        }
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.wire.write(line.as_bytes()).await?;
        self.wire.write(b"\r\n").await
    }

    async fn secure(&mut self) -> io::Result<()> {
        self.wire.secure(&acceptor(self.shared.config.certificate)).await?;
        self.private = true;
        Ok(())
    }

    fn capabilities(&self) -> String {
        let mut words = vec!["CAPABILITY IMAP4rev1"];
        if self.shared.config.privacy == Privacy::StartTls && !self.private {
            words.extend(["STARTTLS", "LOGINDISABLED"]);
        } else {
            words.extend(&self.shared.config.capabilities);
        }
        words.join(" ")
    }

    /// Does what a command wants; returns how it ends.
    async fn act(&mut self, command: &Command) -> io::Result<String> {
        let refuse = |text: &str| Ok(text.to_owned());
        if IN_FOLDER.contains(&&command.name[..]) && self.open.is_none() {
            return refuse("BAD no folder is open");
        }
        match &command.name[..] {
            "CAPABILITY" => self.say(&format!("* {}", self.capabilities())).await?,
            "NOOP" => {}
            "LOGOUT" => self.say("* BYE until next time").await?,
            "STARTTLS" if self.private || self.shared.config.privacy != Privacy::StartTls => {
                return refuse("BAD no STARTTLS here");
            }
            "STARTTLS" => return refuse("OK begin now"),
            "LOGIN" | "AUTHENTICATE" => return self.sign_in(command).await,
            _ if !self.signed_in => return refuse("BAD sign in first"),
            "SELECT" | "EXAMINE" => return self.open(command).await,
            "STATUS" => return self.status(command).await,
            "LIST" => {
                for name in self.shared.read(|state| state.mailbox.names()) {
                    self.say(&format!("* LIST () \"/\" \"{name}\"")).await?;
                }
            }
            "CREATE" => self.shared.change(|state| {
                state.mailbox.folder(&command.folder(0));
            }),
            "APPEND" => return Ok(self.append(command)),
            "IDLE" => return self.idle().await,
            "CLOSE" => self.open = None,
            "UID SEARCH" => return self.search(command).await,
            "UID FETCH" => return self.fetch(command).await,
            "UID STORE" => return Ok(self.store(command)),
            _ => return refuse("BAD not understood"),
        }
        self.tell_changes().await?;
        refuse("OK done")
    }

    async fn sign_in(&mut self, command: &Command) -> io::Result<String> {
        let login = self.shared.read(|state| state.login.clone());
        let login = login.unwrap_or_else(|| self.shared.config.login.clone());
        let offered = self.capabilities();
        if command.name == "LOGIN" {
            if offered.contains("LOGINDISABLED") {
                return Ok("NO [PRIVACYREQUIRED] not in the clear".to_owned());
            }
            self.signed_in = (command.text(0), command.text(1)) == login;
        } else {
            let mechanism = command.text(0).to_ascii_uppercase();
            if !offered.contains(&format!("AUTH={mechanism}")) {
                return Ok("NO no such mechanism".to_owned());
            }
            let mut attempt = Attempt::new(&mechanism);
            let mut answer = (command.arguments.len() > 1).then(|| command.text(1));
            loop {
                match attempt.step(&login, answer.as_deref()) {
                    Step::Ask(challenge) => self.say(&format!("+ {challenge}")).await?,
                    Step::End(name) => {
                        self.signed_in = name.is_some();
                        break;
                    }
                }
                answer = Some(String::from_utf8_lossy(&self.wire.line().await?).into_owned());
            }
        }
        let refusal = "NO [AUTHENTICATIONFAILED] wrong name or password";
        Ok(if self.signed_in { "OK signed in" } else { refusal }.to_owned())
    }

    async fn open(&mut self, command: &Command) -> io::Result<String> {
        self.open = None;
        let name = command.folder(0);
        let found = self.shared.read(|state| {
            let folder = state.mailbox.find(&name)?;
            let view = folder.mails.iter().map(|mail| mail.uid).collect();
            Some((folder.uid_validity, folder.uid_next, view))
        });
        let Some((uid_validity, uid_next, view)) = found else {
            return Ok("NO [NONEXISTENT] no such folder".to_owned());
        };
        let read_only = command.name == "EXAMINE";
        let view: Vec<u32> = view;
        self.say("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)").await?;
        self.say(&format!("* {} EXISTS", view.len())).await?;
        self.say("* 0 RECENT").await?;
        self.say(&format!("* OK [UIDVALIDITY {uid_validity}] lasting numbers")).await?;
        if self.shared.config.tells_uid_next {
            self.say(&format!("* OK [UIDNEXT {uid_next}] the next number")).await?;
        }
        self.open = Some(Open { name, uid_validity, view, read_only });
        Ok(if read_only { "OK [READ-ONLY] open" } else { "OK [READ-WRITE] open" }.to_owned())
    }

    async fn status(&mut self, command: &Command) -> io::Result<String> {
        let name = command.folder(0);
        let line = self.shared.read(|state| {
            let folder = state.mailbox.find(&name)?;
            let (messages, next, validity) = (folder.mails.len(), folder.uid_next, folder.uid_validity);
            Some(format!("* STATUS \"{name}\" (MESSAGES {messages} UIDNEXT {next} UIDVALIDITY {validity})"))
        });
        match line {
            Some(line) => self.say(&line).await?,
            None => return Ok("NO [NONEXISTENT] no such folder".to_owned()),
        }
        Ok("OK done".to_owned())
    }

    fn append(&self, command: &Command) -> String {
        let (name, raw) = (command.folder(0), command.arguments.last().cloned().unwrap_or_default());
        let flags: Vec<String> =
            command.text(1).trim_matches(['(', ')']).split(' ').map(str::to_owned).collect();
        let now = self.shared.config.clock.now();
        self.shared.change(|state| match state.mailbox.find_mut(&name) {
            Some(folder) => {
                let uid = folder.add(raw, now, flags);
                format!("OK [APPENDUID {} {uid}] kept", folder.uid_validity)
            }
            None => "NO [TRYCREATE] no such folder".to_owned(),
        })
    }

    /// Waits with the client, and tells what changes meanwhile.
    async fn idle(&mut self) -> io::Result<String> {
        let mut changes = self.shared.changes.subscribe();
        self.say("+ idling").await?;
        loop {
            changes.mark_unchanged();
            self.tell_changes().await?;
            self.wire.flush().await?;
            let keep_alive: Duration = self.shared.config.keep_alive;
            tokio::select! {
                line = self.wire.line() => {
                    let done = line?.eq_ignore_ascii_case(b"DONE");
                    return Ok(if done { "OK idle no more" } else { "BAD DONE was expected" }.to_owned());
                }
                _ = changes.changed() => {}
                () = tokio::time::sleep(keep_alive) => self.say("* OK Still here").await?,
            }
        }
    }

    /// Tells what changed in the open folder since it was last told.
    async fn tell_changes(&mut self) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let now = self.shared.read(|state| {
            let folder =
                state.mailbox.find(&open.name).filter(|folder| folder.uid_validity == open.uid_validity);
            folder.map(|folder| folder.mails.iter().map(|mail| mail.uid).collect::<Vec<_>>())
        });
        let Some(now) = now else { return Ok(()) };
        let mut lines = Vec::new();
        while let Some(index) = open.view.iter().position(|uid| now.binary_search(uid).is_err()) {
            open.view.remove(index);
            lines.push(format!("* {} EXPUNGE", index + 1));
        }
        if now.len() > open.view.len() {
            lines.push(format!("* {} EXISTS", now.len()));
            open.view = now;
        }
        for line in lines {
            self.say(&line).await?;
        }
        Ok(())
    }

    /// Whether the open folder was deleted, or made anew, under the session. Then it is as with Dovecot:
    /// a complaint without a tag, an OK with it, and nothing in between.
    async fn is_lost(&mut self) -> io::Result<bool> {
        let Some(open) = &self.open else { return Ok(true) };
        let (name, uid_validity) = (&open.name, open.uid_validity);
        let lost = self
            .shared
            .read(|state| state.mailbox.find(name).is_none_or(|folder| folder.uid_validity != uid_validity));
        if lost {
            self.say("* NO Internal error occurred. Refer to server log for more information.").await?;
        }
        Ok(lost)
    }

    async fn search(&mut self, command: &Command) -> io::Result<String> {
        if self.is_lost().await? {
            self.say("* SEARCH").await?;
            return Ok("OK Search completed".to_owned());
        }
        let Some(open) = &self.open else { return Ok("BAD no folder is open".to_owned()) };
        let words: Vec<String> = (0..command.arguments.len()).map(|index| command.text(index)).collect();
        let found = self.shared.read(|state| {
            let folder = state.mailbox.find(&open.name)?;
            search::search(&words, &open.view, |uid| folder.find(uid))
        });
        let Some(found) = found else { return Ok("BAD not understood".to_owned()) };
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        self.say(format!("* SEARCH {}", found.join(" ")).trim_end()).await?;
        Ok("OK Search completed".to_owned())
    }

    async fn fetch(&mut self, command: &Command) -> io::Result<String> {
        if self.is_lost().await? {
            return Ok("OK Fetch completed".to_owned());
        }
        let Some(mut items) = fetch::items(&command.text(1)) else {
            return Ok("BAD not understood".to_owned());
        };
        if !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        let asked = |wanted: fn(&Item) -> bool| items.iter().any(wanted);
        let (texts, whole) = (
            asked(|item| matches!(item, Item::Text { .. })),
            asked(|item| matches!(item, Item::Text { section, .. } if section.is_empty())),
        );
        let Some(open) = &self.open else { return Ok("BAD no folder is open".to_owned()) };
        let (name, view, read_only) = (open.name.clone(), open.view.clone(), open.read_only);
        for uid in numbers(&command.text(0), &view) {
            let trick = self.shared.read(|state| state.faults.tricks.get(&(name.clone(), uid)).cloned());
            let mut larger = 0;
            match &trick {
                Some(Trick::Answer(answer)) if texts => return Ok((*answer).to_owned()),
                Some(Trick::WholeAnswer(answer)) if whole => return Ok((*answer).to_owned()),
                Some(Trick::LeftOut) if texts => continue,
                Some(Trick::Expunged) if texts => {
                    self.shared.change(|state| state.mailbox.folder(&name).expunge(uid));
                }
                Some(Trick::Late(by)) if texts => {
                    self.wire.flush().await?;
                    tokio::time::sleep(*by).await;
                }
                Some(Trick::Larger(by)) if whole => larger = *by,
                _ => {}
            }
            let answer = self.shared.read(|state| {
                let mut mail = state.mailbox.find(&name)?.find(uid)?.clone();
                if trick == Some(Trick::Empty) {
                    mail.raw.clear();
                }
                if !read_only && asked(|item| matches!(item, Item::Text { marks: true, .. })) {
                    mark_seen(state, &name, uid);
                }
                let seq = view.binary_search(&uid).unwrap_or_default() + 1;
                Some(fetch::answer(seq, &mail, &items, trick != Some(Trick::NoDate), larger))
            });
            let Some(answer) = answer else { continue };
            if texts && trick == Some(Trick::Cut) {
                self.wire.write(&answer[..answer.len() / 2]).await?;
                self.wire.flush().await?;
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            self.wire.write(&answer).await?;
        }
        Ok("OK Fetch completed".to_owned())
    }

    fn store(&self, command: &Command) -> String {
        let Some(open) = self.open.as_ref().filter(|open| !open.read_only) else {
            return "NO the folder is open to read only".to_owned();
        };
        let flags: Vec<String> =
            command.text(2).trim_matches(['(', ')']).split(' ').map(str::to_owned).collect();
        let adds = command.text(1).starts_with('+');
        self.shared.change(|state| {
            let Some(folder) = state.mailbox.find_mut(&open.name) else { return };
            for uid in numbers(&command.text(0), &open.view) {
                let Some(mail) = folder.mails.iter_mut().find(|mail| mail.uid == uid) else { continue };
                mail.flags.retain(|flag| !flags.contains(flag));
                if adds {
                    mail.flags.extend(flags.iter().cloned());
                }
            }
        });
        "OK done".to_owned()
    }
}

fn mark_seen(state: &mut State, folder: &str, uid: u32) {
    let mails = state.mailbox.find_mut(folder).map(|folder| &mut folder.mails);
    if let Some(mail) = mails.and_then(|mails| mails.iter_mut().find(|mail| mail.uid == uid))
        && !mail.flags.iter().any(|flag| flag == "\\Seen")
    {
        mail.flags.push("\\Seen".to_owned());
    }
}
