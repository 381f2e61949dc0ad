//! A folder for servers and their processes, all of which end with the test, however it ends.
//!
//! Each server runs in a process group of its own, so that one signal reaches all its processes. A small
//! shell waits on a pipe that the test's process holds: when that closes, because the test is over,
//! panicked or was killed, the shell kills the groups and removes the folder.

use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// Waits for the end of the test, then ends what is named in `$1/groups` and removes `$1`.
const CLEAR_UP: &str = r#"
cat
for group in "$1"/groups/*; do
  [ -s "$group" ] && kill -s KILL -- "-$(cat "$group")"
done
rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
"#;
/// Sockets of the servers stand in the folder, and their names may have 107 bytes.
const LONGEST: usize = 60;
/// How long a server may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// The folder, and the shell that clears it up.
#[derive(Debug)]
pub(super) struct Keeper {
    folder: PathBuf,
    shell: Child,
}

impl Keeper {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = parent().join(format!("rapport-mail-{}-{count}", std::process::id()));
        fs::create_dir(&folder).expect("a folder for the mail server");
        // The servers' own users have to come in.
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("the folder is ours");
        fs::create_dir(folder.join("groups")).expect("the folder is ours");
        let shell = Command::new("sh")
            .args(["-c", CLEAR_UP, "sh"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A signal to the test's group must not reach who clears up after it.
            .process_group(0)
            .spawn()
            .expect("a shell");
        Self { folder, shell }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A folder within, for a user of the system.
    pub(super) fn folder_of(&self, name: &str, user: &str, mode: u32) {
        let path = self.folder.join(name);
        fs::create_dir_all(&path).expect("the folder is ours");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("the folder is ours");
        give_to(&path, user);
    }

    /// Starts a server in a process group of its own; what it prints goes to `NAME.start`.
    pub(super) fn start(&self, name: &str, command: &mut Command) -> Daemon {
        let output = fs::File::create(self.folder.join(format!("{name}.start"))).expect("the folder is ours");
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a file"))
            .stderr(output)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{name} can't be started (scripts/needs.sh installs it): {error}")
            });
        let group = self.folder.join("groups").join(name);
        fs::write(&group, child.id().to_string()).expect("the folder is ours");
        Daemon { child, group }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// Gives a file or folder to a user of the system.
pub(super) fn give_to(path: &Path, user: &str) {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let entry = users.lines().find_map(|line| line.strip_prefix(user)?.strip_prefix(':'));
    let mut ids = entry.unwrap_or_default().split(':').skip(1).map(str::parse::<u32>);
    let (Some(Ok(uid)), Some(Ok(gid))) = (ids.next(), ids.next()) else {
        panic!("there is no user {user} (scripts/needs.sh installs the mail servers)");
    };
    chown(path, Some(uid), Some(gid)).expect("only root can run the mail servers");
}

/// The folder of temporary files, or `/tmp` where that is too deep or closed to the servers' users.
fn parent() -> PathBuf {
    let usual = std::env::temp_dir();
    let is_open = |folder: &Path| fs::metadata(folder).is_ok_and(|data| data.permissions().mode() & 1 != 0);
    if usual.as_os_str().len() <= LONGEST && usual.ancestors().all(is_open) { usual } else { "/tmp".into() }
}

/// A running server and all its processes.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    group: PathBuf,
}

impl Daemon {
    /// Whether it ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Lets it read its configuration again.
    pub(super) fn reload(&self) {
        signal("HUP", &self.child.id().to_string());
    }

    /// Ends all its processes at once, with no chance to say anything.
    pub(super) fn kill(mut self) {
        signal("KILL", &format!("-{}", self.child.id()));
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.group);
    }

    /// Lets it end as its system would, and then ends what is left of it.
    pub(super) fn stop(mut self) {
        signal("TERM", &self.child.id().to_string());
        let began = Instant::now();
        while !self.has_ended() && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill();
    }
}

fn signal(name: &str, whom: &str) {
    let script = r#"kill -s "$1" -- "$2""#;
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", name, whom]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().expect("a shell");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a process of this id lives; one that ended and was not yet waited for does not.
    fn lives(id: u32) -> bool {
        let status = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        !status.is_empty() && !status.contains(") Z ")
    }

    #[test]
    fn everything_started_ends_with_the_keeper_also_what_its_parent_forgot() {
        let keeper = Keeper::new();
        let folder = keeper.folder().to_owned();
        let script = format!("sleep 600 & echo $! > {}/id; wait", folder.display());
        let mut daemon = keeper.start("sleeper", Command::new("sh").args(["-c", &script]));
        let id = loop {
            if let Ok(id) = fs::read_to_string(folder.join("id")).unwrap_or_default().trim().parse() {
                break id;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(lives(id) && !daemon.has_ended());
        drop(keeper);
        let _ = daemon.child.wait();
        let began = Instant::now();
        while lives(id) && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!lives(id));
        assert!(!folder.exists());
    }

    #[test]
    fn a_server_that_is_killed_is_gone_with_its_children() {
        let keeper = Keeper::new();
        let daemon = keeper.start("sleeper", Command::new("sh").args(["-c", "sleep 600 & wait"]));
        let id = daemon.child.id();
        daemon.kill();
        assert!(!lives(id));
        assert!(!keeper.folder().join("groups/sleeper").exists());
    }
}
