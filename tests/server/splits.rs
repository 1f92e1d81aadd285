//! Sessions split at every place, exactly: each part is a read of its own. Whatever the split, the server says and stores
//! the same; and it fits what a simple reading of both directions makes of it.

use crate::support::direct::{Talk, Then, talk};
use crate::support::kept::{Kept, KeptMail};
use crate::support::reference::{self, Rules};
use helo::sasl::server::{Authority, Realm, Unavailable};
use helo::sasl::{Secret, server};
use helo::server::{Brake, Service};
use std::sync::Arc;

const ENVELOPE: &str = "EHLO me\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n";

struct Alice;

impl Authority for Alice {
    fn check_password(&self, user: &str, password: &Secret) -> Result<Option<bool>, Unavailable> {
        Ok(Some(user == "alice" && password.expose() == "wonderland"))
    }
}

fn service(kept: &Kept, lmtp: bool) -> Service {
    let mut service = Service::new("mx.example", Arc::new(kept.clone()));
    service.dialogue.lmtp = lmtp;
    service.dialogue.size = 500_000;
    service.dialogue.auth_in_clear = true;
    // Nothing waits here.
    service.brake = Arc::new(Brake::new(0));
    let realm = Realm::new(Box::new(Alice), "mx.example", [7; 32]);
    service.login(Arc::new(realm), &server::mechanisms().collect::<Vec<_>>()).expect("they are known");
    service
}

fn rules(service: &Service) -> Rules {
    let config = &service.dialogue;
    Rules { lmtp: config.lmtp, chunking: config.chunking, line_max: config.line_max }
}

/// What was said and stored.
fn session(kept: fn() -> Kept, lmtp: bool, pieces: &[&[u8]], then: Then) -> (Talk, Vec<KeptMail>) {
    let kept = kept();
    let said = talk(&service(&kept, lmtp), pieces, then, 0);
    kept.wait_given_up(0);
    (said, kept.mails())
}

/// The replies and the stored mails fit the simple reading.
#[track_caller]
fn check(sent: &[u8], talk: &Talk, mails: &[KeptMail], lmtp: bool) {
    let read = reference::read(rules(&service(&Kept::new(), lmtp)), sent, &talk.said);
    assert_eq!(read.len(), mails.len(), "{}", sent.escape_ascii());
    for (read, kept) in read.iter().zip(mails) {
        assert!(read.from.contains(kept.from()));
        assert_eq!(read.body.escape_ascii().to_string(), kept.message.escape_ascii().to_string());
        // By LMTP the spool is told of all, and refuses some.
        assert!(read.to.iter().all(|line| kept.to().iter().any(|to| line.contains(to))));
    }
}

/// Whole, cut in two at each place, octet by octet, and with a reset or an end after each octet.
fn everywhere(sent: &[u8], lmtp: bool) -> Vec<u16> {
    let mut codes = Vec::new();
    for kept in [Kept::new, Kept::blocking] {
        let (whole, mails) = session(kept, lmtp, &[sent], Then::Ends);
        check(sent, &whole, &mails, lmtp);
        codes = whole.codes();
        let same = |pieces: &[&[u8]]| {
            let (talk, stored) = session(kept, lmtp, pieces, Then::Ends);
            assert_eq!(talk.codes(), whole.codes(), "{}", sent.escape_ascii());
            let messages = |mails: &[KeptMail]| mails.iter().map(|mail| mail.message.clone()).collect::<Vec<_>>();
            assert!(messages(&stored) == messages(&mails), "{}", sent.escape_ascii());
        };
        same(&sent.chunks(1).collect::<Vec<_>>());
        for place in 0..sent.len() {
            let (front, back) = sent.split_at(place);
            same(&[front, back]);
            // The client is gone: what it had completed is stored, and nothing else.
            let (talk, stored) = session(kept, lmtp, &[front], Then::Ends);
            check(front, &talk, &stored, lmtp);
            let (_, broken) = session(kept, lmtp, &[front], Then::Breaks);
            assert_eq!(broken.len(), stored.len(), "{}", front.escape_ascii());
        }
    }
    codes
}

#[test]
fn a_session_with_everything() {
    let mail =
        "MAIL FROM:<a@example.org> SIZE=20 BODY=8BITMIME\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<full@example.com>\r\n";
    let session = format!(
        "LHLO me\r\nAUTH PLAIN\r\nAGFsaWNlAHdvbmRlcmxhbmQ=\r\n{mail}DATA\r\n..a\r\n.b\r\n\r\n.\r\n{mail}BDAT 7\r\nRSET\r\n.BDAT 6 LAST\r\nQUIT\r\nRSET\r\n{mail}RSET\r\nVRFY x\r\nQUIT\r\n",
    );
    let lmtp = everywhere(session.as_bytes(), true);
    let mails = [250, 250, 250];
    let wanted =
        [&[220, 250, 334, 235][..], &mails, &[354, 250, 452], &mails, &[250, 250, 452, 250], &mails, &[250, 252, 221]];
    assert_eq!(lmtp, wanted.concat());
    let smtp = everywhere(session.replace("LHLO", "EHLO").as_bytes(), false);
    let wanted = [&[220, 250, 334, 235][..], &mails, &[354, 250], &mails, &[250, 250, 250], &mails, &[250, 252, 221]];
    assert_eq!(smtp, wanted.concat());
}

/// CVE-2023-51764, -51765, -51766, CVE-2024-27305: every false end of a message is text of it.
#[test]
fn false_ends() {
    for end in [
        "\n.\n",
        "\r.\r",
        "\r.\n",
        "\n.\r",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r\n",
        "\r\n.\r",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
        "\r\n.\r\r\n",
        "\r\r\n.\r\r\n",
    ] {
        let smuggled = "MAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\ny\r\n.\r\n";
        let codes = everywhere(format!("{ENVELOPE}DATA\r\nx{end}{smuggled}QUIT\r\n").as_bytes(), false);
        assert_eq!(codes, [220, 250, 250, 250, 354, 250, 221], "{end:?}");
        let text = format!("x{end}{smuggled}");
        let chunked = format!("{ENVELOPE}BDAT {} LAST\r\n{text}QUIT\r\n", text.len());
        assert_eq!(everywhere(chunked.as_bytes(), false), [220, 250, 250, 250, 250, 221], "{end:?}");
    }
}

#[test]
fn chunks_with_commands_in_them() {
    for (text, codes) in [
        ("BDAT 0 LAST\r\nNOOP\r\n", &[250, 250][..]),
        ("BDAT 12 LAST\r\nRSET\r\nQUIT\r\nNOOP\r\n", &[250, 250]),
        ("BDAT 6\r\nQUIT\r\nBDAT 3 LAST\r\n.\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", &[250, 250, 503, 250]),
        ("DATA\r\nBDAT 3 LAST\r\n.\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", &[354, 250, 503, 250]),
        (
            "RSET\r\nMAIL FROM:<nobegin@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 6\r\nQUIT\r\nBDAT 0 LAST\r\nNOOP\r\n",
            &[250, 250, 250, 452, 503, 250],
        ),
        ("BDAT 600000\r\n", &[]),
        ("BDAT 99999999999999999999\r\nNOOP\r\n", &[501]),
        ("BDAT 1\r\n\nBDAT 1 LAST\r\n\rNOOP\r\n", &[250, 250, 250]),
    ] {
        let seen = everywhere(format!("{ENVELOPE}{text}").as_bytes(), false);
        assert_eq!(seen, [&[220, 250, 250, 250], codes].concat(), "{text:?}");
    }
}

/// Not base64, cancelled, and what no mechanism has: an error each, and the session goes on.
#[test]
fn authentication() {
    for mechanism in server::mechanisms().filter(|name| !name.ends_with("-PLUS")) {
        for text in ["A", "A===", "AA=A", "A A", "====", "AAAA\u{e9}", "*", "=", "AAAAAAAAAAAAAAAA"] {
            let session = format!("EHLO me\r\nAUTH {mechanism}\r\n{text}\r\n*\r\nNOOP\r\nQUIT\r\n");
            let codes = everywhere(session.as_bytes(), false);
            assert_eq!(
                (&codes[..3], codes.last()),
                (&[220, 250, 334][..], Some(&221)),
                "{mechanism} {text}: {codes:?}"
            );
            let refused = codes[3] / 100 == 5 || (codes[3] == 334 && codes[4] / 100 == 5);
            let guest = mechanism == "ANONYMOUS" && codes[3] == 535;
            assert!(refused || guest, "{mechanism} {text}: {codes:?}");
            assert!(codes.contains(&250), "the session goes on: {codes:?}");
        }
    }
}

#[test]
fn lines_that_are_none() {
    for (text, codes) in [
        ("NOOP\nMAIL FROM:<a@example.org>\r\n", &[500][..]),
        ("NOOP\rQUIT\r\n", &[500]),
        ("NOOP\r\r\n", &[500]),
        ("\n", &[500]),
        ("NO\0OP\r\nNOOP\r\n", &[500, 250]),
        ("MAIL FROM:<a\x0bb@example.org>\r\nNOOP\r\n", &[501, 250]),
    ] {
        assert_eq!(
            everywhere(format!("EHLO me\r\n{text}").as_bytes(), false),
            [&[220, 250], codes].concat(),
            "{text:?}"
        );
    }
    // Longer than a line may be, by two octets and by many: it is answered once, and dropped to its end.
    for length in [12_287, 40_000] {
        let line = format!("NOOP {}\r\nNOOP\r\n", "x".repeat(length));
        let kept = Kept::new();
        for pieces in
            [vec![line.as_bytes()], line.as_bytes().chunks(1000).collect(), line.as_bytes().chunks(1).collect()]
        {
            assert_eq!(talk(&service(&kept, false), &pieces, Then::Ends, 0).codes(), [220, 500, 250]);
        }
    }
}

/// Lines and line ends at the ends of the buffers: the session's for reading, and a worker's piece.
#[test]
fn at_the_ends_of_buffers() {
    for size in [64 * 1024, 128 * 1024] {
        for end in ["\r\n.\r\n", "\n.\n", "\r\n.\r", "\r.\r\n"] {
            for shift in 0..=end.len() {
                let text = "x\r\n".repeat(size / 3 + 1);
                let cut = size - ENVELOPE.len() - "DATA\r\n".len() - shift;
                let (text, _) = text.split_at(cut - cut % 3);
                let pad = "y".repeat(cut % 3);
                let session = format!("{ENVELOPE}DATA\r\n{text}{pad}{end}NOOP\r\n");
                for kept in [Kept::new, Kept::blocking] {
                    let (talk, mails) = self::session(kept, false, &[session.as_bytes()], Then::Ends);
                    check(session.as_bytes(), &talk, &mails, false);
                    assert_eq!(mails.len(), usize::from(end == "\r\n.\r\n"), "{end:?} {shift}");
                }
            }
        }
    }
}

/// Whoever takes the replies drop by drop gets every one.
#[test]
fn a_client_that_reads_slowly() {
    let session = format!("{ENVELOPE}RSET\r\n{}QUIT\r\n", "HELP\r\nNOOP\r\n".repeat(200));
    let kept = Kept::new();
    let fast = talk(&service(&kept, false), &[session.as_bytes()], Then::Ends, 0);
    for reads in [1, 7, 1000] {
        assert_eq!(talk(&service(&kept, false), &[session.as_bytes()], Then::Ends, reads), fast);
    }
    assert_eq!(fast.codes().len(), 6 + 400);
}

/// A client that falls silent is waited for as long as it may take, wherever it was, and told so where it can read it.
#[test]
fn silence_at_every_octet() {
    let session =
        format!("{ENVELOPE}DATA\r\nx\r\n.\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 9\r\nabc");
    for place in 0..session.len() {
        let (talk, mails) = self::session(Kept::new, false, &[&session.as_bytes()[..place]], Then::Waits);
        assert_eq!((talk.codes().last(), talk.took.as_secs()), (Some(&421), 300), "{place}");
        let complete = session.find("\r\n.\r\n").expect("it is there") + 5;
        assert_eq!(mails.len(), usize::from(place >= complete));
    }
    for text in ["EHLO me\r\nAUTH PLAIN\r\n", "EHLO me\r\nAUTH LOGIN\r\nYWxpY2U=\r\nQ"] {
        let (talk, _) = self::session(Kept::new, false, &[text.as_bytes()], Then::Waits);
        assert_eq!((talk.codes().last(), talk.took.as_secs()), (Some(&421), 120), "{text}");
    }
}
