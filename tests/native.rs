//! The native face through its C functions: results, callbacks, bodies, transports, cancelling, what is refused.

mod support;

use helo::faces::helo::*;
use std::ffi::c_int;
use support::native::{Native, last_error};
use support::sink::{Keep, Options, Sink, Then, When};

const BODY: &[u8] = b"Subject: hello\r\n\r\n.a line with a dot\r\nend\r\n";

fn keeping() -> Options {
    Options { keep: Keep::Bodies, ..Options::default() }
}

#[test]
fn three_mails_of_three_recipients_with_one_refused_each() {
    for level in [HeloLevel::None, HeloLevel::Envelope, HeloLevel::Full] {
        let no = |address: &str| (When::Recipient(address.into()), Then::Reply("550 5.1.1 no such user".into()));
        let mut options = keeping();
        for (when, then) in [no("b0@x.test"), no("b1@x.test"), no("b2@x.test")] {
            options = options.rule(when, then);
        }
        let sink = Sink::start(options);
        let native = Native::to(sink.address()).level(level);
        for n in 0..3 {
            let (a, b, c) = (format!("a{n}@x.test"), format!("b{n}@x.test"), format!("c{n}@x.test"));
            assert_eq!(native.mail("me@x.test", &[&a, &b, &c], BODY), n);
        }
        assert_eq!(native.run(), HeloStatus::HeloFailed);
        assert!(last_error().contains("3 of 9 recipients"), "{}", last_error());
        assert!(last_error().contains("no such user"), "{}", last_error());
        for n in 0..3 {
            let refused = native.seen(n, 1);
            assert_eq!((refused.delivered, refused.cause, refused.phase), (false, HeloCause::Refused, HeloPhase::Rcpt));
            assert_eq!((refused.code, refused.enhanced), (550, (5, 1, 1)));
            assert!(refused.text.contains("no such user"), "{}", refused.text);
            for taken in [0, 2] {
                let taken = native.seen(n, taken);
                assert!(taken.delivered && taken.code == 250, "{taken:?}");
            }
        }
        assert_eq!(sink.connections(), 1);
        let mails = sink.mails();
        assert_eq!(mails.len(), 3, "{level:?}");
        for (n, mail) in mails.iter().enumerate() {
            assert_eq!(mail.recipients, [format!("a{n}@x.test"), format!("c{n}@x.test")]);
            assert_eq!(mail.body, BODY);
            assert!(mail.parameters.contains(&format!("SIZE={}", BODY.len())), "{}", mail.parameters);
        }
        let progress = native.progress();
        assert_eq!((progress.mails, progress.mails_done), (3, 3));
        assert_eq!((progress.delivered, progress.failed), (6, 3));
    }
}

#[test]
fn numbers_have_names_and_others_are_unknown() {
    use support::native::words;
    assert_eq!(words(helo_cause_name(HeloCause::OutcomeUnknown as c_int)), "outcome unknown");
    assert_eq!(words(helo_phase_name(HeloPhase::Message as c_int)), "end of message");
    assert_eq!(words(helo_status_name(HeloStatus::HeloInProgress as c_int)), "in progress");
    for number in [-1, 1000, c_int::MIN, c_int::MAX] {
        assert_eq!(words(helo_cause_name(number)), "unknown");
        assert_eq!(words(helo_phase_name(number)), "unknown");
        assert_eq!(words(helo_status_name(number)), "unknown");
    }
}
