//! Arguments that try to become commands: CVE-2015-9097, CVE-2025-7962, CVE-2026-82853, GHSA-g7hc-96xr-gvvx,
//! CVE-2025-13033, CVE-2020-28026. Each is refused before a byte is written, and the session goes on: the scripted
//! servers here hear nothing but what their scripts say.

use crate::support::distinct::{Distinct, SMTP_FAILURE, SMTP_SUCCESS};
use crate::support::engine::{LEVELS, deliver, mail, open, rcpt, settings, small_mails, target, tell};
use crate::support::native::{Native, c};
use crate::support::scripted::ScriptedServer;
use crate::support::sink::{Keep, Options, Sink};
use crate::support::wait::LONG;
use helo::client::Session;
use helo::error::{Cause, Phase};
use helo::faces::helo::{HeloStatus, helo_add_mail, helo_add_recipient, helo_set_mail_parameter};
use helo::net::connect::{Proxy, ProxyVersion, Target};
use helo::net::wait::Cancel;
use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::command::{Command, Parameter, Verb};

/// Line ends and control characters that some client has let through.
const EVIL: [&str; 12] = [
    "x\r\nRCPT TO:<x@y>",
    "x\nRCPT TO:<x@y>",
    "x\rRCPT TO:<x@y>",
    "x\r\n",
    "\r\nx",
    "x\n",
    "x\r",
    "x\0y",
    "x\ty",
    "x\u{7f}y",
    "x\u{85}y",
    "x\u{1b}[2J",
];

/// Addresses that would end the path, or a quoted local part that would end the line.
const EVIL_ADDRESSES: [&str; 16] = [
    "a@b>\r\nRCPT TO:<x@y",
    "a@b>\nRCPT TO:<x@y",
    "a@b> SIZE=1",
    "a@b>,<c@d",
    "\"a\r\nRCPT TO:<x>\"@b",
    "\"a\nb\"@c",
    "\"a\rb\"@c",
    "\"a\\\r\\\nb\"@c",
    "a@b\r\n",
    "a@b\0c",
    "a@b c",
    "a@(comment)b",
    "a (comment)@b",
    "a@b\u{7f}",
    "a@b\u{85}",
    "\"x@evil x@internal",
];

/// A session on which only NOOP and QUIT are heard.
fn silent() -> (ScriptedServer, Session) {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO me.example
         S: 250-here
         S: 250-SIZE
         S: 250-DSN
         S: 250 SMTPUTF8
         C: NOOP
         S: 250 still here
         C: QUIT
         S: 221 bye",
    );
    let session = open(server.address()).unwrap();
    (server, session)
}

/// The session still works, and nothing was heard but this.
fn still_good(server: ScriptedServer, mut session: Session) {
    assert_eq!(tell(&mut session, &Command::Noop(None)).unwrap(), 250);
    session.quit(&mut ());
    server.finish();
}

#[track_caller]
fn refused(session: &mut Session, command: &Command<'_>) {
    let error = session.command(command, &mut ()).expect_err("refused");
    assert_eq!((error.phase, error.cause), (command.verb().phase(), Cause::BadArgument), "{command:?}: {error}");
    assert!(!session.connection().is_dead(), "{command:?}");
}

#[test]
fn words_of_commands() {
    let (server, mut session) = silent();
    for evil in EVIL {
        for command in [
            Command::Ehlo(evil),
            Command::Helo(evil),
            Command::Lhlo(evil),
            Command::Vrfy(evil),
            Command::Expn(evil),
            Command::Help(Some(evil)),
            Command::Noop(Some(evil)),
            Command::Auth { mechanism: evil, initial: None },
            Command::Auth { mechanism: "PLAIN", initial: Some(evil) },
            Command::Raw(evil),
        ] {
            refused(&mut session, &command);
        }
    }
    still_good(server, session);
}

#[test]
fn addresses() {
    let (server, session) = silent();
    for evil in EVIL_ADDRESSES {
        assert!(ReversePath::parse(evil).is_err(), "{evil:?}");
        assert!(ForwardPath::parse(evil).is_err(), "{evil:?}");
        assert!(ForwardPath::parse(&format!("<{evil}>")).is_err(), "{evil:?}");
        assert!(ForwardPath::parse(&format!("@relay,@other:{evil}")).is_err(), "{evil:?}");
        assert!(ForwardPath::parse(&format!("@re\r\nlay:{evil}")).is_err(), "{evil:?}");
    }
    still_good(server, session);
}

#[test]
fn parameters_however_they_were_made() {
    let (server, mut session) = silent();
    let (from, to) = (ReversePath::parse("a@b").unwrap(), ForwardPath::parse("c@d").unwrap());
    let mut refuse = |keyword: &str, value: &str| {
        assert!(Parameter::new(keyword, Some(value)).is_err(), "{keyword} {value:?}");
        assert!(Parameter::parse(&format!("{keyword}={value}")).is_err(), "{keyword} {value:?}");
        // The fields are public: what was not made by `new` is checked when it is sent.
        let params = [Parameter { keyword: keyword.into(), value: Some(value.into()) }];
        refused(&mut session, &Command::Mail { verb: Verb::Mail, from: &from, params: &params });
        refused(&mut session, &Command::Rcpt { to: &to, params: &params });
    };
    for keyword in ["SIZE", "ENVID", "RET", "BODY", "AUTH", "NOTIFY", "X-OTHER"] {
        for evil in EVIL {
            refuse(keyword, evil);
        }
        refuse(keyword, "1 AUTH=<>");
        refuse(keyword, "1=2");
    }
    for evil in EVIL {
        refuse("ORCPT", &format!("rfc822;{evil}"));
        refuse(evil, "1");
    }
    // Values that hide a line end in their encoding.
    for hidden in ["a+0D+0Ab", "a+0Ab", "+0A", "a+7Fb", "a+00", "a+0", "a+zz", "a+0a"] {
        refuse("ENVID", hidden);
        refuse("AUTH", hidden);
        refuse("ORCPT", &format!("rfc822;{hidden}"));
    }
    refuse("ORCPT", "utf-8;a\\x{0A}b@c");
    still_good(server, session);
}

#[test]
fn the_clients_own_name() {
    for evil in EVIL {
        let server = ScriptedServer::start("S: 220 ready\nC: QUIT\nS: 221 bye\nWAIT close");
        let mut settings = settings(LONG);
        settings.helo_name = evil.into();
        let error = Session::open(target(server.address()), settings, Cancel::new(), &mut ()).err().unwrap();
        assert_eq!((error.phase, error.cause), (Phase::Hello, Cause::BadArgument), "{evil:?}: {error}");
        server.finish();
    }
}

#[test]
fn the_host_named_to_a_proxy() {
    // Port 1 is nobody's: whoever connected there would say so.
    for version in [ProxyVersion::Socks4, ProxyVersion::Socks4a, ProxyVersion::Socks5, ProxyVersion::Auto] {
        for host in EVIL {
            let mut settings = settings(LONG);
            settings.connect.proxy = Some(Proxy::new(version, "127.0.0.1", 1));
            let target = Target::Host { host: host.into(), port: 25 };
            let error = Session::open(target, settings, Cancel::new(), &mut ()).err().unwrap();
            assert_eq!((error.phase, error.cause), (Phase::Connect, Cause::BadArgument), "{host:?}: {error}");
        }
    }
}

#[test]
fn odd_addresses_are_data_and_go_out_as_they_are() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO me.example
         S: 250 here
         C: MAIL FROM:<\"x@evil x\"@internal>
         S: 250 ok
         C: RCPT TO:<-oQ/tmp@example.org>
         S: 250 ok
         C: RCPT TO:<\";cmd;\"@example.org>
         S: 250 ok
         C: RCPT TO:<\"a>b\"@example.org>
         S: 250 ok
         C: RCPT TO:<user@example.org>
         S: 250 ok",
    );
    let mut session = open(server.address()).unwrap();
    mail(&mut session, "\"x@evil x\"@internal").unwrap();
    rcpt(&mut session, "-oQ/tmp@example.org").unwrap();
    rcpt(&mut session, "\";cmd;\"@example.org").unwrap();
    rcpt(&mut session, "\"a>b\"@example.org").unwrap();
    // A source route is accepted and never sent.
    rcpt(&mut session, "@relay.example,@other.example:user@example.org").unwrap();
    drop(session);
    server.finish();
}

#[test]
fn through_the_distinct_face() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO me.example
         S: 250 here
         C: MAIL FROM:<a@example.org>
         S: 250 ok
         C: NOOP
         S: 250 still here
         C: QUIT
         S: 221 bye",
    );
    let connection = Distinct::open(server.address(), "me.example").unwrap();
    for evil in EVIL_ADDRESSES.into_iter().filter(|evil| !evil.contains('\0')) {
        assert_eq!(connection.mail(evil), SMTP_FAILURE, "{evil:?}");
        assert_eq!(connection.send(evil), SMTP_FAILURE, "{evil:?}");
    }
    assert_eq!(connection.mail("a@example.org"), SMTP_SUCCESS);
    for evil in EVIL_ADDRESSES.into_iter().filter(|evil| !evil.contains('\0')) {
        assert_eq!(connection.rcpt(evil), SMTP_FAILURE, "{evil:?}");
    }
    for evil in EVIL.into_iter().filter(|evil| !evil.contains('\0')) {
        for code in [connection.vrfy(evil), connection.expn(evil), connection.help(evil), connection.direct(evil)] {
            assert_eq!(code, SMTP_FAILURE, "{evil:?}");
        }
    }
    assert_eq!(connection.noop(), SMTP_SUCCESS);
    assert_eq!(connection.quit(), SMTP_SUCCESS);
    server.finish();

    for evil in EVIL.into_iter().filter(|evil| !evil.contains('\0')) {
        // The face does not even connect.
        let server = ScriptedServer::start("");
        assert_eq!(Distinct::open(server.address(), evil).err(), Some(SMTP_FAILURE), "{evil:?}");
        server.finish();
    }
}

#[test]
fn through_the_native_face() {
    let native = Native::without_server();
    let mail = native.envelope("a@example.org", &["b@example.org"]);
    for evil in EVIL_ADDRESSES.into_iter().filter(|evil| !evil.contains('\0')) {
        let mut number = u32::MAX;
        // SAFETY: texts, and a place for the number.
        let (sender, recipient) = unsafe {
            (
                helo_add_mail(native.0, c(evil).as_ptr(), &raw mut number),
                helo_add_recipient(native.0, mail, c(evil).as_ptr(), std::ptr::null_mut()),
            )
        };
        assert_eq!((sender, recipient), (HeloStatus::HeloBadArgument, HeloStatus::HeloBadArgument), "{evil:?}");
    }
    for evil in EVIL.into_iter().filter(|evil| !evil.contains('\0')) {
        // SAFETY: a text.
        let status = unsafe { helo_set_mail_parameter(native.0, mail, c(&format!("ENVID={evil}")).as_ptr()) };
        assert_eq!(status, HeloStatus::HeloBadArgument, "{evil:?}");
    }
}

#[test]
fn a_mail_with_a_bad_parameter_fails_alone() {
    for level in LEVELS {
        let sink = Sink::start(Options { keep: Keep::Hashes, ..Options::default() });
        let evil = Parameter { keyword: "SIZE".into(), value: Some("1\r\nRCPT TO:<x@y>".into()) };
        let mut list = small_mails(4, 2);
        list[1].parameters.push(evil.clone());
        list[2].recipients[0].parameters.push(evil);
        let outcomes = deliver(sink.address(), level, settings(LONG), &mut list);
        let causes: Vec<Vec<_>> =
            outcomes.iter().map(|mail| mail.iter().map(|o| o.failure.map(|f| f.1)).collect()).collect();
        let bad = Some(Cause::BadArgument);
        assert_eq!(causes, [[None, None], [bad, bad], [bad, None], [None, None]], "{level:?}: {outcomes:?}");
        assert_eq!(outcomes[2][0].failure.map(|f| f.0), Some(Phase::Rcpt));
        let stored: Vec<_> = sink.mails().iter().map(|m| m.recipients.len()).collect();
        assert_eq!(stored, [2, 1, 2], "{level:?}");
    }
}
