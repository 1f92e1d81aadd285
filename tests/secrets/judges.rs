//! Servers' sides of an authentication: an honest one, and others.

use crate::search::{PASSWORD, RENEWED, USER, base64, logins};
use crate::support::tls::{Heard, Judge};
use helo::sasl::server::{Authority, Exchange, Realm, Step, Stored, Surroundings, Unavailable};
use helo::sasl::{ENTROPY, Secret, wire};
use std::sync::Arc;

/// Knows one user.
struct Known;

impl Authority for Known {
    fn look_up(&self, user: &str) -> Result<Option<Stored>, Unavailable> {
        Ok((user == USER).then(|| Stored::Password(Secret::new(PASSWORD.into()))))
    }

    fn keeps_passwords(&self) -> bool {
        true
    }

    /// A token that has expired is no longer good.
    fn check_token(&self, user: &str, token: &Secret) -> Result<Option<String>, Unavailable> {
        Ok((user == USER && token.expose() == RENEWED).then(|| user.to_owned()))
    }
}

/// The library's own server side.
pub fn honest() -> Judge {
    let realm = Arc::new(Realm::new(Box::new(Known), "mx.example", [7; 32]));
    Arc::new(move |mechanism, _| {
        let surroundings =
            Surroundings { entropy: [9; ENTROPY], bindings: Vec::new(), plus_offered: false, peer: None };
        let begun = Exchange::new(mechanism, realm.clone(), surroundings).ok();
        let mut exchange = begun.map(|exchange| (exchange, true));
        Box::new(move |line| {
            let Some((exchange, first)) = &mut exchange else { return String::from("504 5.5.4 no such mechanism") };
            let step = match std::mem::take(first) {
                true => exchange.begin(Some(line).filter(|line| *line != "-")),
                false => exchange.respond(line),
            };
            match &step {
                Step::Challenge(text) => format!("334 {text}"),
                other => format!("{} {}", other.reply().code(), other.reply().text()),
            }
        })
    })
}

/// Says always the same, whatever it hears.
fn stubborn(answer: String) -> Judge {
    Arc::new(move |_, _| {
        let answer = answer.clone();
        Box::new(move |_| answer.clone())
    })
}

/// The lines of logins that nobody is to see. A server that repeats them may: what the password cannot be read from, a
/// digest of it or SCRAM's first message, is no secret of the server's words.
pub fn secret_lines(server: &str, heard: &[Heard]) -> Vec<String> {
    if server.starts_with("repeats") { Vec::new() } else { logins(heard) }
}

/// What a response says, its controls as blanks.
fn meaning(line: &str) -> String {
    let meant = wire::decode_challenge(line.as_bytes());
    String::from_utf8_lossy(meant.as_deref().unwrap_or_default()).replace(char::is_control, " ")
}

/// Repeats what it was sent, with words around it.
fn repeating(words: impl Fn(&str) -> String + Clone + Send + Sync + 'static) -> Judge {
    Arc::new(move |mechanism, _| {
        let (words, mut prompts) = (words.clone(), if mechanism == "LOGIN" { 2 } else { 1 });
        Box::new(move |line| {
            let ask = line == "-" || prompts > 1;
            prompts -= usize::from(line != "-");
            if ask { "334 ".into() } else { words(line) }
        })
    })
}

/// What servers do to a login, by name.
pub fn all() -> Vec<(&'static str, Judge)> {
    let in_json: Judge = Arc::new(move |_, _| {
        let mut refused = false;
        Box::new(move |line| {
            let ask = line == "-" || std::mem::replace(&mut refused, true);
            match (line, ask) {
                ("-", _) => String::from("334 "),
                (_, true) => String::from("535 5.7.8 expired"),
                _ => format!("334 {}", base64(format!(r#"{{"status":"401","seen":"{}"}}"#, meaning(line)).as_bytes())),
            }
        })
    });
    vec![
        ("is honest", honest()),
        ("says no", stubborn("535 5.7.8 no".into())),
        ("says yes too early", stubborn("235 come in".into())),
        ("asks for ever", stubborn("334 eA==".into())),
        ("challenges with what is no base64", stubborn("334 <hm>".into())),
        ("says what is no SMTP", stubborn("what?".into())),
        ("repeats the line", repeating(|line| format!("500 5.5.1 Command unrecognized: \"AUTH X {line}\""))),
        (
            "repeats what the line means",
            repeating(|line| format!("535-5.7.8 Not {}\r\n535 5.7.8 is right", meaning(line))),
        ),
        ("goes away", stubborn("421 4.3.2 bye".into())),
        ("repeats it in JSON", in_json),
    ]
}
