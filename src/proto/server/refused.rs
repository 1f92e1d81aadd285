//! What the dialogue refuses by itself, for the owner's log: the reply, and the client's words without secrets.

use crate::proto::command::Verb;
use crate::proto::reply::Reply;
use alloc::format;
use alloc::string::String;

/// So many octets of a command are shown.
const SHOWN: usize = 200;
/// So many of the first word of what is no command.
const WORD: usize = 40;

/// What stands for what may be a secret.
const HIDDEN: &str = "<hidden>";

/// Mechanisms of authentication whose names may be shown. What else stands behind AUTH may be a password: clients that
/// forget the mechanism say it there.
const MECHANISMS: [&str; 24] = [
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "DIGEST-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-384",
    "SCRAM-SHA-384-PLUS",
    "SCRAM-SHA-512",
    "SCRAM-SHA-512-PLUS",
    "SCRAM-SHA3-512",
    "SCRAM-SHA3-512-PLUS",
    "XOAUTH",
    "XOAUTH2",
    "OAUTHBEARER",
    "EXTERNAL",
    "ANONYMOUS",
    "GSSAPI",
    "GS2-KRB5",
    "NTLM",
    "KERBEROS_V4",
    "SPNEGO",
];

/// A refusal that the dialogue has made by itself. Nothing is to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The command that was refused, cut, and without what may be a secret: whatever the client chose to say, control
    /// characters too. Empty where it is the message, or the session as a whole.
    pub command: String,
    /// The reply. 421 without a command ends the session.
    pub reply: Reply,
}

/// The words of a command, as they may be shown. `logging_in`: the client has said AUTH before, so that a line that is no
/// command may be the rest of it.
pub(super) fn words(line: &[u8], logging_in: bool) -> String {
    let line = line.trim_ascii();
    if is_auth(line) {
        return auth(line);
    }
    let verb = Verb::parse(line);
    if verb != Verb::Other {
        return cut(line, SHOWN);
    }
    if logging_in {
        return String::from(HIDDEN);
    }
    // Other protocols have passwords behind the first word, or in a line of their own that begins with AUTH.
    match line.iter().position(u8::is_ascii_whitespace) {
        Some(end) => format!("{} ...", cut(&line[..end], WORD)),
        None => cut(line, WORD),
    }
}

/// Whether the line is AUTH, or may be meant for it.
pub(super) fn is_auth(line: &[u8]) -> bool {
    line.trim_ascii_start().get(..4).is_some_and(|front| front.eq_ignore_ascii_case(b"AUTH"))
}

/// AUTH and the name of the mechanism, if it is one; also what only begins with these letters.
fn auth(line: &[u8]) -> String {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let whole = words.next().is_some_and(|verb| verb.len() == 4);
    let known = words
        .next()
        .filter(|_| whole)
        .and_then(|word| MECHANISMS.iter().find(|name| word.eq_ignore_ascii_case(name.as_bytes())));
    match (known, words.next()) {
        (Some(name), None) => format!("AUTH {name}"),
        (Some(name), Some(_)) => format!("AUTH {name} {HIDDEN}"),
        (None, _) if line.len() == 4 => String::from("AUTH"),
        (None, _) => format!("AUTH {HIDDEN}"),
    }
}

fn cut(octets: &[u8], most: usize) -> String {
    let shown = &octets[..octets.len().min(most)];
    let mut text = String::from_utf8_lossy(shown).into_owned();
    if shown.len() < octets.len() {
        // A letter that was cut in two has become a sign that says that it was none.
        text.truncate(text.trim_end_matches(char::REPLACEMENT_CHARACTER).len());
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_command() {
        for (line, shown) in [
            ("MAIL FROM:<a b>", "MAIL FROM:<a b>"),
            ("rcpt to:<x@y", "rcpt to:<x@y"),
            (" NOOP x", "NOOP x"),
            ("GET / HTTP/1.1", "GET ..."),
            ("XYZZY", "XYZZY"),
            ("PASS secret", "PASS ..."),
            ("a1 LOGIN alice secret", "a1 ..."),
            ("\u{16}\u{3}", "\u{16}\u{3}"),
            ("", ""),
        ] {
            assert_eq!(words(line.as_bytes(), false), shown, "{line:?}");
        }
        let long = words(format!("VRFY {}", "\u{e9}".repeat(500)).as_bytes(), false);
        assert!(long.len() < SHOWN + 4 && long.ends_with("\u{e9}..."), "{long}");
        assert_eq!(words(&[b'x'; 500], false).len(), WORD + 3);
    }

    #[test]
    fn no_secret_is_shown() {
        for (line, shown) in [
            ("AUTH PLAIN AGFsaWNlAHNlY3JldA==", "AUTH PLAIN <hidden>"),
            ("auth  login  c2VjcmV0", "AUTH LOGIN <hidden>"),
            ("AUTH CRAM-MD5", "AUTH CRAM-MD5"),
            ("AUTH c2VjcmV0", "AUTH <hidden>"),
            ("AUTH SECRET", "AUTH <hidden>"),
            ("AUTH=PLAIN c2VjcmV0", "AUTH <hidden>"),
            ("AUTHPLAIN c2VjcmV0", "AUTH <hidden>"),
            ("AUTH\tPLAIN\tc2VjcmV0", "AUTH PLAIN <hidden>"),
            ("Authorization: Basic c2VjcmV0", "AUTH <hidden>"),
            ("AUTHENTICATE \"PLAIN\" \"c2VjcmV0\"", "AUTH <hidden>"),
            ("AUTH", "AUTH"),
            ("AUHT PLAIN c2VjcmV0", "AUHT ..."),
        ] {
            assert_eq!(words(line.as_bytes(), false), shown, "{line:?}");
        }
        for line in ["c2VjcmV0", "c2VjcmV0 x", "*"] {
            assert_eq!(words(line.as_bytes(), true), HIDDEN, "{line:?}");
        }
        assert_eq!(words(b"MAIL FROM:<a b>", true), "MAIL FROM:<a b>");
    }
}
