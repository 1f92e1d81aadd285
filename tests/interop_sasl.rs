//! Every mechanism against the real servers that have it, with what is right and with what is wrong. The forms with
//! -PLUS, which no server here has, are held against GNU SASL elsewhere.
#![cfg(feature = "tls")]

mod support;

use helo::client::{AuthPlan, Owner, Session, Settings, Timeouts, Tls, TlsMode, TlsName};
use helo::error::{Cause, Error, Phase};
use helo::net::connect::Target;
use helo::net::tls::{Identity, Roots};
use helo::net::wait::Cancel;
use helo::sasl::{self, Credentials, Proof, Secret};
use std::net::Ipv4Addr;
use std::sync::Mutex;
use support::aiosmtpd::Aiosmtpd;
use support::dovecot::{self, Dovecot};
use support::exim::Exim;
use support::postfix::{PASSWORD, Postfix, USER};
use support::server::Certificates;
use support::wait;

/// Another account of Postfix, Exim and Dovecot, whose password is not ASCII.
const BOB: &str = "bob@example.test";
const BOBS: &str = "Grüße, 100 %";

const POSTFIX: &[&str] = &["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "ANONYMOUS"];
const EXIM: &[&str] = &["PLAIN", "LOGIN", "CRAM-MD5", "EXTERNAL"];
const DOVECOT: &[&str] =
    &["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2", "EXTERNAL"];
const AIOSMTPD: &[&str] = &["PLAIN", "LOGIN"];

/// Where a server listens and how it is spoken to.
#[derive(Clone, Copy, Debug)]
struct Way {
    name: &'static str,
    host: Ipv4Addr,
    port: u16,
    mode: TlsMode,
}

fn way(name: &'static str, port: u16, mode: TlsMode) -> Way {
    Way { name, host: Ipv4Addr::LOCALHOST, port, mode }
}

/// What comes of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Logged in.
    Welcome,
    /// 535.
    Refused,
    /// The server does not offer the mechanism.
    NotOffered,
    /// Something else.
    Other(Phase, Cause, u16),
}
use Outcome::{NotOffered, Refused, Welcome};

fn outcome_of(result: &Result<Session, Error>) -> Outcome {
    let Err(error) = result else { return Welcome };
    match (error.phase, error.cause, error.code()) {
        (Phase::Auth, Cause::Refused, 535) => Refused,
        (Phase::Auth, Cause::NotSupported, 0) => NotOffered,
        (phase, cause, code) => Outcome::Other(phase, cause, code),
    }
}

/// One login: who, by which mechanism, and what should come of it.
struct Row {
    who: &'static str,
    mechanism: &'static str,
    credentials: Credentials,
    /// The client's own certificate, by its name in [`Certificates`].
    certificate: Option<&'static str>,
    expected: Outcome,
}

fn row(who: &'static str, mechanism: &'static str, credentials: Credentials, expected: Outcome) -> Row {
    Row { who, mechanism, credentials, certificate: None, expected }
}

fn password(user: &str, password: &str) -> Credentials {
    Credentials::new(user, Secret::new(password.into()))
}

fn token(user: &str, token: &str) -> Credentials {
    Credentials::token(user, Secret::new(token.into()))
}

/// Those of a server's mechanisms that want this proof.
fn of_proof(mechanisms: &[&'static str], proof: Proof) -> impl Iterator<Item = &'static str> {
    mechanisms.iter().copied().filter(move |name| sasl::traits(name).is_some_and(|traits| traits.proof == proof))
}

/// Each mechanism that takes a password: the right one, a wrong one, none, and a user who is not known.
fn passwords(mechanisms: &[&'static str]) -> Vec<Row> {
    let rows = |mechanism| {
        [
            row("alice", mechanism, password(USER, PASSWORD), Welcome),
            row("alice, a wrong password", mechanism, password(USER, "secreT"), Refused),
            row("alice, no password", mechanism, password(USER, ""), Refused),
            row("nobody", mechanism, password("nobody@example.test", PASSWORD), Refused),
        ]
    };
    of_proof(mechanisms, Proof::Password).flat_map(rows).collect()
}

/// The same, and a password that is not ASCII.
fn all_passwords(mechanisms: &[&'static str]) -> Vec<Row> {
    let rows = |mechanism| {
        [
            row("bob", mechanism, password(BOB, BOBS), Welcome),
            row("bob, a wrong password", mechanism, password(BOB, "Grüsse, 100 %"), Refused),
        ]
    };
    passwords(mechanisms).into_iter().chain(of_proof(mechanisms, Proof::Password).flat_map(rows)).collect()
}

/// EXTERNAL by the client's certificates; `stranger` is what becomes of those whom the server cannot tell.
fn certified(stranger: Outcome) -> Vec<Row> {
    let rows = [
        ("alice by her certificate", Some("alice"), Welcome),
        ("mallory, who is not known", Some("mallory"), Refused),
        ("nobody, without a certificate", None, stranger),
    ];
    let row =
        |(who, certificate, expected)| Row { certificate, ..row(who, "EXTERNAL", Credentials::connection(), expected) };
    rows.into_iter().map(row).collect()
}

/// Logs in; no mechanism leaves the choice to the engine.
fn open(way: Way, certificates: Option<&Certificates>, row: &Row) -> Result<Session, Error> {
    let mut tls = Tls { mode: way.mode, name: TlsName::Given("localhost".into()), ..Tls::default() };
    if let Some(certificates) = certificates {
        let read = |path| std::fs::read(path).expect("a file that the server's script made");
        tls.roots = Some(Roots::from_pem(&read(certificates.authority())).expect("a certificate"));
        tls.identity = row.certificate.map(|name| {
            let (certificate, key) = certificates.client(name);
            Identity::from_pem(&read(certificate), &read(key)).expect("a certificate and its key")
        });
    }
    let auth = AuthPlan { mechanisms: vec![row.mechanism], ..AuthPlan::new(row.credentials.clone(), Owner::Program) };
    let settings = Settings {
        helo_name: "me.example".into(),
        timeouts: Timeouts::all(wait::LONG),
        tls,
        auth: Some(auth),
        ..Settings::default()
    };
    Session::open(Target::Host { host: way.host.to_string(), port: way.port }, settings, Cancel::new(), &mut ())
}

/// How many logins go on at once: servers let those wait whom they refuse.
const AT_ONCE: usize = 8;

/// Goes through all rows by each way, and names those that came out otherwise.
#[track_caller]
fn check(ways: &[Way], certificates: Option<&Certificates>, rows: &[Row]) {
    let pairs = Mutex::new(ways.iter().flat_map(|way| rows.iter().map(move |row| (*way, row))));
    let wrong = Mutex::new(Vec::new());
    let work = || {
        while let Some((way, row)) = { pairs.lock().expect("no thread panics with it").next() } {
            if let Some(words) = misfit(way, certificates, row) {
                wrong.lock().expect("no thread panics with it").push(words);
            }
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let wrong = wrong.into_inner().expect("no thread panics with it");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Logs in and out; words when it came out otherwise than expected.
fn misfit(way: Way, certificates: Option<&Certificates>, row: &Row) -> Option<String> {
    let result = open(way, certificates, row);
    let came = outcome_of(&result);
    let said = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
    if let Ok(session) = result {
        session.quit(&mut ());
    }
    let Row { who, mechanism, expected, .. } = row;
    (came != *expected)
        .then(|| format!("{mechanism}, {who}, {}: expected {expected:?}, came {came:?} {said}", way.name))
}

#[test]
fn each_mechanism_has_a_server_here() {
    let mut tested: Vec<&str> = [POSTFIX, EXIM, DOVECOT, AIOSMTPD].concat();
    tested.sort_unstable();
    tested.dedup();
    let mut known: Vec<&str> = sasl::mechanisms().filter(|name| !name.ends_with("-PLUS")).collect();
    known.sort_unstable();
    assert_eq!(tested, known);
}

#[test]
fn postfix_with_cyrus_sasl() {
    let Some(postfix) = Postfix::shared("mechanisms: Postfix") else { return };
    let certificates = postfix.certificates();
    let clear = way("in the clear", postfix.clear_port(), TlsMode::Optional);
    let optional = way("STARTTLS", postfix.port(), TlsMode::Always);
    let implicit = way("implicit TLS", postfix.tls_port(), TlsMode::Implicit);
    let submission = way("submission", postfix.submission_port(), TlsMode::Always);
    let rows = all_passwords(POSTFIX);
    check(&[clear, optional, implicit, submission], Some(&certificates), &rows);
    let guest = |expected| [row("a guest", "ANONYMOUS", Credentials::guest("me@example.org"), expected)];
    check(&[clear, optional, implicit], Some(&certificates), &guest(Welcome));
    check(&[submission], Some(&certificates), &guest(NotOffered));
    for mechanism in ["EXTERNAL", "OAUTHBEARER", "SCRAM-SHA-256-PLUS"] {
        let lacking = [row("alice", mechanism, password(USER, PASSWORD), NotOffered)];
        check(&[optional], Some(&certificates), &lacking);
    }
}

#[test]
fn exim() {
    let Some(exim) = Exim::start("mechanisms: Exim") else { return };
    let certificates = exim.certificates();
    let clear = way("in the clear", exim.clear_port(), TlsMode::Optional);
    let encrypted = [
        way("STARTTLS", exim.port(), TlsMode::Always),
        way("implicit TLS", exim.tls_port(), TlsMode::Implicit),
        way("submission", exim.submission_port(), TlsMode::Always),
    ];
    let rows = all_passwords(EXIM);
    check(&[clear], Some(&certificates), &rows);
    check(&encrypted, Some(&certificates), &rows);
    check(&encrypted, Some(&certificates), &certified(NotOffered));
    let forged =
        Row { certificate: Some("forged"), ..row("a forged alice", "EXTERNAL", Credentials::connection(), NotOffered) };
    check(&encrypted, Some(&certificates), &[forged]);
}

#[test]
fn dovecot() {
    let test = "mechanisms: Dovecot";
    let Some(postfix) = Postfix::shared(test) else { return };
    let Some(dovecot) = Dovecot::start(test, postfix.address()) else { return };
    let certificates = dovecot.certificates();
    dovecot.tokens.issue("alices-token", USER);
    dovecot.tokens.issue("bobs-token", BOB);
    let clear = Way { host: dovecot::CLEAR, ..way("in the clear", dovecot.port(), TlsMode::Optional) };
    let encrypted = [
        way("STARTTLS", dovecot.port(), TlsMode::Always),
        Way { host: dovecot::DEMANDING, ..way("STARTTLS or nothing", dovecot.port(), TlsMode::Always) },
        way("implicit TLS", dovecot.tls_port(), TlsMode::Implicit),
    ];
    let tokens = of_proof(DOVECOT, Proof::Token).flat_map(|mechanism| {
        [
            row("alice", mechanism, token(USER, "alices-token"), Welcome),
            row("alice, a token that does not hold", mechanism, token(USER, "old-token"), Refused),
            row("alice, another's token", mechanism, token(USER, "bobs-token"), Refused),
        ]
    });
    let mut rows = all_passwords(DOVECOT);
    // RFC 2831 hashes a password of Latin letters in ISO 8859-1, and so do we; Dovecot hashes it as it is stored.
    rows.retain(|row| row.mechanism != "DIGEST-MD5" || row.credentials.user != BOB);
    rows.extend(tokens);
    check(&[clear], Some(&certificates), &rows);
    check(&encrypted, Some(&certificates), &rows);
    check(&encrypted, Some(&certificates), &certified(Refused));
}

#[test]
fn aiosmtpd() {
    let Some(server) = Aiosmtpd::start("mechanisms: aiosmtpd") else { return };
    check(&[way("in the clear", server.address().port(), TlsMode::Optional)], None, &passwords(AIOSMTPD));
}

/// A token that no longer holds: what Dovecot answers in JSON before its 535 is in the error.
#[test]
fn dovecot_says_why_it_refuses_a_token() {
    let test = "mechanisms: a refused token";
    let Some(postfix) = Postfix::shared(test) else { return };
    let Some(dovecot) = Dovecot::start(test, postfix.address()) else { return };
    let encrypted = way("STARTTLS", dovecot.port(), TlsMode::Always);
    for (mechanism, why) in [("OAUTHBEARER", r#""status":"invalid_token""#), ("XOAUTH2", r#""status":"401""#)] {
        let open = |expected| {
            open(encrypted, Some(&dovecot.certificates()), &row("", mechanism, token(USER, "t0ken"), expected))
        };
        dovecot.tokens.issue("t0ken", USER);
        open(Welcome).unwrap().quit(&mut ());
        dovecot.tokens.expire("t0ken");
        let words = open(Refused).err().unwrap().to_string();
        assert!(words.contains("535") && words.contains(why), "{mechanism}: {words}");
        assert!(!words.contains("t0ken"), "{words}");
    }
    assert_eq!(dovecot.tokens.asked(), ["t0ken"; 4]);
}

#[test]
fn the_strongest_mechanism_is_chosen() {
    let Some(postfix) = Postfix::own("mechanisms: the strongest") else { return };
    let settings = |given: &str| Settings {
        timeouts: Timeouts::all(wait::LONG),
        auth: Some(AuthPlan::new(password(USER, given), Owner::Program)),
        ..Settings::default()
    };
    let target = || Target::Host { host: "127.0.0.1".into(), port: postfix.port() };
    Session::open(target(), settings(PASSWORD), Cancel::new(), &mut ()).unwrap().quit(&mut ());
    // Postfix logs the mechanism with the first mail only, but each refusal.
    Session::open(target(), settings("wrong"), Cancel::new(), &mut ()).err().unwrap();
    postfix.wait_log(&["SASL SCRAM-SHA-256 authentication failed"]);
}
