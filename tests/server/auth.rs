//! AUTH: our client against our server by every mechanism, and what strangers and attackers are told.

use crate::house::{House, LONG};
use crate::support::engine;
use crate::support::kept::Kept;
use crate::support::raw::Raw;
use crate::tls::{AUTHORITY, NAME, with_tls};
use base64::Engine;
use helo::client::{AuthPlan, Owner, Session, Settings, Timeouts, Tls, TlsMode, TlsName};
use helo::error::{Cause, Error, Phase};
use helo::net::connect::Target;
use helo::net::tls::Roots;
use helo::net::wait::Cancel;
use helo::sasl::server::{Authority, Realm, ScramHash, ScramKeys, Stored, Unavailable};
use helo::sasl::{Credentials, Secret};
use helo::server::Service;
use std::sync::Arc;

const MECHANISMS: &[&str] =
    &["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"];

/// alice's password is kept, bob's keys are, and carol cannot be looked up.
struct Users;

impl Authority for Users {
    fn look_up(&self, user: &str) -> Result<Option<Stored>, Unavailable> {
        match user {
            "alice" => Ok(Some(Stored::Password(secret()))),
            "bob" => {
                let keys = ScramHash::ALL.map(|hash| ScramKeys::derive(hash, &secret(), b"salt", 4096).unwrap());
                Ok(Some(Stored::Keys(keys.into())))
            }
            "carol" => Err(Unavailable),
            _ => Ok(None),
        }
    }
}

fn secret() -> Secret {
    Secret::new("wonderland".into())
}

pub fn with_users(service: &mut Service) {
    let realm = Realm::new(Box::new(Users), "mx.example", [7; 32]);
    service.login(Arc::new(realm), MECHANISMS).unwrap();
    service.dialogue.auth_required = true;
}

fn open(house: &House, mechanism: &'static str, user: &str, password: &str) -> Result<Session, Error> {
    let credentials = Credentials::new(user, Secret::new(password.into()));
    let mut plan = AuthPlan::new(credentials, Owner::Site);
    plan.mechanisms = vec![mechanism];
    let tls = Tls {
        mode: TlsMode::Always,
        name: TlsName::Given(NAME.into()),
        roots: Some(Roots::from_pem(AUTHORITY.pem.as_bytes()).unwrap()),
        ..Tls::default()
    };
    let settings = Settings {
        helo_name: "me.example".into(),
        timeouts: Timeouts::all(LONG),
        tls,
        auth: Some(plan),
        ..Settings::default()
    };
    let at = house.address();
    let target = Target::Host { host: at.ip().to_string(), port: at.port() };
    Session::open(target, settings, Cancel::new(), &mut ())
}

fn secured() -> House {
    House::with(Kept::new(), |service| {
        with_tls(service);
        with_users(service);
    })
}

#[test]
fn our_client_by_every_mechanism() {
    let house = secured();
    for user in ["alice", "bob"] {
        for mechanism in MECHANISMS {
            // What CRAM-MD5 needs cannot be kept as keys.
            if (user, *mechanism) == ("bob", "CRAM-MD5") {
                continue;
            }
            let mut session = open(&house, mechanism, user, "wonderland")
                .unwrap_or_else(|why| panic!("{user} by {mechanism}: {why}"));
            assert_eq!(engine::send(&mut session, &[b"x\r\n"]).unwrap(), 250);
            session.quit(&mut ());
            let envelope = house.kept.mails().pop().unwrap().envelope;
            assert_eq!((envelope.user.as_deref(), envelope.with().as_str()), (Some(user), "ESMTPSA"), "{mechanism}");
        }
    }
}

#[test]
fn who_is_nobody_or_has_the_wrong_password_hears_the_same() {
    let house = secured();
    for mechanism in MECHANISMS {
        let mut words = Vec::new();
        for (user, password) in [("alice", "wrong"), ("bob", "wrong"), ("nobody", "wonderland")] {
            let why = open(&house, mechanism, user, password).err().expect("no way in");
            assert_eq!((why.phase, why.cause), (Phase::Auth, Cause::Refused), "{user} by {mechanism}: {why}");
            words.push(why.reply.map(|reply| reply.text()));
        }
        assert!(words.iter().all(|text| *text == words[0]), "{mechanism}: {words:?}");
        let why = open(&house, mechanism, "carol", "wonderland").err().expect("no way in");
        assert_eq!(why.code(), 454, "{mechanism}");
    }
    assert!(house.kept.mails().is_empty());
}

#[test]
fn passwords_are_not_asked_for_in_the_clear() {
    let house = secured();
    let mut client = Raw::tcp(house.address());
    client.expect(220);
    let offered = client.ask("EHLO client.example", 250);
    let auth = offered.lines().find(|line| line.contains("AUTH ")).expect("AUTH is offered");
    assert!(!auth.contains("PLAIN") && !auth.contains("LOGIN") && !auth.contains("PLUS"), "{auth}");
    client.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", 538);
    client.ask("MAIL FROM:<a@example.org>", 530);
}

/// CVE-2018-6789 and its like: what is not base64, too long or cancelled costs an error and no more.
#[test]
fn malformed_exchanges() {
    let open = |service: &mut Service| {
        with_users(service);
        (service.dialogue.auth_in_clear, service.dialogue.auth_failures_max) = (true, 100);
    };
    for dripping in [false, true] {
        let house = House::with(Kept::new(), open);
        let mut client = house.client();
        let send = |client: &mut Raw, text: &str| {
            if dripping {
                client.drip(text)
            } else {
                client.send(text)
            };
        };
        for bad in ["A", "AAAAA", "A=AA", "AA==AA", "AGFs aWNl", "====", "AGFsaWNl\u{e9}", "AA=A"] {
            send(&mut client, "AUTH PLAIN\r\n");
            client.expect(334);
            send(&mut client, &format!("{bad}\r\n"));
            client.expect(501);
        }
        send(&mut client, "AUTH PLAIN\r\n");
        client.expect(334);
        send(&mut client, "*\r\n");
        client.expect(501);
        send(&mut client, "AUTH NTLM\r\nAUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\r\nAUTH PLAIN\r\n");
        assert_eq!(client.codes(3), [504, 235, 503]);
        client.ask("MAIL FROM:<a@example.org>", 250);
    }
    // By every mechanism: what it asks for is answered with something that is not base64, and then not at all.
    let house = House::with(Kept::new(), open);
    for mechanism in MECHANISMS.iter().filter(|name| !name.ends_with("-PLUS")) {
        let mut client = house.client();
        for bad in ["A", "AA=A", "A A", "====", "AAAAA", "!!!!"] {
            client.ask(&format!("AUTH {mechanism}"), 334);
            client.say(bad).expect(501);
            // CRAM-MD5 has no first message of the client's.
            client.say(&format!("AUTH {mechanism} {bad}")).expect(501);
        }
        client.ask(&format!("AUTH {mechanism}"), 334);
        client.say("*").expect(501);
        // A MiB of it: it is read to its end and refused, and the session goes on.
        client.ask(&format!("AUTH {mechanism}"), 334);
        client.say(&"A".repeat(1 << 20)).expect(500);
        client.say(&format!("AUTH {mechanism} {}", "A".repeat(1 << 20))).expect(500);
        client.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", 235);
    }
}

/// CVE-2013-0249 and its like: messages of SCRAM that are none, or too large.
#[test]
fn malformed_messages_of_scram() {
    let house = House::with(Kept::new(), |service| {
        with_users(service);
        (service.dialogue.auth_in_clear, service.dialogue.auth_failures_max) = (true, 100);
    });
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let mut client = house.client();
    for first in [
        "",
        "n,,",
        "n,,n=alice",
        "n,,n=alice,r=",
        "x,,n=alice,r=abc",
        "p=tls-unique,,n=alice,r=abc",
        "n,a=,n=alice,r=abc",
        "n,,m=1,n=alice,r=abc",
        "n,,n=al=ice,r=abc",
        "n,,n=alice,r=a\u{e9}",
        "n,,n=a\nlice,r=abc",
        &format!("n,,n=alice,r={}", "r".repeat(5000)),
    ] {
        let first = if first.is_empty() { "=".into() } else { base64(first) };
        client.say(&format!("AUTH SCRAM-SHA-256 {first}")).expect(501);
    }
    for last in [
        "",
        "c=biws",
        "c=biws,r=abc,p=AAAA",
        "c=biws,r=%,p=AAAA",
        "c=biws,r=%,p=",
        "r=%,c=biws,p=AAAA",
        "c=eSws,r=%,p=AAAA",
    ] {
        let challenge = client.ask(&format!("AUTH SCRAM-SHA-256 {}", base64("n,,n=alice,r=abc")), 334);
        let challenge = base64::engine::general_purpose::STANDARD.decode(challenge[4..].trim_end()).unwrap();
        let challenge = String::from_utf8(challenge).unwrap();
        let nonce = challenge.split(',').next().unwrap().strip_prefix("r=").unwrap();
        let reply = client.say(&base64(&last.replace('%', nonce))).reply();
        assert!(reply.starts_with("535") || reply.starts_with("501"), "{last}: {reply}");
    }
    client.ask("NOOP", 250);
}

#[test]
fn guessing_is_ended() {
    let house = House::with(Kept::new(), |service| {
        with_users(service);
        service.dialogue.auth_in_clear = true;
    });
    let mut client = house.client();
    for _ in 0..4 {
        client.ask("AUTH PLAIN AGFsaWNlAHdyb25n", 535);
    }
    client.say("AUTH PLAIN AGFsaWNlAHdyb25n").expect(535);
    client.expect(421);
    client.closed();
}
