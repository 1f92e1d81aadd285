//! Servers with which no TLS is possible: under `optional`, where nothing is at stake, one new connection in the clear
//! follows; in every other case an error that says what to try, and nothing more is sent.

use crate::any::assert_plain;
use crate::support::engine::{LEVELS, deliver, small_mails};
use crate::support::peer::{self, Heard, Peer, certificate};
use crate::support::temp::TempDir;
use crate::*;
use helo::client::driver;
use helo::client::trace::{Observer, Watch};
use helo::error::{Cause, Phase};
use helo::net::tls::{Identity, Pin};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

const P256: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=a";

/// What a server cannot do: words for the certificate and for the server.
const INCAPABLE: &[(&str, &str, &[&str])] = &[
    ("knows TLS 1.0 only", P256, &["tls10"]),
    ("knows TLS 1.1 only", "-newkey rsa:2048 -subj /CN=a", &["tls11"]),
    ("has a key on P-521", "-newkey ec -pkeyopt ec_paramgen_curve:P-521 -subj /CN=a", &[]),
    ("has a key on P-521, TLS 1.2", "-newkey ec -pkeyopt ec_paramgen_curve:P-521 -subj /CN=a", &["tls12"]),
    ("has a key for Ed448", "-newkey ed448 -subj /CN=a", &[]),
    ("has a key for PSS only", "-newkey rsa-pss -pkeyopt rsa_keygen_bits:2048 -subj /CN=a", &[]),
    (
        "has ciphers with CBC only",
        "-newkey rsa:2048 -subj /CN=a",
        &["tls12", "ciphers=ECDHE-RSA-AES128-SHA:AES128-SHA"],
    ),
    ("exchanges keys by RSA only", "-newkey rsa:2048 -subj /CN=a", &["tls12", "ciphers=AES128-GCM-SHA256"]),
    ("exchanges keys by DH only", "-newkey rsa:2048 -subj /CN=a", &["tls12", "ciphers=DHE-RSA-AES128-GCM-SHA256"]),
    ("demands a certificate, TLS 1.2", P256, &["tls12", "asks"]),
    ("demands a certificate, TLS 1.3", P256, &["tls13", "asks"]),
    ("closes", P256, &["close"]),
    ("goes on in the clear", P256, &["text"]),
    ("ends with an alert", P256, &["alert"]),
];

/// Runs a test for each server that cannot do TLS.
fn each(test: &str, run: impl Fn(&str, Peer)) {
    if !peer::have(test) {
        return;
    }
    for (name, words, server) in INCAPABLE {
        let folder = TempDir::new();
        run(&format!("the server {name}"), Peer::start(&certificate(&folder, words), server));
    }
}

fn target(peer: &Peer) -> Target {
    Target::Host { host: "127.0.0.1".into(), port: peer.port }
}

fn optional() -> Tls {
    Tls { roots: None, ..tls(TlsMode::Optional) }
}

/// Keeps what is noted on connections.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Watch for Notes {
    fn observer(&self, _: &str, _: u16) -> Option<Box<dyn Observer>> {
        Some(Box::new(self.clone()))
    }
}

impl Observer for Notes {
    fn sent(&mut self, _: &[u8]) {}
    fn received(&mut self, _: &[u8]) {}
    fn note(&mut self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

/// Two connections: STARTTLS on the first, none on the second, which ends in order.
#[track_caller]
fn assert_went_clear(case: &str, heard: &[Heard], dialogue: &[&str]) {
    let [first, second] = heard else { panic!("{case}: {heard:?}") };
    assert_eq!(first.clear, ["EHLO me.example", "STARTTLS"], "{case}");
    assert!(first.tls.is_empty() || first.tls == ["EHLO me.example"], "{case}: {first:?}");
    assert!(second.tls.is_empty(), "{case}: {second:?}");
    assert_eq!(second.clear, dialogue, "{case}");
}

#[test]
fn what_cannot_be_encrypted_goes_over_a_new_connection_where_nothing_is_at_stake() {
    each("what_cannot_be_encrypted_goes_over_a_new_connection_where_nothing_is_at_stake", |case, mut server| {
        let notes = Notes::default();
        let watches: Vec<Arc<dyn Watch>> = vec![Arc::new(notes.clone())];
        let settings = Settings { watches, ..settings(optional(), None) };
        let session = Session::open(target(&server), settings, Cancel::new(), &mut ());
        let session = session.unwrap_or_else(|error| panic!("{case}: {error}"));
        assert!(!session.connection().is_secure());
        session.quit(&mut ());
        assert_went_clear(case, &server.heard(2), &["EHLO me.example", "QUIT"]);
        let notes = notes.0.lock().unwrap().join("\n");
        assert_says(&notes, &["connecting again, in the clear"]);
        assert_plain(&notes);
    });
}

#[test]
fn where_something_is_at_stake_it_is_an_error_that_says_what_to_try() {
    let own = AUTHORITY.certificate(&["client.example"]);
    let identity = Identity::from_pem(own.pem.as_bytes(), own.key.serialize_pem().as_bytes()).unwrap();
    let pin = Pin::parse(&format!("sha256:{}", "11".repeat(32))).unwrap();
    let wishes = || {
        [
            ("the site's login", optional(), Some(login(Owner::Site))),
            ("the program's login", optional(), Some(login(Owner::Program))),
            ("verify", Tls { verify: Some(true), ..tls(TlsMode::Optional) }, None),
            ("a pin", Tls { pins: vec![pin], ..optional() }, None),
            ("a certificate of this side", Tls { identity: Some(identity.clone()), ..optional() }, None),
            ("always", tls(TlsMode::Always), None),
            ("always, unverified", Tls { verify: Some(false), ..tls(TlsMode::Always) }, None),
        ]
    };
    each("where_something_is_at_stake_it_is_an_error_that_says_what_to_try", |server_name, mut server| {
        // What the certificate is not accepted for, or accepted for, is another matter.
        let asks = server_name.contains("demands");
        let wishes: Vec<_> = wishes().into_iter().filter(|wish| !asks || wish.2.is_some()).collect();
        let count = wishes.len();
        for (wish, wanted, auth) in wishes {
            let case = format!("{wish}, {server_name}");
            let outcome = Session::open(target(&server), settings(wanted, auth), Cancel::new(), &mut ());
            let error = outcome.map(drop).unwrap_err();
            let text = error.to_string();
            if !asks {
                assert_eq!(error.phase, Phase::Tls, "{case}: {error}");
                assert!(matches!(error.cause, Cause::Tls | Cause::BrokenOff), "{case}: {error}");
                assert_says(&text, &["tls = never"]);
            }
            assert_plain(&text);
        }
        for heard in server.heard(count) {
            assert_eq!(heard.clear, ["EHLO me.example", "STARTTLS"], "{server_name}");
            assert!(!heard.tls.iter().any(|line| line.starts_with("AUTH")), "{server_name}: {heard:?}");
        }
    });
}

#[test]
fn silence_counts_as_well_and_ends_with_its_time() {
    if !peer::have("silence_counts_as_well_and_ends_with_its_time") {
        return;
    }
    let folder = TempDir::new();
    let mut server = Peer::start(&certificate(&folder, P256), &["silent"]);
    let timeouts = Timeouts { reply: Duration::from_millis(300), ..Timeouts::all(PATIENCE) };
    let hurried = |wanted, auth| Settings { timeouts, ..settings(wanted, auth) };
    let open = |settings| Session::open(target(&server), settings, Cancel::new(), &mut ());
    open(hurried(optional(), None)).unwrap().quit(&mut ());
    let error = open(hurried(optional(), Some(login(Owner::Program)))).map(drop).unwrap_err();
    assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::TimedOut), "{error}");
    assert_says(&error.to_string(), &["tls = never", "without user and password"]);
    let heard = server.heard(3);
    assert_went_clear("silence", &heard[..2], &["EHLO me.example", "QUIT"]);
    assert_eq!(heard[2].clear, ["EHLO me.example", "STARTTLS"]);
}

#[test]
fn an_attack_is_followed_by_nothing() {
    if !peer::have("an_attack_is_followed_by_nothing") {
        return;
    }
    let folder = TempDir::new();
    let mut server = Peer::start(&certificate(&folder, P256), &["inject", "silent"]);
    let outcome = Session::open(target(&server), settings(optional(), None), Cancel::new(), &mut ());
    let error = outcome.map(drop).unwrap_err();
    assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::Protocol), "{error}");
    // Whoever connects next is the second.
    Session::open(target(&server), settings(tls(TlsMode::Never), None), Cancel::new(), &mut ()).unwrap().quit(&mut ());
    let heard = server.heard(2);
    assert_eq!(heard[0].clear, ["EHLO me.example", "STARTTLS"]);
    assert_eq!(heard[1].clear, ["EHLO me.example", "QUIT"]);
}

#[test]
fn a_connection_that_cannot_be_made_anew_stays_lost() {
    if !peer::have("a_connection_that_cannot_be_made_anew_stays_lost") {
        return;
    }
    let folder = TempDir::new();
    let mut server = Peer::start(&certificate(&folder, P256), &["tls10"]);
    let waker = Cancel::new();
    let target = target(&server);
    let mut connecting = helo::net::connect::Connecting::new(
        target,
        Default::default(),
        waker.waker().unwrap(),
        std::time::Instant::now(),
    );
    let transport = support::wait::until("it connects", support::wait::LONG, || {
        connecting.advance(std::time::Instant::now()).unwrap()
    });
    let outcome = Session::open(Target::Ready(transport), settings(optional(), None), Cancel::new(), &mut ());
    let error = outcome.map(drop).unwrap_err();
    assert_eq!((error.phase, error.cause), (Phase::Tls, Cause::Tls), "{error}");
    assert_says(&error.to_string(), &["tls = never"]);
    assert_eq!(server.heard(1)[0].clear, ["EHLO me.example", "STARTTLS"]);
}

#[test]
fn lists_of_mails_go_the_same_way() {
    if !peer::have("lists_of_mails_go_the_same_way") {
        return;
    }
    for level in LEVELS {
        let folder = TempDir::new();
        let mut server = Peer::start(&certificate(&folder, P256), &["tls11"]);
        let address = (std::net::Ipv4Addr::LOCALHOST, server.port).into();
        let outcomes = deliver(address, level, settings(optional(), None), &mut small_mails(3, 1));
        assert!(outcomes.iter().all(|mail| mail[0].is_delivered()), "{outcomes:?}");
        let heard = server.heard(2);
        assert_eq!(heard[0].clear, ["EHLO me.example", "STARTTLS"]);
        assert_eq!(heard[1].clear.iter().filter(|line| line.starts_with("MAIL")).count(), 3, "{heard:?}");
    }
}

#[test]
fn what_is_opened_in_the_background_goes_the_same_way() {
    if !peer::have("what_is_opened_in_the_background_goes_the_same_way") {
        return;
    }
    let folder = TempDir::new();
    let mut server = Peer::start(&certificate(&folder, P256), &["close"]);
    let (tell, told) = channel();
    let done = Box::new(move |opened| tell.send(opened).unwrap());
    driver::open(target(&server), settings(optional(), None), Cancel::new(), None, done).unwrap();
    told.recv_timeout(PATIENCE).unwrap().unwrap().quit(&mut ());
    assert_went_clear("in the background", &server.heard(2), &["EHLO me.example", "QUIT"]);
}
