//! Dovecot: mailboxes over IMAP, delivery by LMTP, vacation answers by Sieve, and who may sign in.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use super::{
    MAIL_USER, PASSWORD, Setup, fill_in,
    keeper::{Daemon, Keeper, give_to},
    ports::Ports,
    until_greeted,
};

const SERVER: &str = "/usr/sbin/dovecot";
/// The services that ask whether somebody is locked out; delivery goes on.
const LOCKED: [&str; 2] = ["imap", "smtp"];

#[derive(Debug)]
pub(super) struct Dovecot {
    folder: PathBuf,
    daemon: Option<Daemon>,
}

impl Dovecot {
    /// Writes its configuration.
    pub(super) fn prepare(keeper: &Keeper, ports: &Ports, setup: &Setup) -> Self {
        let folder = keeper.folder().to_owned();
        keeper.folder_of("dovecot", "root", 0o755);
        keeper.folder_of("mail", MAIL_USER, 0o700);
        keeper.folder_of("sieve", MAIL_USER, 0o700);
        for service in LOCKED.into_iter().chain(["lmtp"]) {
            fs::write(folder.join(format!("locked-out.{service}")), "").expect("the folder is ours");
        }
        let configuration = fill_in(
            include_str!("dovecot.conf"),
            &[
                ("FOLDER", &folder.display()),
                ("PASSWORD", &PASSWORD),
                ("IDLE_SECONDS", &setup.idle_notify.as_secs()),
                ("IMAP_PORT", &ports.imap()),
                ("IMAPS_PORT", &ports.imaps()),
                ("LMTP_PORT", &ports.lmtp()),
                ("SMTP_PORT", &ports.smtp()),
            ],
        );
        fs::write(folder.join("dovecot.conf"), configuration).expect("the folder is ours");
        Self { folder, daemon: None }
    }

    pub(super) async fn start(&mut self, keeper: &Keeper, ports: &Ports) {
        let mut command = Command::new(SERVER);
        command.arg("-F").arg("-c").arg(self.folder.join("dovecot.conf"));
        let mut daemon = keeper.start("dovecot", &mut command);
        for (port, greeting) in [(ports.imap(), "* OK"), (ports.lmtp(), "220 "), (ports.imaps(), "")] {
            until_greeted(&mut daemon, port, greeting, &self.folder).await;
        }
        self.daemon = Some(daemon);
    }

    /// Ends all its processes at once: no BYE, no end of TLS.
    pub(super) fn kill(&mut self) {
        self.daemon.take().expect("Dovecot runs").kill();
        let _ = fs::remove_file(self.folder.join("dovecot/master.pid"));
    }

    /// Stops it as an administrator does; who is connected is told.
    pub(super) fn stop(&mut self) {
        // Else the master waits for those who are idle.
        self.kick("*");
        self.daemon.take().expect("Dovecot runs").stop();
    }

    /// Waits for what has been killed with its keeper.
    pub(super) fn reap(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.kill();
        }
    }

    /// Disconnects a user everywhere.
    pub(super) fn kick(&self, user: &str) {
        // It fails where nobody was connected.
        self.run(&["kick", user], b"");
    }

    /// Runs `doveadm` and gives what it printed.
    pub(super) fn doveadm(&self, arguments: &[&str], input: &[u8]) -> String {
        let output = self.run(arguments, input);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "doveadm {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new("/usr/bin/doveadm")
            .arg("-c")
            .arg(self.folder.join("dovecot.conf"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("doveadm is installed with Dovecot");
        // Where it does not read, it has failed, and says why.
        let _ = child.stdin.take().expect("a pipe").write_all(input);
        child.wait_with_output().expect("doveadm ends")
    }

    /// Refuses somebody's password, or takes it again; returns when that is so.
    pub(super) async fn lock_out(&self, user: &str, is_locked: bool) {
        for service in LOCKED {
            let file = self.folder.join(format!("locked-out.{service}"));
            let users = fs::read_to_string(&file).expect("written at the start");
            let is_other = |line: &&str| line.trim_end_matches(':') != user;
            let mut users: Vec<&str> = users.lines().filter(is_other).collect();
            let entry = format!("{user}::::::");
            if is_locked {
                users.push(&entry);
            }
            fs::write(&file, users.join("\n") + "\n").expect("the folder is ours");
        }
        // Dovecot looks at the files once a second.
        for service in LOCKED {
            let service = format!("service={service}");
            let attempt = ["auth", "test", "-x", &service, user, PASSWORD];
            while self.run(&attempt, b"").status.success() == is_locked {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Gives a mailbox a new UIDVALIDITY and leaves its mails and their UIDs, as after a restored backup.
    ///
    /// `doveadm mailbox update --uid-validity` leaves an inbox in the Maildir format as it was, so the list
    /// of UIDs is edited, and the index, which knows the old number, goes.
    pub(super) fn change_uidvalidity(&self, user: &str, mailbox: &str) {
        self.kick(user);
        let path = PathBuf::from(self.doveadm(&["mailbox", "path", "-u", user, mailbox], b""));
        // Whoever opens it makes the list, if there was none.
        self.doveadm(&["mailbox", "status", "-u", user, "uidvalidity", mailbox], b"");
        let file = path.join("dovecot-uidlist");
        let list = fs::read_to_string(&file).expect("a list of UIDs");
        let (head, rest) = list.split_once('\n').expect("a first line");
        let field = head.split(' ').find(|field| field.starts_with('V')).expect("a UIDVALIDITY");
        let old: u32 = field[1..].parse().expect("a number");
        let head = head.replace(field, &format!("V{}", old + 7));
        // Exchanged as a whole: Dovecot may look at any time.
        let new = path.join("dovecot-uidlist.new");
        fs::write(&new, format!("{head}\n{rest}")).expect("the mailbox is ours");
        give_to(&new, MAIL_USER);
        fs::rename(new, file).expect("the mailbox is ours");
        for entry in fs::read_dir(&path).expect("the mailbox is ours").flatten() {
            if entry.file_name().to_string_lossy().starts_with("dovecot.index") {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// From now on, mail to somebody is answered with this text once for each sender.
    pub(super) fn vacation(&self, user: &str, text: &str) {
        let file = self.folder.join("sieve").join(format!("{user}.sieve"));
        let text = text.replace('\\', r"\\").replace('"', "\\\"");
        let script =
            format!("require [\"vacation\", \"vacation-seconds\"];\nvacation :seconds 3600 \"{text}\";\n");
        fs::write(&file, script).expect("the folder is ours");
        give_to(&file, MAIL_USER);
    }

    /// Where somebody's mails lie.
    pub(super) fn maildir(&self, user: &str) -> PathBuf {
        let (name, domain) = user.split_once('@').expect("an address");
        Path::new(&self.folder).join("mail").join(domain).join(name).join("Maildir")
    }
}
