//! The binary as a person types it: what it prints, what it refuses, and what it leaves on the disk.
//!
//! Each test has a folder of its own and an embedded store in it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A folder with a configuration, gone when the test ends.
struct Home(PathBuf);

impl Home {
    fn new(configuration: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("rapport-home-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).expect("the folder of temporary files can be written");
        std::fs::write(folder.join("rapport.toml"), configuration).expect("the folder can be written");
        Self(folder)
    }

    /// Whether it succeeded, and all that it printed.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_rapport"))
            .args(arguments)
            .current_dir(&self.0)
            .output()
            .expect("the binary runs");
        let printed = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(printed).expect("it prints text"))
    }

    #[track_caller]
    fn refuses(&self, arguments: &[&str], wanted: &[&str]) {
        let (success, printed) = self.run(arguments);
        assert!(!success && wanted.iter().all(|part| printed.contains(part)), "{wanted:?} in {printed}");
        assert!(!printed.contains("hunter2"), "{printed}");
    }

    #[track_caller]
    fn does(&self, arguments: &[&str], wanted: &str) {
        let (success, printed) = self.run(arguments);
        assert!(success && printed.contains(wanted), "{wanted} in {printed}");
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

const ADD: [&str; 5] = ["associate", "add", "ada@shop.example", "--name", "Ada"];
const CHECK: [&str; 2] = ["check", "--connect"];

#[test]
fn a_store_that_can_t_be_opened_is_named_with_its_place_and_the_cause() {
    let home = Home::new("");
    std::fs::create_dir_all(home.0.join("data/rapport.db")).unwrap();
    home.refuses(
        &CHECK,
        &["the store data/rapport.db can't be used: Is a directory", "the store can't be used"],
    );
    home.refuses(&ADD, &["the store data/rapport.db can't be opened"]);
    std::fs::remove_dir(home.0.join("data/rapport.db")).unwrap();
    std::fs::write(home.0.join("data/rapport.db"), "no database ".repeat(1000)).unwrap();
    let cause = "the store data/rapport.db can't be opened: the database refused: file is not a database";
    home.refuses(&CHECK, &[cause]);
    home.refuses(&ADD, &[cause]);
}

#[test]
fn a_server_that_does_not_listen_is_named_without_its_password() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let home = Home::new(&format!("[store]\nurl = \"postgres://shop:hunter2@{free}/rapport\"\n"));
    let place = format!("the store postgres://shop:***@{free}/rapport can't be opened");
    for arguments in [&CHECK[..], &ADD[..]] {
        home.refuses(arguments, &[&place, "Connection refused"]);
    }
}

#[test]
fn a_check_neither_makes_nor_changes_a_store() {
    let home = Home::new("");
    home.does(&CHECK, "The store: data/rapport.db can be used.");
    assert!(!home.0.join("data").exists());
    home.does(&ADD, "ada@shop.example is invited");
    let before = listing(&home.0.join("data"));
    home.does(&CHECK, "The store: data/rapport.db can be used.");
    assert_eq!(listing(&home.0.join("data")), before);
    let elsewhere = Home::new("data_dir = \"rapport.toml/data\"\n");
    elsewhere.refuses(&CHECK, &["the data folder rapport.toml/data can't be used: not a directory"]);
}

/// Each file of a folder with what is in it, but for the memory that connections share.
fn listing(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("it is a folder")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_none_or(|kind| kind != "db-shm"))
        .map(|path| (path.clone(), std::fs::read(&path).expect("it can be read")))
        .collect();
    files.sort();
    files
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_its_users_alone_also_in_a_folder_that_others_may_enter() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let home = Home::new("");
    std::fs::create_dir(home.0.join("data")).unwrap();
    std::fs::set_permissions(home.0.join("data"), std::fs::Permissions::from_mode(0o755)).unwrap();
    home.does(&ADD, "is invited");
    for (path, _) in listing(&home.0.join("data")) {
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn a_name_that_shows_nothing_or_steers_a_terminal_is_refused() {
    let home = Home::new("");
    for (name, reason) in [
        ("", "--name: a name has 1 to 100 characters."),
        ("\u{200B}", "--name: a name has 1 to 100 characters."),
        ("A\nda", "--name: a name can't hold a line break"),
        ("A\u{1B}[2Jda", "--name: a name can't hold a line break"),
    ] {
        home.refuses(&["associate", "add", "ada@shop.example", "--name", name], &[reason]);
    }
    assert!(!home.0.join("data").exists());
}

#[test]
fn whoever_never_set_a_password_is_not_said_to_sign_in_again() {
    let home = Home::new("");
    home.does(&ADD, "is invited");
    home.does(&["associate", "disable", "ada@shop.example"], "can no longer sign in");
    home.does(
        &["associate", "enable", "ada@shop.example"],
        "has no password yet. A link for one: rapport associate reset ada@shop.example",
    );
}
