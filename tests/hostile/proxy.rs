//! SOCKS proxies that do not keep to their protocol, and arguments that cannot be said in it.

use crate::support::engine::{of, settings};
use crate::support::scripted::ScriptedServer;
use crate::support::wait::LONG;
use helo::client::Session;
use helo::error::{Cause, Error, Phase};
use helo::net::connect::{Proxy, ProxyMethods, ProxyVersion, Target};
use helo::net::wait::Cancel;
use helo::sasl::Secret;
use std::time::{Duration, Instant};

/// The way to mail.example:25 through a proxy that performs `script`.
fn open(script: &str, limit: Duration, change: impl FnOnce(&mut Proxy)) -> Error {
    let server = ScriptedServer::start(script);
    let mut proxy = Proxy::new(ProxyVersion::Socks5, "127.0.0.1", server.port());
    change(&mut proxy);
    let mut settings = settings(limit);
    settings.connect.proxy = Some(proxy);
    let target = Target::Host { host: "mail.example".into(), port: 25 };
    let error = Session::open(target, settings, Cancel::new(), &mut ()).err().expect("no way through");
    let _ = server.outcome();
    error
}

fn version4(proxy: &mut Proxy) {
    proxy.version = ProxyVersion::Socks4a;
}

fn login(proxy: &mut Proxy) {
    proxy.methods = ProxyMethods { none: false, password: true };
    proxy.user = Some("alice".into());
    proxy.password = Some(Secret::new("hunter2".into()));
}

/// What a good proxy says, step by step: what it hears, how many bytes, and its answer.
const GOOD_5: [(usize, &str); 2] = [(3, "\\x05\\x00"), (19, "\\x05\\x00\\x00\\x01\\x7f\\x00\\x00\\x01\\x00\\x19")];
const GOOD_LOGIN: [(usize, &str); 2] = [(3, "\\x05\\x02"), (15, "\\x01\\x00")];
const GOOD_4: [(usize, &str); 1] = [(22, "\\x00\\x5a\\x00\\x00\\x00\\x00\\x00\\x00")];

/// The escapes `\xHH` of a text, one by one.
fn bytes(text: &str) -> Vec<&str> {
    (0..text.len() / 4).map(|i| &text[4 * i..4 * i + 4]).collect()
}

#[test]
fn answers_that_stop_after_any_byte() {
    type Change = fn(&mut Proxy);
    let dialogues: [(&[(usize, &str)], Change); 3] = [(&GOOD_5, |_| {}), (&GOOD_LOGIN, login), (&GOOD_4, version4)];
    for (steps, change) in dialogues {
        let mut before = String::new();
        for (heard, said) in steps {
            before.push_str(&format!("CB {heard}\n"));
            for count in 0..bytes(said).len() {
                let part: String = bytes(said)[..count].concat();
                let part = if part.is_empty() { part } else { format!("S< {part}\n") };
                for (end, cause, limit) in
                    [("CLOSE", Cause::Proxy, LONG), ("HANG", Cause::TimedOut, Duration::from_millis(60))]
                {
                    let error = open(&format!("{before}{part}{end}"), limit, change);
                    assert_eq!(of(&error), (Phase::Connect, cause), "{before}{part}{end}: {error}");
                }
            }
            before.push_str(&format!("S< {said}\n"));
        }
    }
}

#[test]
fn a_proxy_that_drips_does_not_stretch_the_deadline() {
    let begun = Instant::now();
    let name = "x".repeat(200).replace('x', "\\x78");
    // A bound name of 255 bytes, one byte every 10 ms.
    let script = format!("CB 3\nS< \\x05\\x00\nCB 19\nS< \\x05\\x00\\x00\\x03\\xff\nDRIP 10 {name}");
    let error = open(&script, Duration::from_millis(250), |_| {});
    assert_eq!(of(&error), (Phase::Connect, Cause::TimedOut), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn wrong_versions_methods_and_codes() {
    let bad_5 = [
        "CB 3\nS< \\x04\\x00",
        "CB 3\nS< HTTP/1.1 400 Bad Request\\r\\n\\r\\n",
        "CB 3\nS< 220 mail.example ESMTP\\r\\n",
        "CB 3\nS< \\x05\\xff",
        "CB 3\nS< \\x05\\x01",
        // A method that was not offered.
        "CB 3\nS< \\x05\\x02",
        "CB 3\nS< \\x05\\x80",
        "CB 3\nS< \\x05\\x00\nCB 19\nS< \\x04\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00",
        "CB 3\nS< \\x05\\x00\nCB 19\nS< \\x05\\x02\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00",
        "CB 3\nS< \\x05\\x00\nCB 19\nS< \\x05\\x99\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00",
        // An address of no known kind: nobody knows where the server's bytes begin.
        "CB 3\nS< \\x05\\x00\nCB 19\nS< \\x05\\x00\\x00\\x02\\x00\\x00\\x00\\x00\\x00\\x00",
    ];
    for script in bad_5 {
        let error = open(&format!("{script}\nHANG"), LONG, |_| {});
        assert_eq!(of(&error), (Phase::Connect, Cause::Proxy), "{script}: {error}");
    }
    for script in [
        "CB 22\nS< \\x00\\x5b\\0\\0\\0\\0\\0\\0",
        "CB 22\nS< \\x05\\x5a\\0\\0\\0\\0\\0\\0",
        "CB 22\nS< \\x00\\xff\\0\\0\\0\\0\\0\\0",
    ] {
        let error = open(&format!("{script}\nHANG"), LONG, version4);
        assert_eq!(of(&error), (Phase::Connect, Cause::Proxy), "{script}: {error}");
    }
    for script in ["CB 3\nS< \\x05\\x02\nCB 15\nS< \\x01\\x01", "CB 3\nS< \\x05\\x02\nCB 15\nS< \\x05\\x00"] {
        let error = open(&format!("{script}\nHANG"), LONG, login);
        assert_eq!(of(&error), (Phase::Connect, Cause::Proxy), "{script}: {error}");
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[test]
fn a_proxy_that_was_not_asked_for_a_password_gets_none() {
    // It demands one although only "none" was offered.
    let server = ScriptedServer::start("CB 3 \\x05\\x01\\x00\nS< \\x05\\x02\nWAIT close");
    let mut proxy = Proxy::new(ProxyVersion::Socks5, "127.0.0.1", server.port());
    proxy.user = Some("alice".into());
    proxy.password = Some(Secret::new("hunter2".into()));
    let mut settings = settings(LONG);
    settings.connect.proxy = Some(proxy);
    let target = Target::Host { host: "mail.example".into(), port: 25 };
    let error = Session::open(target, settings, Cancel::new(), &mut ()).err().unwrap();
    assert_eq!(of(&error), (Phase::Connect, Cause::Proxy), "{error}");
    drop(server.outcome());
}

#[test]
fn what_cannot_be_said_to_a_proxy_is_refused_before_it_is_asked() {
    let long = "x".repeat(256);
    let cases: [(&str, Option<&str>, Option<&str>); 6] = [
        (&long, None, None),
        ("mail.example", Some("al\0ice"), None),
        ("mail.example", Some(&long), Some("p")),
        ("mail.example", Some("alice"), Some(&long)),
        ("mail.example", Some(""), Some("p")),
        ("", None, None),
    ];
    for (host, user, password) in cases {
        for version in [ProxyVersion::Socks4a, ProxyVersion::Socks5] {
            if version == ProxyVersion::Socks4a && (password.is_some() || user == Some("")) {
                continue;
            }
            // Nothing to perform: a connection would be a failure.
            let server = ScriptedServer::start("");
            let mut proxy = Proxy::new(version, "127.0.0.1", server.port());
            if user.is_some() {
                proxy.methods = ProxyMethods { none: false, password: true };
            }
            (proxy.user, proxy.password) = (user.map(Into::into), password.map(|p| Secret::new(p.into())));
            let mut settings = settings(LONG);
            settings.connect.proxy = Some(proxy);
            let target = Target::Host { host: host.into(), port: 25 };
            let error = Session::open(target, settings, Cancel::new(), &mut ()).err().unwrap();
            assert_eq!(of(&error), (Phase::Connect, Cause::BadArgument), "{host} {user:?}: {error}");
            server.finish();
        }
    }
}

#[test]
fn what_the_server_says_behind_the_proxy_in_the_same_breath_is_the_servers() {
    let server = ScriptedServer::start(
        "CB 3
         S< \\x05\\x00
         CB 19
         S< \\x05\\x00\\x00\\x01\\x7f\\x00\\x00\\x01\\x00\\x19
         S: 220 ready
         C: EHLO me.example
         S: 250 here
         C: QUIT
         S: 221 bye",
    );
    let mut settings = settings(LONG);
    settings.connect.proxy = Some(Proxy::new(ProxyVersion::Socks5, "127.0.0.1", server.port()));
    let target = Target::Host { host: "mail.example".into(), port: 25 };
    let session = Session::open(target, settings, Cancel::new(), &mut ()).unwrap();
    session.quit(&mut ());
    server.finish();
}
