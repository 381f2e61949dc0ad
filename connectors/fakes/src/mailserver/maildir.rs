//! Mails as they lie in a Maildir: read there, and written there by the thousand.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{MAIL_USER, keeper::give_to};

/// All mails of a folder, in the order in which they came, with CRLF at the ends of lines.
pub(super) fn read(maildir: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = ["new", "cur"]
        .iter()
        .filter_map(|name| fs::read_dir(maildir.join(name)).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .collect();
    files.sort_by_cached_key(|file| place(file));
    // One that was there a moment ago may have been moved from `new` to `cur`, or away.
    files.iter().filter_map(|file| fs::read(file).ok()).map(|raw| to_wire(&raw)).collect()
}

/// When a file came: the seconds and microseconds that its name begins with.
fn place(file: &Path) -> (u64, u64) {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut fields = name.split('.');
    let mut number = || {
        let field = fields.next().unwrap_or_default().trim_start_matches('M');
        let digits = field.find(|c: char| !c.is_ascii_digit()).unwrap_or(field.len());
        field[..digits].parse().unwrap_or_default()
    };
    (number(), number())
}

/// Lines end with LF in the file, and with CRLF everywhere else.
fn to_wire(raw: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(raw.len() + raw.len() / 32);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) if !text.ends_with(b"\r") => wire.extend_from_slice(&[text, b"\r\n"].concat()),
            _ => wire.extend_from_slice(line),
        }
    }
    wire
}

fn to_file(wire: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(wire.len());
    for line in wire.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(text) => file.extend_from_slice(&[text, b"\n"].concat()),
            None => file.extend_from_slice(line),
        }
    }
    file
}

/// Writes mails that came a second apart, beginning at `first`, seconds since 1970.
pub(super) fn fill(maildir: &Path, first: u64, mails: impl IntoIterator<Item = Vec<u8>>) -> io::Result<()> {
    let cur = maildir.join("cur");
    for folder in ["tmp", "new", "cur"] {
        fs::create_dir_all(maildir.join(folder))?;
        give_to(&maildir.join(folder), MAIL_USER);
    }
    // The Maildir, the user's home and the domain's folder.
    for folder in maildir.ancestors().take(3) {
        give_to(folder, MAIL_USER);
    }
    for (at, mail) in (first..).zip(mails) {
        let stored = to_file(&mail);
        let wire = to_wire(&stored).len();
        let path = cur.join(format!("{at}.M0P1.filled,S={},W={wire}:2,", stored.len()));
        let mut file = File::create(&path)?;
        file.write_all(&stored)?;
        // The server takes it as the moment at which the mail came.
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(at))?;
        give_to(&path, MAIL_USER);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_on_the_wire_and_nothing_else_changes() {
        assert_eq!(to_wire(b"a\n\xe9\r\n\nb"), b"a\r\n\xe9\r\n\r\nb");
        assert_eq!(to_file(b"a\r\n\xe9\r\n\r\nb\r"), b"a\n\xe9\n\nb\r");
    }

    #[test]
    fn files_stand_in_the_order_in_which_they_came() {
        let mut names = ["12.M9P7.vm,S=1:2,S", "9.M10P7.vm", "12.M10P3.vm,S=2", "100.M0P1.filled,S=1,W=2:2,"];
        names.sort_by_key(|name| place(Path::new(name)));
        assert_eq!(names.map(|name| &name[..4]), ["9.M1", "12.M", "12.M", "100."]);
        assert_eq!(place(Path::new(names[1])), (12, 9));
    }
}
