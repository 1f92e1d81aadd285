//! Who may watch a connection's traffic, and what is hidden from them.

use crate::proto::command::Verb;
use crate::sasl::{Secret, wire};
use std::borrow::Cow;
use std::fmt::Debug;

/// Sees a copy of all traffic with credentials as `<hidden>`.
///
/// Called without any lock held, on the thread that drives the connection.
pub trait Observer: Send {
    /// Bytes for the server: whole command lines, or a piece of a message.
    fn sent(&mut self, bytes: &[u8]);
    /// A piece of a message, for those who want to tell it from commands.
    fn body(&mut self, bytes: &[u8]) {
        self.sent(bytes);
    }
    /// Bytes from the server: whole reply lines.
    fn received(&mut self, bytes: &[u8]);
    /// False: nobody looks at present, spare the copies.
    fn enabled(&self) -> bool {
        true
    }
    /// Something worth knowing that is neither.
    fn note(&mut self, _text: &str) {}
}

/// Somebody beside the connection's own user who watches connections: a trace file, a program's trace callback. Stands
/// in [`crate::client::Settings::watches`].
pub trait Watch: Send + Sync + Debug {
    /// An observer for a connection that begins, to this host (or path) and port; `None`: this one is not watched.
    fn observer(&self, host: &str, port: u16) -> Option<Box<dyn Observer>>;

    /// What keeps it from watching, for error texts: once, since it is no failure itself.
    fn complaint(&self) -> Option<String> {
        None
    }
}

/// All who watch one connection: its user's observer, and those of the settings.
#[derive(Default)]
pub(crate) struct Observers {
    own: Option<Box<dyn Observer>>,
    watches: Vec<Box<dyn Observer>>,
}

impl Observers {
    pub(crate) fn new(watches: Vec<Box<dyn Observer>>) -> Self {
        Observers { own: None, watches }
    }

    /// Who sees the traffic from now on for the connection's own user.
    pub(crate) fn set_own(&mut self, own: Option<Box<dyn Observer>>) {
        self.own = own;
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Box<dyn Observer>> {
        self.own.iter_mut().chain(&mut self.watches)
    }
}

impl Observer for Observers {
    fn sent(&mut self, bytes: &[u8]) {
        self.all().filter(|observer| observer.enabled()).for_each(|observer| observer.sent(bytes));
    }

    fn body(&mut self, bytes: &[u8]) {
        self.all().filter(|observer| observer.enabled()).for_each(|observer| observer.body(bytes));
    }

    fn received(&mut self, bytes: &[u8]) {
        self.all().filter(|observer| observer.enabled()).for_each(|observer| observer.received(bytes));
    }

    fn enabled(&self) -> bool {
        self.own.iter().chain(&self.watches).any(|observer| observer.enabled())
    }

    fn note(&mut self, text: &str) {
        self.all().for_each(|observer| observer.note(text));
    }
}

/// What stands for a credential in every output.
pub const HIDDEN: &str = "<hidden>";

/// A command line as it may be shown: AUTH keeps its mechanism and loses its initial response.
pub fn shown(line: &[u8], in_auth: bool) -> Vec<u8> {
    if in_auth {
        return [HIDDEN.as_bytes(), b"\r\n"].concat();
    }
    if Verb::parse(line) == Verb::Auth {
        let mut words = line.trim_ascii().split(|b| b.is_ascii_whitespace()).filter(|w| !w.is_empty());
        let (auth, mechanism) = (words.next().unwrap_or(b"AUTH"), words.next().unwrap_or(b""));
        let mut shown = [auth, b" ", mechanism].concat();
        if words.next().is_some() {
            shown.push(b' ');
            shown.extend_from_slice(HIDDEN.as_bytes());
        }
        shown.extend_from_slice(b"\r\n");
        return shown;
    }
    line.to_vec()
}

/// Shorter passwords stand in many an innocent text.
const REPEATED_MIN: usize = 4;

/// Whether a server repeats this secret, in the clear or within base64: some show the line that they did not like, and
/// some the token in the JSON of their refusal.
pub(crate) fn repeats(text: &[u8], secret: &Secret) -> bool {
    let secret = secret.expose().as_bytes();
    let holds = |text: &[u8]| memchr::memmem::find(text, secret).is_some();
    let is_base64 = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/=".contains(octet);
    let mut words = text.split(|octet| !is_base64(octet)).filter(|word| !word.is_empty());
    secret.len() >= REPEATED_MIN
        && (holds(text) || words.any(|word| wire::decode_leniently(word).is_some_and(|d| holds(&d))))
}

/// The server's reply lines as they may be shown while this secret is with it.
pub(crate) fn heard<'a>(lines: &'a [u8], secret: &Secret) -> Cow<'a, [u8]> {
    if !repeats(lines, secret) {
        return Cow::Borrowed(lines);
    }
    let hidden = |line: &[u8]| match line.get(..4).filter(|_| repeats(line, secret)) {
        Some(code) => [code, HIDDEN.as_bytes(), b"\r\n"].concat(),
        None => line.to_vec(),
    };
    Cow::Owned(lines.split_inclusive(|octet| *octet == b'\n').flat_map(hidden).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// Writes down what it sees, unless it is switched off.
    struct Scribe(bool, Arc<Mutex<Vec<String>>>);

    impl Scribe {
        fn write(&self, kind: &str, bytes: &[u8]) {
            self.1.lock().unwrap().push(format!("{kind} {}", String::from_utf8_lossy(bytes)));
        }
    }

    impl Observer for Scribe {
        fn sent(&mut self, bytes: &[u8]) {
            self.write("sent", bytes);
        }
        fn body(&mut self, bytes: &[u8]) {
            self.write("body", bytes);
        }
        fn received(&mut self, bytes: &[u8]) {
            self.write("received", bytes);
        }
        fn enabled(&self) -> bool {
            self.0
        }
        fn note(&mut self, text: &str) {
            self.write("note", text.as_bytes());
        }
    }

    #[test]
    fn all_who_look_see_it() {
        let [own, site, off] = [(); 3].map(|()| Arc::new(Mutex::new(Vec::new())));
        let watches: Vec<Box<dyn Observer>> =
            vec![Box::new(Scribe(true, site.clone())), Box::new(Scribe(false, off.clone()))];
        let mut observers = Observers::new(watches);
        observers.sent(b"a");
        observers.body(b"m");
        observers.set_own(Some(Box::new(Scribe(true, own.clone()))));
        assert!(observers.enabled());
        observers.received(b"b");
        observers.note("c");
        assert_eq!(*site.lock().unwrap(), ["sent a", "body m", "received b", "note c"]);
        assert_eq!(*own.lock().unwrap(), ["received b", "note c"]);
        assert_eq!(*off.lock().unwrap(), ["note c"]);
        assert!(!Observers::default().enabled());
    }

    #[test]
    fn a_secret_that_the_server_repeats_is_hidden() {
        let secret = Secret::new("open sesame".into());
        let cases: [(&[u8], &[u8]); 6] = [
            (b"535 no\r\n", b"535 no\r\n"),
            (b"535-no\r\n535 not open sesame\r\n", b"535-no\r\n535 <hidden>\r\n"),
            // AUTH PLAIN for alice.
            (b"500 what is \"AUTH PLAIN AGFsaWNlAG9wZW4gc2VzYW1l\"?\r\n", b"500 <hidden>\r\n"),
            // {"token":"open sesame"}
            (b"334 eyJ0b2tlbiI6Im9wZW4gc2VzYW1lIn0=\r\n", b"334 <hidden>\r\n"),
            // The same without padding.
            (b"334 eyJ0b2tlbiI6Im9wZW4gc2VzYW1lIn0\r\n", b"334 <hidden>\r\n"),
            (b"334 VXNlcm5hbWU6\r\n", b"334 VXNlcm5hbWU6\r\n"),
        ];
        for (line, shown) in cases {
            assert_eq!(heard(line, &secret), shown);
        }
        assert_eq!(&*heard(b"535 no\r\n", &Secret::new("no".into())), b"535 no\r\n");
    }

    #[test]
    fn the_mechanism_is_shown_and_the_response_is_not() {
        assert_eq!(shown(b"AUTH PLAIN AGEAYg==\r\n", false), b"AUTH PLAIN <hidden>\r\n");
        assert_eq!(shown(b"auth  LOGIN\r\n", false), b"auth LOGIN\r\n");
        assert_eq!(shown(b"c2VjcmV0\r\n", true), b"<hidden>\r\n");
        assert_eq!(shown(b"MAIL FROM:<a@b>\r\n", false), b"MAIL FROM:<a@b>\r\n");
    }
}
