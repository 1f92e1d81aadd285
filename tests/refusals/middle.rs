//! A no in the middle of a message: it is the result at once, whatever the server does then, and the rest of a list goes
//! on.

use super::support::distinct::{Distinct, SMTP_FAILURE, SMTP_SUCCESS};
use super::support::engine::{self, LEVELS, deliver, settings};
use super::support::native::{Native, last_error};
use super::support::netx::{self, Mail as NetxMail};
use super::support::picky::{After, Middle, Picky, Rules};
use super::support::temp::TempDir;
use super::support::wait::LONG;
use super::{check, list, memory};
use helo::client::Level;
use helo::client::body::Body;
use helo::error::{Cause, Phase};
use helo::faces::helo::{HeloCause, HeloLevel, HeloStatus};
use std::io::Read;
use std::time::{Duration, Instant};

/// More than the systems of both ends take on their own.
const LARGE: usize = 9 << 20;
/// Far from the limits of time, which are LONG here.
const AT_ONCE: Duration = Duration::from_secs(12);
const REPLIES: [(&str, u16); 3] = [("552 5.3.4 too much", 552), ("451 4.3.0 not now", 451), ("554 5.7.1 spam", 554)];
const AFTERS: [After; 3] = [After::Deaf, After::Close, After::Drain];

fn server(
    sender: &'static str,
    octets: usize,
    reply: &'static str,
    after: After,
    extensions: &[&'static str],
) -> Picky {
    let middle = Some(Middle { sender, octets, reply, after });
    Picky::start(Rules { extensions: extensions.to_vec(), middle, ..Rules::default() })
}

#[test]
fn the_reply_is_the_result_and_the_rest_of_the_list_goes_on() {
    for extensions in [&[][..], &["PIPELINING"], &["PIPELINING", "CHUNKING"]] {
        for level in LEVELS {
            for after in AFTERS {
                for (octets, (reply, code)) in [LARGE, 300_000, 2000].into_iter().zip(REPLIES) {
                    // Where the system has taken all of it, silence is waited for: once is enough.
                    if after == After::Deaf && octets != LARGE && (level != Level::Envelope || extensions.is_empty()) {
                        continue;
                    }
                    // Whole messages are on their way behind it then, and what became of them nobody can know.
                    if after == After::Close && octets != LARGE && level == Level::Full && extensions.len() == 2 {
                        continue;
                    }
                    let server = server("s2@example.org", 500, reply, after, extensions);
                    let begun = Instant::now();
                    let mut mails = list(6, 2, octets, memory);
                    let outcomes = deliver(server.address(), level, settings(LONG), &mut mails);
                    let context = format!("{extensions:?} {level:?} {after:?} {octets}: {outcomes:?}");
                    check(&server, &outcomes);
                    assert_eq!(server.taken().len(), 5, "{context}");
                    let refused = &outcomes[2][0];
                    assert_eq!(
                        (refused.failure.map(|at| at.1), refused.code),
                        (Some(Cause::Refused), code),
                        "{context}"
                    );
                    assert!(refused.enhanced.is_some(), "{context}");
                    assert!(begun.elapsed() < AT_ONCE, "{:?} {context}", begun.elapsed());
                    assert!((1..=2).contains(&server.connections()), "{} {context}", server.connections());
                }
            }
        }
    }
}

/// A server that reads a refused chunk away keeps the connection (RFC 3030 section 2); with DATA it cannot be kept.
#[test]
fn a_chunk_that_is_read_away_costs_no_connection() {
    for (extensions, connections) in [(&["PIPELINING", "CHUNKING"][..], 1), (&["PIPELINING"], 2)] {
        let server = server("s1@example.org", 500, "552 5.3.4 too much", After::Drain, extensions);
        let mut mails = list(4, 1, LARGE, memory);
        let outcomes = deliver(server.address(), Level::Envelope, settings(LONG), &mut mails);
        check(&server, &outcomes);
        assert_eq!((server.taken().len(), server.connections()), (3, connections), "{extensions:?}");
    }
}

#[test]
fn bodies_from_files_and_functions() {
    let folder = TempDir::new();
    let file = |bytes: Vec<u8>| {
        let path = folder.join(&format!("{}", bytes.len()));
        std::fs::write(&path, bytes).unwrap();
        Body::file(path)
    };
    let function = |bytes: Vec<u8>| {
        let mut bytes = std::io::Cursor::new(bytes);
        Body::reader(Box::new(move |buffer| bytes.read(buffer)))
    };
    for (name, body) in [("file", &file as &dyn Fn(Vec<u8>) -> Body), ("function", &function)] {
        for level in LEVELS {
            for extensions in [&["PIPELINING"][..], &["PIPELINING", "CHUNKING"]] {
                let server = server("s1@example.org", 100_000, "552 5.3.4 too much", After::Deaf, extensions);
                let begun = Instant::now();
                let mut mails = list(3, 1, LARGE, body);
                let outcomes = deliver(server.address(), level, settings(LONG), &mut mails);
                check(&server, &outcomes);
                assert_eq!(outcomes[1][0].code, 552, "{name} {level:?}: {outcomes:?}");
                assert_eq!(server.taken().len(), 2, "{name} {level:?} {extensions:?}: {outcomes:?}");
                assert!(begun.elapsed() < AT_ONCE, "{name} {level:?}: {:?}", begun.elapsed());
            }
        }
    }
}

#[test]
fn a_session_hears_it_in_body_and_in_end_data() {
    for after in AFTERS {
        for (reply, code) in REPLIES {
            for octets in [LARGE, 2000] {
                let server = server("a@example.org", 500, reply, after, &[]);
                let mut session = engine::open(server.address()).unwrap();
                let begun = Instant::now();
                let error = engine::send(&mut session, &[&vec![b'x'; octets]]).unwrap_err();
                assert_eq!((error.cause, error.code()), (Cause::Refused, code), "{after:?} {octets}: {error}");
                assert!(matches!(error.phase, Phase::Data | Phase::Message), "{error}");
                assert!(begun.elapsed() < AT_ONCE, "{after:?} {octets}");
                assert!(server.taken().is_empty());
            }
        }
    }
}

#[test]
fn a_421_there_is_the_end_of_the_connection_and_kept() {
    for after in AFTERS {
        let server = server("a@example.org", 500, "421 4.3.2 going down", after, &[]);
        let mut session = engine::open(server.address()).unwrap();
        let error = engine::send(&mut session, &[&vec![b'x'; LARGE]]).unwrap_err();
        assert_eq!((error.cause, error.code()), (Cause::Refused, 421), "{after:?}: {error}");
        drop(session);
        for extensions in [&["PIPELINING"][..], &["PIPELINING", "CHUNKING"]] {
            for level in LEVELS {
                let server = self::server("s0@example.org", 500, "421 4.3.2 going down", after, extensions);
                let begun = Instant::now();
                let mut mails = list(3, 0, LARGE, memory);
                let outcomes = deliver(server.address(), level, settings(LONG), &mut mails);
                check(&server, &outcomes);
                let context = format!("{extensions:?} {level:?} {after:?}: {outcomes:?}");
                assert_eq!(
                    (outcomes[0][0].failure.map(|at| at.1), outcomes[0][0].code),
                    (Some(Cause::Refused), 421),
                    "{context}"
                );
                assert_eq!(server.taken().len(), 2, "{context}");
                assert!(begun.elapsed() < AT_ONCE, "{context}");
            }
        }
    }
}

#[test]
fn the_native_face_says_552_and_never_that_time_ran_out() {
    let body: &'static [u8] = vec![b'x'; LARGE].leak();
    for level in [HeloLevel::None, HeloLevel::Envelope, HeloLevel::Full] {
        for extensions in [&[][..], &["PIPELINING"], &["PIPELINING", "CHUNKING"]] {
            let server = server("a@x.test", 500, "552 5.3.4 too much", After::Deaf, extensions);
            let native = Native::to(server.address()).level(level);
            native.mail("a@x.test", &["b@x.test"], body);
            let begun = Instant::now();
            assert_eq!(native.run(), HeloStatus::HeloFailed);
            assert!(begun.elapsed() < AT_ONCE, "{level:?} {extensions:?}: {:?}", begun.elapsed());
            let seen = native.seen(0, 0);
            assert_eq!((seen.cause, seen.code, seen.enhanced), (HeloCause::Refused, 552, (5, 3, 4)), "{seen:?}");
            assert!(last_error().contains("too much"), "{}", last_error());
        }
    }
}

#[test]
fn the_old_faces_say_so_at_once() {
    for after in [After::Deaf, After::Close] {
        let server = server("a@example.org", 500, "552 5.3.4 too much", after, &[]);
        let distinct = Distinct::open(server.address(), "here.example").unwrap();
        assert_eq!(distinct.mail("a@example.org"), SMTP_SUCCESS);
        assert_eq!(distinct.rcpt("b@example.org"), SMTP_SUCCESS);
        let begun = Instant::now();
        assert_eq!(distinct.body(&[&vec![b'x'; LARGE]]), SMTP_FAILURE);
        assert!(last_error().contains("too much"), "{}", last_error());
        let mail = NetxMail {
            server: server.address(),
            timeout: LONG,
            authentication: (netx::NONE, "", ""),
            domain: "here.example",
            from: "a@example.org",
            to: "b@example.org",
            subject: "x",
            body: &vec![b'x'; LARGE],
        };
        // NX_SMTP_OVERSIZE_MAIL_DATA
        assert_eq!(mail.send(), 0xA1, "{}", last_error());
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    }
}
