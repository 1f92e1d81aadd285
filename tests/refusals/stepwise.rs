//! What is not said after a refusal where each step waits for the one before.

use super::check;
use super::support::engine::{LEVELS, deliver, settings, small_mails};
use super::support::picky::{Picky, Rules, Seen, Then};
use super::support::wait::LONG;
use helo::client::Level;

fn server(extensions: &[&'static str], decide: impl Fn(&Seen) -> Option<Then> + Send + Sync + 'static) -> Picky {
    Picky::start(Rules { extensions: extensions.to_vec(), decide: Some(Box::new(decide)), ..Rules::default() })
}

fn refuse(seen: &Seen, verb: &str, word: &str, reply: &str) -> Option<Then> {
    (seen.verb == verb && seen.line.contains(word)).then(|| Then::Say(reply.into()))
}

#[test]
fn after_a_refused_mail_no_recipient_is_asked_for() {
    for (extensions, levels) in [(&[][..], &LEVELS[..]), (&["CHUNKING"], &LEVELS), (&["PIPELINING"], &LEVELS[..1])] {
        for &level in levels {
            for reply in ["550 5.7.1 not from you", "451 4.3.0 not now", "503 5.5.1 log in first"] {
                let server = server(extensions, move |seen| refuse(seen, "MAIL", "s1@", reply));
                let outcomes = deliver(server.address(), level, settings(LONG), &mut small_mails(3, 200));
                check(&server, &outcomes);
                let context = format!("{extensions:?} {level:?} {reply}");
                assert!(outcomes[1].iter().all(|outcome| outcome.text == reply), "{context}: {:?}", outcomes[1][0]);
                assert!(outcomes[1].iter().all(|outcome| outcome.code / 100 >= 4), "{context}");
                let asked = server.seen().iter().filter(|seen| seen.line.contains("r1-")).count();
                assert_eq!((asked, server.count("RCPT")), (0, 400), "{context}");
                assert_eq!((server.count("RSET"), server.connections()), (0, 1), "{context}: nothing is open");
            }
        }
    }
}

#[test]
fn where_nobody_is_accepted_no_message_is_asked_for() {
    for (extensions, levels) in [(&[][..], &LEVELS[..]), (&["PIPELINING"], &LEVELS[..1])] {
        for &level in levels {
            let server = server(extensions, |seen| refuse(seen, "RCPT", "r1-", "550 5.1.1 nobody"));
            let outcomes = deliver(server.address(), level, settings(LONG), &mut small_mails(3, 3));
            check(&server, &outcomes);
            assert_eq!(server.taken().len(), 6, "{level:?}: {outcomes:?}");
            let data = server.seen().iter().filter(|seen| seen.verb == "DATA").count();
            assert_eq!((data, server.count("RSET")), (2, 1), "{level:?}: the transaction of the second is cleared");
        }
    }
}

/// There is nothing to clear before QUIT.
#[test]
fn the_last_mail_needs_no_reset() {
    for level in [Level::None, Level::Envelope] {
        let server = server(&[], |seen| refuse(seen, "RCPT", "r0-", "550 5.1.1 nobody"));
        let outcomes = deliver(server.address(), level, settings(LONG), &mut small_mails(1, 2));
        check(&server, &outcomes);
        assert_eq!((server.count("RSET"), server.count("DATA"), server.count("QUIT")), (0, 0, 1), "{level:?}");
    }
}
