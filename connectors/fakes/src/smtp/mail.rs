//! A mail as a server took it, and what is wrong with its bytes.

/// A mail that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedMail {
    /// The return path; empty: the null one.
    pub from: String,
    /// Whom it goes to, in the order of RCPT.
    pub to: Vec<String>,
    /// What stood behind the address of MAIL, as it was written: `SIZE=123`.
    pub mail_parameters: Vec<String>,
    /// What stood behind the addresses of RCPT.
    pub rcpt_parameters: Vec<String>,
    /// Who had signed in.
    pub user: Option<String>,
    /// Whether it came through TLS.
    pub private: bool,
    /// The exact bytes, dots unstuffed, with the last line end.
    pub bytes: Vec<u8>,
}

impl AcceptedMail {
    /// The lines of its head, each whole with its folds, without line ends.
    pub fn headers(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let mut headers: Vec<String> = Vec::new();
        for line in head.split("\r\n") {
            match headers.last_mut() {
                Some(last) if line.starts_with([' ', '\t']) => {
                    last.push_str("\r\n");
                    last.push_str(line);
                }
                _ => headers.push(line.to_owned()),
            }
        }
        headers
    }

    /// The value of the first header with this name, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers().into_iter().find_map(|header| {
            let (found, value) = header.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.replace("\r\n", "").trim().to_owned())
        })
    }
}

/// What RFC 5321 and 5322 don't allow in the bytes of a mail.
pub(crate) fn faults_of(bytes: &[u8], eight_bit: bool, utf8: bool) -> Vec<String> {
    let mut faults = Vec::new();
    if bytes.contains(&0) {
        faults.push("a NUL in the text".to_owned());
    }
    if !eight_bit && !bytes.is_ascii() {
        faults.push("8-bit text without BODY=8BITMIME".to_owned());
    }
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len());
    if !utf8 && !bytes[..head].is_ascii() {
        faults.push("a head that is not ASCII, without SMTPUTF8".to_owned());
    }
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let Some(text) = line.strip_suffix(b"\r\n") else {
            faults.push("a line that does not end with CR LF".to_owned());
            continue;
        };
        if text.contains(&b'\r') {
            faults.push("a CR alone".to_owned());
        }
        if text.len() > 998 {
            faults.push(format!("a line of {} octets", text.len()));
        }
    }
    faults.dedup();
    faults
}
