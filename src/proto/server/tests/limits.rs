//! How much is taken, and for how long it is waited.

use super::*;
use core::time::Duration;

#[test]
fn mails_over_one_connection() {
    let mail = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n";
    let config = Config { mails_max: 2, ..Config::new("mx") };
    let owner = talk(config, &format!("{HELLO}{}NOOP\r\n", mail.repeat(3)));
    assert_eq!(owner.codes(), "220 250 250 250 354 250 250 250 354 250 421");
    assert!(String::from_utf8_lossy(&owner.said).contains("LIMITS MAILMAX=2 RCPTMAX=1000\r\n"));
    let config = Config { mails_max: 0, ..Config::new("mx") };
    assert!(String::from_utf8_lossy(&talk(config, HELLO).said).contains("LIMITS RCPTMAX=1000\r\n"));
}

/// A client that pipelines could not know that its MAIL would fail.
#[test]
fn what_follows_from_a_refusal_is_no_error() {
    let config = || Config { errors_max: 3, ..Config::new("mx") };
    let recipients = "RCPT TO:<c@d>\r\n".repeat(50);
    for mail in ["MAIL FROM:<bad@b>", "MAIL FROM:<a b@c>", "MAIL FROM:<a@b> XYZZY"] {
        let owner = talk(config(), &format!("{HELLO}{mail}\r\n{recipients}DATA\r\nBDAT 1\r\nxRSET\r\nNOOP\r\n"));
        assert!(owner.codes().ends_with(" 503 503 250 250"), "{mail}");
    }
    let refused = "RCPT TO:<bad@d>\r\n".repeat(50) + &"RCPT TO:<a b@d>\r\n".repeat(50);
    let owner = talk(config(), &format!("{HELLO}MAIL FROM:<a@b>\r\n{refused}DATA\r\nBDAT 1\r\nxRSET\r\n"));
    assert!(owner.codes().ends_with(" 554 554 250"), "{}", owner.codes());
    // After a RSET they should have known.
    let owner = talk(config(), &format!("{HELLO}MAIL FROM:<bad@b>\r\nRSET\r\n{recipients}"));
    assert_eq!(owner.codes(), "220 250 550 250 503 503 503 421");
}

#[test]
fn refusals_have_an_end() {
    let config = || Config { refusals_max: 10, ..Config::new("mx") };
    let harvest = format!("{HELLO}MAIL FROM:<a@b>\r\n{}", "RCPT TO:<bad@d>\r\n".repeat(100));
    let owner = talk(config(), &harvest);
    assert_eq!(owner.codes(), format!("220 250 250{} 421", " 550".repeat(10)));
    assert!(talk(config(), &"VRFY bad\r\n".repeat(100)).codes().ends_with(" 550 421"));
    let mail = "MAIL FROM:<a@b>\r\nRCPT TO:<bad@d>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n";
    let owner = talk(config(), &format!("{HELLO}{}", mail.repeat(50)));
    assert!(owner.codes().ends_with(" 354 250"), "a mail that is taken forgives");
}

#[test]
fn recipients_beyond_the_limit_do_not_harm_those_before() {
    let config = Config { recipients_max: 2, ..Config::new("mx") };
    let owner = talk(config, &format!("{HELLO}MAIL FROM:<a@b>\r\n{}DATA\r\nx\r\n.\r\n", "RCPT TO:<c@d>\r\n".repeat(4)));
    assert_eq!(owner.codes(), "220 250 250 250 250 452 452 354 250");
    assert!(String::from_utf8_lossy(&owner.said).contains("452 4.5.3 Too many recipients"));
}

#[test]
fn an_answer_of_421_ends_the_session() {
    for lines in ["MAIL FROM:<a@b>", "VRFY x", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n."] {
        let said = format!("{HELLO}{lines}\r\nNOOP\r\n");
        let (mut dialogue, mut input) = (Dialogue::new(Config::new("mx")), said.as_bytes());
        let last = lines.matches("\r\n").count();
        let mut questions = 0;
        loop {
            match dialogue.advance(&mut input) {
                Event::Body(_) | Event::Abandoned | Event::Refused(_) => {}
                Event::Closed => break,
                _ => {
                    questions += 1;
                    let final_question = questions > last.min(3);
                    dialogue.answer(&Reply::new(if final_question { 421 } else { 250 }, "as asked"));
                }
            }
        }
        assert!(
            dialogue.output().ends_with(b"421 4.3.2 as asked\r\n"),
            "{lines}: {}",
            dialogue.output().escape_ascii()
        );
    }
}

#[test]
fn enhanced_codes_are_put_in_where_the_owner_gives_none() {
    let said = |config: Config, reply: Reply| {
        let mut dialogue = Dialogue::new(config);
        dialogue.advance(&mut &b"VRFY x\r\n"[..]);
        let start = dialogue.output().len();
        dialogue.answer(&reply);
        String::from_utf8(dialogue.output()[start..].to_vec()).unwrap()
    };
    let config = || Config::new("mx");
    assert_eq!(said(config(), Reply::new(250, "one\ntwo")), "250-2.0.0 one\r\n250 2.0.0 two\r\n");
    assert_eq!(said(config(), Reply::new(550, "5.1.1 nobody")), "550 5.1.1 nobody\r\n");
    assert_eq!(said(config(), Reply::new(451, "2.0.0 of another class")), "451 4.0.0 2.0.0 of another class\r\n");
    assert_eq!(said(config(), Reply::new(252, "")), "252 2.0.0 \r\n");
    let without = Config { enhanced_status_codes: false, ..config() };
    assert_eq!(said(without, Reply::new(250, "fine")), "250 fine\r\n");
}

/// What the dialogue waits for, and for how long.
fn waits(dialogue: &Dialogue) -> Option<(Waiting, Duration)> {
    dialogue.time_limit().map(|limit| (limit.waiting, limit.time))
}

#[test]
fn each_state_has_its_time() {
    let times = Timeouts {
        hello: Duration::from_secs(1),
        command: Duration::from_secs(2),
        auth: Duration::from_secs(3),
        handshake: Duration::from_secs(4),
        body: Duration::from_secs(5),
        send: Duration::from_secs(6),
        session: Duration::from_secs(7),
    };
    let config = Config { timeouts: times, starttls: true, ..access::with_auth() };
    let mut owner = Owner::new(config);
    let expect = |owner: &mut Owner, bytes: &str, waiting, time| {
        owner.receive(bytes.as_bytes());
        assert_eq!(waits(&owner.dialogue), Some((waiting, time)), "after {bytes:?}");
    };
    expect(&mut owner, "", Waiting::Hello, times.hello);
    expect(&mut owner, "NOOP\r\n", Waiting::Hello, times.hello);
    expect(&mut owner, "EHLO me\r\n", Waiting::Command, times.command);
    expect(&mut owner, "AUTH PLAIN\r\n", Waiting::Auth, times.auth);
    expect(&mut owner, "*\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n", Waiting::Command, times.command);
    expect(&mut owner, "DATA\r\n", Waiting::Body, times.body);
    expect(&mut owner, "x\r\n.\r\n", Waiting::Command, times.command);
    expect(&mut owner, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2\r\nx", Waiting::Body, times.body);
    expect(&mut owner, "y", Waiting::Command, times.command);
    expect(&mut owner, "STARTTLS\r\n", Waiting::Handshake, times.handshake);
    owner.dialogue.secured();
    expect(&mut owner, "", Waiting::Hello, times.hello);
    owner.receive(b"QUIT\r\n");
    assert_eq!(waits(&owner.dialogue), None, "all is said and sent");
}

#[test]
fn while_the_owner_thinks_no_time_runs() {
    let mut dialogue = Dialogue::new(Config::new("mx"));
    dialogue.advance(&mut &b"VRFY x\r\n"[..]);
    assert_eq!(waits(&dialogue), None);
    dialogue.answer(&Reply::new(252, "who knows"));
    assert!(waits(&dialogue).is_some());
}

/// A byte now and then keeps no session alive.
#[test]
fn dripping_does_not_begin_the_time_anew() {
    let turn = |owner: &Owner| owner.dialogue.time_limit().unwrap().turn;
    let mut owner = talk(Config::new("mx"), HELLO);
    let before = turn(&owner);
    for byte in b"MAIL FROM:<a@b>" {
        owner.receive(&[*byte]);
    }
    assert_eq!(turn(&owner), before);
    owner.receive(b"\r\n");
    assert_ne!(turn(&owner), before);
    owner.receive(b"RCPT TO:<c@d>\r\nDATA\r\n");
    let before = turn(&owner);
    for _ in 0..100 {
        owner.receive(b"a line\r\n");
    }
    assert_eq!(turn(&owner), before);
    owner.receive(&b"sixteen octets\r\n".repeat(1024));
    assert_ne!(turn(&owner), before, "16 KiB more do");
}

#[test]
fn time_that_is_over() {
    let mut owner = talk(Config::new("mx"), ENVELOPE);
    owner.dialogue.time_out();
    owner.receive(b"NOOP\r\n");
    assert_eq!(owner.codes(), "220 250 250 250 421");
    assert!(owner.said.ends_with(b"421 4.4.2 That took too long\r\n"));
    assert_eq!(owner.told.last().unwrap(), "abandoned");
    owner.dialogue.time_out();
    owner.receive(b"");
    assert_eq!(owner.codes(), "220 250 250 250 421", "once");

    // Who does not read is not told.
    let mut dialogue = Dialogue::new(Config { idle_max: usize::MAX, ..Config::new("mx") });
    dialogue.advance(&mut b"NOOP\r\n".repeat(100_000).as_slice());
    assert_eq!(waits(&dialogue), Some((Waiting::Send, Duration::from_secs(300))));
    let before = dialogue.time_limit().unwrap().turn;
    dialogue.sent(1);
    assert_ne!(dialogue.time_limit().map(|limit| limit.turn), Some(before), "it has read something");
    dialogue.advance(&mut &b"NOOP\r\n"[..]);
    dialogue.time_out();
    assert_eq!((dialogue.advance(&mut &b""[..]), dialogue.output()), (Event::Closed, &b""[..]));
    // Nor who is to begin TLS.
    let mut owner = talk(Config { starttls: true, ..Config::new("mx") }, "EHLO me\r\nSTARTTLS\r\n");
    owner.dialogue.time_out();
    owner.receive(b"");
    assert!(owner.codes().ends_with(" 220"));
}

#[test]
fn stopping_loses_nothing_that_is_under_way() {
    let bye = Reply::new(421, "going down");
    let mut owner = talk(Config::new("mx"), ENVELOPE);
    owner.dialogue.stop(&bye);
    owner.receive(b"DATA\r\n");
    assert_eq!(owner.codes(), "220 250 250 250 421", "between commands it ends at once");
    assert_eq!(owner.told.last().unwrap(), "abandoned");

    let mut owner = talk(Config::new("mx"), &format!("{ENVELOPE}DATA\r\nhalf of"));
    owner.dialogue.stop(&bye);
    owner.receive(b" it\r\n.\r\nMAIL FROM:<a@b>\r\n");
    assert_eq!(owner.codes(), "220 250 250 250 354 250 421", "a body gets its verdict");
    assert_eq!(owner.told.last().unwrap(), "complete half of it\\r\\n");

    let mut owner = talk(Config::new("mx"), &format!("{ENVELOPE}BDAT 4\r\nab"));
    owner.dialogue.stop(&bye);
    owner.receive(b"cdBDAT 0 LAST\r\n");
    assert_eq!(owner.codes(), "220 250 250 250 250 421", "a chunk that is not the last gets its reply");
    assert_eq!(owner.told.last().unwrap(), "abandoned");

    let mut dialogue = Dialogue::new(Config::new("mx"));
    dialogue.advance(&mut &b"VRFY x\r\n"[..]);
    dialogue.stop(&bye);
    assert_eq!(dialogue.advance(&mut &b""[..]), Event::Unanswered);
    dialogue.answer(&Reply::new(252, "who knows"));
    assert_eq!(dialogue.advance(&mut &b""[..]), Event::Closed);
    assert!(dialogue.output().ends_with(b"252 2.0.0 who knows\r\n421 4.3.2 going down\r\n"));
}

#[test]
fn the_output_is_bounded_for_every_client() {
    let config = Config { output_max: 100, errors_max: usize::MAX, ..Config::new("mx") };
    let mut dialogue = Dialogue::new(config);
    let lines = b"XYZZY\r\n".repeat(1000);
    let mut input = lines.as_slice();
    let mut longest = 0;
    loop {
        match dialogue.advance(&mut input) {
            Event::OutputFull => {
                longest = longest.max(dialogue.output().len());
                dialogue.sent(30);
            }
            Event::Refused(_) => {}
            _ => break,
        }
    }
    assert!(input.is_empty() && longest < 200, "{longest}");
}
