//! Words of other protocols at the beginning of a session.
//!
//! A web page can have its reader's browser send almost anything to any port but a few, from within the reader's network: a
//! form's POST, whose body holds the commands of a whole mail, lines that a script chose as a method or a header, a
//! handshake of WebSocket, a hello of TLS with a name that it chose. All of these begin with words that no mail client
//! begins with, and a server that answers them with 500 and reads on comes to the body at last. So the session is over with
//! the first of them, unless the client has said hello before.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

/// What the client speaks in place of SMTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// A request of HTTP, or of what goes over it; its first word.
    Http(String),
    /// A line of a header; the field's name.
    Header(String),
    /// A hello of TLS where there is none yet.
    Tls,
    /// Octets that no command begins with.
    Binary,
}

/// The first octet of a record of TLS that holds a handshake.
const TLS: u8 = 0x16;

/// More than a word that is shown.
const SHOWN: usize = 40;

impl Foreign {
    /// What a session is that begins with this octet; none if it may be SMTP.
    pub(super) fn of_first(octet: u8) -> Option<Foreign> {
        match octet {
            TLS => Some(Foreign::Tls),
            b'\r' | b'\n' | b'\t' | b' '..=b'~' => None,
            _ => Some(Foreign::Binary),
        }
    }

    /// What this line is, without its end, where no hello was said yet; none if it may be SMTP. `known`: it begins with a
    /// command.
    pub(super) fn of_line(line: &[u8], known: bool) -> Option<Foreign> {
        let line = line.trim_ascii();
        let word = line.split(|octet| matches!(octet, b' ' | b'\t')).next().unwrap_or_default();
        let shown = || String::from_utf8_lossy(&word[..word.len().min(SHOWN)]).into_owned();
        // A browser takes any word for a method, EHLO too.
        if is_versioned(line) {
            return Some(Foreign::Http(shown()));
        }
        if known {
            return None;
        }
        let is_method = METHODS.iter().any(|method| word.eq_ignore_ascii_case(method.as_bytes()));
        if is_method && word.len() < line.len() {
            return Some(Foreign::Http(shown()));
        }
        let name = word.split(|octet| *octet == b':').next().unwrap_or_default();
        let is_name = !name.is_empty() && name.len() < word.len() && name.iter().all(|octet| is_token(*octet));
        if is_name {
            // Its value may be a secret.
            return Some(Foreign::Header(String::from_utf8_lossy(&name[..name.len().min(SHOWN)]).into_owned()));
        }
        let is_text =
            core::str::from_utf8(line).is_ok_and(|text| !text.contains(|c: char| c.is_control() && c != '\t'));
        (!is_text).then_some(Foreign::Binary)
    }

    /// In a few words, for a log.
    pub fn words(&self) -> String {
        match self {
            Foreign::Http(word) => format!("a request of HTTP: {word}"),
            Foreign::Header(name) => format!("a header's line: {name}"),
            Foreign::Tls => {
                "a hello of TLS: the client believes that this port speaks TLS from the first octet".to_owned()
            }
            Foreign::Binary => "octets that are not of SMTP".to_owned(),
        }
    }
}

/// Ends in the name of a protocol and its version, as the first line of HTTP, RTSP, SIP and ICY does.
fn is_versioned(line: &[u8]) -> bool {
    let Some(last) =
        line.split(|octet| matches!(octet, b' ' | b'\t')).next_back().filter(|last| last.len() < line.len())
    else {
        return false;
    };
    let mut parts = last.splitn(2, |octet| *octet == b'/');
    let (Some(name), Some(version)) = (parts.next(), parts.next()) else { return false };
    let name = ["HTTP", "HTTPS", "RTSP", "SIP", "ICE"].iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    name && version.first().is_some_and(u8::is_ascii_digit)
}

/// Methods of HTTP (RFC 9110, 5789), of WebDAV and its like, and of protocols with such lines.
const METHODS: [&str; 26] = [
    "GET",
    "POST",
    "PUT",
    "HEAD",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "PRI",
    "QUERY",
    "SEARCH",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "SUBSCRIBE",
    "NOTIFY",
    "M-SEARCH",
    "PURGE",
    "DESCRIBE",
    "SOURCE",
];

/// RFC 9110 section 5.6.2.
fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_and_others_send() {
        for line in [
            "GET / HTTP/1.1",
            "get / http/1.0",
            "GET /",
            "POST /form HTTP/1.1",
            "CONNECT mx.example:25 HTTP/1.1",
            "PRI * HTTP/2.0",
            "OPTIONS * HTTP/1.1",
            "Patch / HTTP/1.1",
            "EHLO / HTTP/1.1",
            "MAIL FROM:<a@b> HTTP/1.1",
            "anything at all HTTP/1.1 ",
            "DESCRIBE rtsp://x RTSP/1.0",
            "INVITE sip:x SIP/2.0",
            "Host: mx.example:25",
            "host:x",
            "User-Agent: x",
            "Content-Type: multipart/form-data; boundary=x",
            "Sec-WebSocket-Key: x",
            "GET\u{1}x",
            "\u{80}x",
        ] {
            assert!(Foreign::of_line(line.as_bytes(), false).is_some(), "{line:?}");
        }
        assert!(Foreign::of_line(b"x\xff", false).is_some());
        assert!(Foreign::of_line(b"EHLO / HTTP/1.1", true).is_some());
        for octet in [0x16, 0, 1, 0x80, 0xff, 0x7f] {
            assert!(Foreign::of_first(octet).is_some(), "{octet}");
        }
    }

    #[test]
    fn what_mail_clients_send() {
        for line in [
            "",
            " ",
            "HELLO mx",
            "XCLIENT NAME=x",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1 2",
            "help",
            "GETX y",
            "get",
            "gr\u{fc}n",
        ] {
            assert_eq!(Foreign::of_line(line.as_bytes(), false), None, "{line:?}");
        }
        for line in
            ["EHLO mx.example", "MAIL FROM:<a@b>", "RCPT TO:<http/1@b>", "NOOP http/1.1x", "EHLO [IPv6:2001:db8::1]"]
        {
            let versioned = line.starts_with("NOOP");
            assert_eq!(Foreign::of_line(line.as_bytes(), true).is_some(), versioned, "{line:?}");
        }
        for octet in [b'E', b'e', b' ', b'\r', b'\n', b'.', b'*'] {
            assert_eq!(Foreign::of_first(octet), None);
        }
    }

    #[test]
    fn no_value_of_a_header_is_shown() {
        let words = |line: &str| Foreign::of_line(line.as_bytes(), false).unwrap().words();
        assert_eq!(words("Authorization: Basic c2VjcmV0"), "a header's line: Authorization");
        assert_eq!(words("GET /?token=secret HTTP/1.1"), "a request of HTTP: GET");
    }
}
