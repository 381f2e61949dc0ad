//! Names of folders as IMAP writes them: UTF-7 of its own kind (RFC 3501 section 5.1.3).

use base64::{
    Engine as _,
    alphabet::IMAP_MUTF7,
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};

const BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// The name as it stands in a command, quoted. Control characters, which no folder has and which could
/// end the command, are left out.
pub(super) fn quoted(name: &str) -> String {
    let mut text = String::from("\"");
    let mut foreign: Vec<u8> = Vec::new();
    for c in name.chars().filter(|c| !c.is_control()) {
        if !c.is_ascii() {
            foreign.extend(c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
            continue;
        }
        flush(&mut foreign, &mut text);
        match c {
            '&' => text.push_str("&-"),
            '"' | '\\' => text.extend(['\\', c]),
            c => text.push(c),
        }
    }
    flush(&mut foreign, &mut text);
    text.push('"');
    text
}

fn flush(foreign: &mut Vec<u8>, text: &mut String) {
    if !foreign.is_empty() {
        text.push('&');
        BASE64.encode_string(&*foreign, text);
        text.push('-');
        foreign.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_name_in_any_script_is_written_in_ascii() {
        for (name, written) in [
            ("INBOX", "\"INBOX\""),
            ("[Gmail]/Sent Mail", "\"[Gmail]/Sent Mail\""),
            ("Entwürfe", "\"Entw&APw-rfe\""),
            // The example of RFC 3501 section 5.1.3.
            ("~peter/mail/台北/日本語", "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\""),
            ("R&D \"now\"", "\"R&-D \\\"now\\\"\""),
            ("a\r\nb LOGOUT", "\"ab LOGOUT\""),
            ("😀", "\"&2D3eAA-\""),
        ] {
            assert_eq!(quoted(name), written);
        }
    }
}
