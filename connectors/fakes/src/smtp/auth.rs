//! Signing in: PLAIN (RFC 4616), LOGIN, and XOAUTH2 as large providers speak it.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What comes of a step.
pub(crate) enum Step {
    /// The server asks for more.
    Ask(&'static str),
    /// It ends, with the name where it succeeded.
    End(Option<String>),
}

/// One attempt.
pub(crate) struct Attempt {
    mechanism: String,
    name: Option<String>,
    /// XOAUTH2: the error was told, and the client has only to take note of it.
    told: bool,
}

/// "Username:" and "Password:".
const NAME: &str = "VXNlcm5hbWU6";
const PASSWORD: &str = "UGFzc3dvcmQ6";
/// `{"status":"400"}`
const BAD_TOKEN: &str = "eyJzdGF0dXMiOiI0MDAifQ==";

impl Attempt {
    pub(crate) fn new(mechanism: &str) -> Self {
        Self { mechanism: mechanism.to_ascii_uppercase(), name: None, told: false }
    }

    /// Takes the client's answer; `None` where none came yet.
    pub(crate) fn step(&mut self, login: &(String, String), answer: Option<&str>) -> Step {
        if self.told {
            return Step::End(None);
        }
        let Some(answer) = answer else {
            return Step::Ask(if self.mechanism == "LOGIN" { NAME } else { "" });
        };
        let bytes = STANDARD.decode(answer).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match &self.mechanism[..] {
            "PLAIN" => {
                let fields: Vec<_> = text.split('\0').collect();
                Self::judge(login, fields.get(1).copied(), fields.get(2).copied())
            }
            "LOGIN" => match self.name.take() {
                None => {
                    self.name = Some(text);
                    Step::Ask(PASSWORD)
                }
                Some(name) => Self::judge(login, Some(&name), Some(&text)),
            },
            _ => {
                let name = text.strip_prefix("user=").and_then(|rest| rest.split('\x01').next());
                let token = text.split('\x01').find_map(|field| field.strip_prefix("auth=Bearer "));
                self.told = true;
                match Self::judge(login, name, token) {
                    Step::End(None) => Step::Ask(BAD_TOKEN),
                    step => step,
                }
            }
        }
    }

    fn judge(login: &(String, String), name: Option<&str>, password: Option<&str>) -> Step {
        let right = name == Some(&login.0) && password == Some(&login.1);
        Step::End(right.then(|| login.0.clone()))
    }
}
