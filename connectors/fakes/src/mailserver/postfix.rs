//! Postfix: takes mail from the world and from users, delivers it to Dovecot, and reports what failed.

use std::{
    fs::File,
    io::Write as _,
    path::PathBuf,
    process::Command,
    time::{Duration, SystemTime},
};

use super::{
    fill_in,
    keeper::{Daemon, Keeper},
    ports::Ports,
    until_greeted,
};

/// The server itself: `postfix start` would first check an installation.
const SERVER: &str = "/usr/lib/postfix/sbin/master";
const USER: &str = "postfix";

#[derive(Debug)]
pub(super) struct Postfix {
    folder: PathBuf,
    daemon: Option<Daemon>,
}

impl Postfix {
    /// Writes its configuration, and makes the folders of its queue.
    pub(super) fn prepare(keeper: &Keeper, ports: &Ports, policy: u16) -> Self {
        let folder = keeper.folder().to_owned();
        keeper.folder_of("postfix", "root", 0o755);
        keeper.folder_of("postfix-data", USER, 0o700);
        keeper.folder_of("queue", "root", 0o755);
        keeper.folder_of("queue/pid", "root", 0o755);
        keeper.folder_of("queue/public", USER, 0o710);
        for name in ["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming"] {
            keeper.folder_of(&format!("queue/{name}"), USER, 0o700);
        }
        for name in ["maildrop", "private", "saved", "trace"] {
            keeper.folder_of(&format!("queue/{name}"), USER, 0o700);
        }
        for (name, text) in [("main.cf", include_str!("main.cf")), ("master.cf", include_str!("master.cf"))] {
            let text = fill_in(
                text,
                &[
                    ("FOLDER", &folder.display()),
                    ("LMTP_PORT", &ports.lmtp()),
                    ("SLOW_PORT", &ports.slow()),
                    ("POLICY_PORT", &policy),
                    ("SMTP_PORT", &ports.smtp()),
                    ("CLEAR_PORT", &ports.clear()),
                    ("SUBMISSION_PORT", &ports.submission()),
                    ("SUBMISSIONS_PORT", &ports.submissions()),
                ],
            );
            let mut file = File::create(folder.join("postfix").join(name)).expect("the folder is ours");
            file.write_all(text.as_bytes()).expect("the folder is ours");
            // Postfix waits for more than a second before it reads one that was only just written.
            let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
            file.set_modified(long_ago).expect("the folder is ours");
        }
        Self { folder, daemon: None }
    }

    pub(super) async fn start(&mut self, keeper: &Keeper, ports: &Ports) {
        let mut command = Command::new(SERVER);
        // Stays in our process group, and keeps its output.
        command.arg("-d").arg("-c").arg(self.folder.join("postfix"));
        let mut daemon = keeper.start("postfix", &mut command);
        for (port, greeting) in
            [(ports.smtp(), "220 "), (ports.submission(), "220 "), (ports.submissions(), "")]
        {
            until_greeted(&mut daemon, port, greeting, &self.folder).await;
        }
        self.daemon = Some(daemon);
    }

    /// Has it look through its whole queue anew, also for what it lost sight of: where it tries again within
    /// seconds, it can meet a mail that it has not yet put aside, and passes over that one from then on.
    pub(super) fn look_again(&self) {
        self.daemon.as_ref().expect("Postfix runs").reload();
    }

    /// Stops it; what is queued stays.
    pub(super) fn stop(&mut self) {
        self.daemon.take().expect("Postfix runs").stop();
    }

    /// Waits for what has been killed with its keeper.
    pub(super) fn reap(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.kill();
        }
    }
}
