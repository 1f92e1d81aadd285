use super::*;
use crate::proto::command::Verb;
use crate::proto::dot::BareEnds;
use crate::proto::reply::Reply;
use alloc::format;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

mod access;
mod bodies;
mod hostile;
mod limits;
mod parameters;
mod syntax;

/// An owner that writes down what it is told and refuses what has "bad" in it.
struct Owner {
    dialogue: Dialogue,
    told: Vec<String>,
    body: Vec<u8>,
    said: Vec<u8>,
    refused: Vec<Refused>,
    /// Turns a body with "bad" in it down as soon as it sees it.
    reads_bodies: bool,
    /// What is said at the door.
    door: Reply,
    /// What is said to STARTTLS.
    tls: Reply,
}

impl Owner {
    fn new(config: Config) -> Self {
        let (door, tls) = (Reply::new(220, "come in"), Reply::new(220, "go on"));
        Owner {
            dialogue: Dialogue::new(config),
            told: vec![],
            body: vec![],
            said: vec![],
            refused: vec![],
            reads_bodies: true,
            door,
            tls,
        }
    }

    fn receive(&mut self, mut input: &[u8]) {
        loop {
            let (told, welcome) = match self.dialogue.advance(&mut input) {
                Event::NeedMore => break assert!(input.is_empty()),
                Event::Closed => break,
                Event::OutputFull => {
                    self.send();
                    continue;
                }
                Event::Unanswered => panic!("every question was answered"),
                Event::Body(part) => {
                    assert!(!part.is_empty());
                    self.body.extend_from_slice(part);
                    if self.reads_bodies && memchr::memmem::find(&self.body, b"bad\r\n").is_some() {
                        self.dialogue.refuse(&Reply::new(452, "disk full"));
                    }
                    continue;
                }
                Event::Abandoned => {
                    self.body.clear();
                    self.told.push("abandoned".into());
                    continue;
                }
                Event::Mail { verb, from, params, .. } => {
                    let params: Vec<_> = params.iter().map(|p| format!(" {}={:?}", p.keyword, p.value)).collect();
                    (format!("{} <{from}>{}", verb.name(), params.concat()), !from.as_str().contains("bad"))
                }
                Event::Rcpt { to, .. } => (format!("RCPT <{to}>"), !to.as_str().contains("bad")),
                Event::Begin => ("begin".into(), !self.told.iter().any(|line| line.contains("nodata"))),
                Event::Complete => {
                    let body = core::mem::take(&mut self.body);
                    (format!("complete {}", body.escape_ascii()), !body.starts_with(b"no"))
                }
                Event::Ask { verb, about } => (format!("{} {about}", verb.name()), !about.contains("bad")),
                Event::Hello { verb, name } => (format!("hello {} {name}", verb.name()), !name.contains("bad")),
                Event::Connect => {
                    let door = self.door.clone();
                    self.answer_with("connect".into(), &door);
                    continue;
                }
                Event::StartTls => {
                    let tls = self.tls.clone();
                    self.answer_with("starttls".into(), &tls);
                    continue;
                }
                Event::Handshake => {
                    assert!(input.is_empty(), "what is pipelined behind STARTTLS is dropped");
                    break self.told.push("handshake".into());
                }
                Event::Auth { mechanism, initial } => {
                    let text = initial.as_ref().map_or("-", AuthText::expose);
                    let told = format!("auth {mechanism} {text}");
                    let verdict = verdict(text);
                    self.answer_with(told, &verdict);
                    continue;
                }
                Event::AuthResponse(text) => {
                    self.answer_with(format!("response {}", text.expose()), &verdict(text.expose()));
                    continue;
                }
                Event::AuthCancelled => {
                    self.told.push("cancelled".into());
                    continue;
                }
                Event::Refused(what) => {
                    self.refused.push(what);
                    continue;
                }
            };
            self.told.push(told);
            let reply = if welcome { Reply::new(250, "2.0.0 fine") } else { Reply::new(550, "5.0.0 not you") };
            while self.dialogue.answers_due() > 0 {
                self.dialogue.answer(&reply);
            }
        }
        self.send();
    }

    fn answer_with(&mut self, told: String, reply: &Reply) {
        self.told.push(told);
        self.dialogue.answer(reply);
    }

    fn send(&mut self) {
        let octets = self.dialogue.output().len();
        self.said.extend_from_slice(self.dialogue.output());
        self.dialogue.sent(octets);
    }

    /// The codes of all replies so far, without continuation lines.
    fn codes(&self) -> String {
        let text = String::from_utf8_lossy(&self.said);
        let codes: Vec<&str> = text.lines().filter(|l| l.as_bytes()[3] == b' ').map(|l| &l[..3]).collect();
        codes.join(" ")
    }
}

/// "good" in base64 is let in, "more" asked on, the rest is refused.
fn verdict(text: &str) -> Reply {
    match text {
        "Z29vZA==" => Reply::new(235, "2.7.0 welcome"),
        "bW9yZQ==" | "-" => Reply::new(334, "cHJvbXB0"),
        _ => Reply::new(535, "5.7.8 no"),
    }
}

fn talk(config: Config, input: &str) -> Owner {
    let mut owner = Owner::new(config);
    owner.receive(input.as_bytes());
    owner
}

fn codes(input: &str) -> String {
    talk(Config::new("mx.example"), input).codes()
}

const HELLO: &str = "EHLO me.example\r\n";
const ENVELOPE: &str = "EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";

#[test]
fn a_mail_by_data() {
    let input = format!("{ENVELOPE}DATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n");
    let owner = talk(Config::new("mx.example"), &input);
    assert_eq!(owner.codes(), "220 250 250 250 354 250 221");
    assert_eq!(owner.told, ["MAIL <a@b>", "RCPT <c@d>", "begin", "complete Subject: x\\r\\n\\r\\n.dot\\r\\n"]);
    assert_eq!(owner.dialogue.hello(), Some((Verb::Ehlo, "me")));
}

#[test]
fn a_mail_by_bdat() {
    let input = format!("{ENVELOPE}BDAT 3\r\na\r\nBDAT 0\r\nBDAT 4 LAST\r\n.\n\r\nNOOP\r\n");
    let owner = talk(Config::new("mx.example"), &input);
    assert_eq!(owner.codes(), "220 250 250 250 250 250 250 250");
    assert_eq!(owner.told[3..], ["complete a\\r\\n.\\r\\n\\r\\n"], "dots are not touched");
    let owner = talk(Config::new("mx"), &input.replace("<a@b>", "<a@b> BODY=BINARYMIME"));
    assert_eq!(owner.told[3..], ["complete a\\r\\n.\\n\\r\\n"], "no octets are touched");
    let owner = talk(Config::new("mx.example"), &format!("{ENVELOPE}BDAT 0 LAST\r\n"));
    assert_eq!((owner.codes().as_str(), owner.told[3].as_str()), ("220 250 250 250 250", "complete "));
}

#[test]
fn what_is_offered() {
    let offers = |config| {
        let owner = talk(config, HELLO);
        let text = String::from_utf8(owner.said).unwrap();
        text.lines().skip(1).map(|line| line[4..].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        offers(Config { size: 1000, ..Config::new("mx.example") }),
        [
            "mx.example",
            "SIZE 1000",
            "PIPELINING",
            "8BITMIME",
            "SMTPUTF8",
            "DSN",
            "CHUNKING",
            "BINARYMIME",
            "ENHANCEDSTATUSCODES",
            "LIMITS MAILMAX=1000 RCPTMAX=1000",
            "HELP"
        ]
    );
    let bare = Config {
        pipelining: false,
        eight_bit_mime: false,
        smtputf8: false,
        dsn: false,
        chunking: false,
        enhanced_status_codes: false,
        limits: false,
        size: 0,
        ..Config::new("mx.example")
    };
    assert_eq!(offers(bare), ["mx.example", "SIZE 0", "HELP"]);
    assert_eq!(talk(Config::new("mx"), "HELO me\r\n").said, b"220 mx ESMTP\r\n250 mx\r\n");
}

#[test]
fn commands_out_of_order() {
    let rows = [
        ("MAIL FROM:<a@b>", "503"),
        ("RCPT TO:<a@b>", "503"),
        ("DATA", "503"),
        ("EHLO me\r\nDATA", "250 503"),
        ("EHLO me\r\nRCPT TO:<c@d>", "250 503"),
        ("EHLO me\r\nMAIL FROM:<a@b>\r\nMAIL FROM:<a@b>", "250 250 503"),
        ("EHLO me\r\nMAIL FROM:<a@b>\r\nDATA", "250 250 503"),
        ("EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bad@d>\r\nDATA", "250 250 550 554"),
        ("EHLO me\r\nMAIL FROM:<bad@b>\r\nRCPT TO:<c@d>\r\nDATA", "250 550 503 503"),
        ("EHLO me\r\nMAIL FROM:<a@b>\r\nRSET\r\nRCPT TO:<c@d>", "250 250 250 503"),
        ("EHLO me\r\nMAIL FROM:<a@b>\r\nEHLO me\r\nRCPT TO:<c@d>", "250 250 250 503"),
    ];
    for (lines, expected) in rows {
        assert_eq!(codes(&format!("{lines}\r\n")), format!("220 {expected}"), "{lines}");
    }
}

#[test]
fn after_every_mail_another_may_come() {
    let mail =
        "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nno\r\n.\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2 LAST\r\nhi";
    let owner = talk(Config::new("mx"), &format!("{HELLO}{mail}{mail}RSET\r\n"));
    assert_eq!(owner.codes(), "220 250 250 250 354 550 250 250 250 250 250 354 550 250 250 250 250");
    assert!(!owner.told.contains(&"abandoned".to_string()), "{:?}", owner.told);
}

#[test]
fn syntax() {
    let rows = [
        ("XYZZY", "500"),
        ("", "500"),
        (" NOOP", "500"),
        ("NOOP;x", "500"),
        ("MAILX FROM:<a@b>", "500"),
        ("NOOP x y", "250"),
        ("noop", "250"),
        ("RSET x", "501"),
        ("QUIT now", "501"),
        ("DATA x", "501"),
        ("EHLO", "501"),
        ("HELO ", "501"),
        ("EHLO me and more", "250"),
        ("LHLO me", "500"),
        ("VRFY", "501"),
        ("VRFY bad", "550"),
        ("EXPN list", "502"),
        ("HELP", "250"),
        ("TURN", "502"),
        ("STARTTLS", "502"),
        ("AUTH PLAIN AAAA", "502"),
        ("SEND FROM:<a@b>", "502"),
        ("MAIL", "501"),
        ("MAIL FROM", "501"),
        ("MAIL FROM:", "501"),
        ("MAIL TO:<a@b>", "501"),
        ("MAIL FROM:<a@b", "501"),
        ("MAIL FROM:<a@b>x", "501"),
        ("MAIL FROM:<a b@c>", "501"),
        ("MAIL FROM:<>", "250"),
        ("mail from:<a@b>", "250"),
        ("MAIL FROM: <a@b> ", "250"),
        ("MAIL FROM:a@b", "250"),
        ("MAIL FROM:<\"a b> \\\" c\"@d> SIZE=1", "250"),
        ("MAIL FROM:<@relay:a@b>", "250"),
        ("MAIL FROM:<a@b> SIZE=1 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=x+2By", "250"),
        ("MAIL FROM:<a@b> SIZE=99999999999999999999999", "552"),
        ("MAIL FROM:<a@b> SIZE=1 SIZE=1", "501"),
        ("MAIL FROM:<a@b> SIZE=x", "501"),
        ("MAIL FROM:<a@b> SIZE", "501"),
        ("MAIL FROM:<a@b> BODY=9BIT", "501"),
        ("MAIL FROM:<a@b> RET=ALL", "501"),
        ("MAIL FROM:<a@b> ENVID=x+0Ay", "501"),
        ("MAIL FROM:<a@b> SMTPUTF8=1", "501"),
        ("MAIL FROM:<a@b> AUTH=<>", "555"),
        ("MAIL FROM:<a@b> =", "501"),
        ("MAIL FROM:<\u{e9}@b>", "553"),
        ("MAIL FROM:<\u{e9}@b> SMTPUTF8", "250"),
        ("MAIL FROM:<a\tb@c>", "501"),
        ("NOOP \0", "501"),
    ];
    for (line, expected) in rows {
        let seen = codes(&format!("{HELLO}{line}\r\n"));
        assert_eq!(seen, format!("220 250 {expected}"), "{line:?}");
    }
    let rows = [
        ("RCPT TO:<Postmaster>", "250"),
        ("RCPT TO:<postmaster@[IPv6:2001:db8::1]>", "250"),
        ("RCPT TO:<postmaster@[192.0.2.1]>", "250"),
        ("rcpt to: b@example.com ", "250"),
        ("RCPT TO:<prvs=1234=bounce-list-4711-someone=quite.a-long-host-name.example.org@lists.example>", "250"),
        ("RCPT TO:<@a,@b:c@d>", "250"),
        ("RCPT TO:<>", "501"),
        ("RCPT FROM:<a@b>", "501"),
        ("RCPT TO:<a@b> NOTIFY=SUCCESS,delay ORCPT=rfc822;a@b", "250"),
        ("RCPT TO:<a@b> NOTIFY=NEVER", "250"),
        ("RCPT TO:<a@b> NOTIFY=NEVER,DELAY", "501"),
        ("RCPT TO:<a@b> NOTIFY=", "501"),
        ("RCPT TO:<a@b> ORCPT=rfc822;a+0D+0A", "501"),
        ("RCPT TO:<a@b> SIZE=1", "555"),
        ("RCPT TO:<\u{e9}@b>", "553"),
    ];
    for (line, expected) in rows {
        let seen = codes(&format!("{HELLO}MAIL FROM:<a@b>\r\n{line}\r\n"));
        assert_eq!(seen, format!("220 250 250 {expected}"), "{line:?}");
    }
    assert_eq!(talk(Config::new("mx"), "NOOP \u{ff}\r\n").codes(), "220 250");
    let mut owner = Owner::new(Config::new("mx"));
    owner.receive(b"NOOP \xff\r\n");
    assert_eq!(owner.codes(), "220 501", "not UTF-8");
}

#[test]
fn codes_to_the_letter() {
    let said = |config: Config, lines: &str| {
        let owner = talk(config, lines);
        String::from_utf8_lossy(&owner.said).into_owned()
    };
    // RFC 2034, 3: no enhanced code in an answer to a hello.
    for line in ["EHLO", "HELO ", "LHLO me"] {
        let said = said(Config::new("mx"), &format!("{line}\r\n"));
        let last = said.lines().last().unwrap();
        assert!(
            matches!(last.as_bytes(), [b'5', b'0', b'0' | b'1', b' ', letter, ..] if letter.is_ascii_alphabetic()),
            "{last}"
        );
    }
    // RFC 2033, 4.1 and 4.2.
    let lmtp = || Config { lmtp: true, ..Config::new("mx") };
    for line in ["EHLO me", "HELO me"] {
        assert!(said(lmtp(), &format!("{line}\r\n")).ends_with("\r\n500 Another hello is spoken here\r\n"));
    }
    for body in ["DATA", "BDAT 0 LAST"] {
        let lines = format!("LHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bad@d>\r\n{body}\r\n");
        assert!(said(lmtp(), &lines).ends_with("\r\n503 5.5.1 No valid recipients\r\n"), "{body}");
        let lines = format!("EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<@>\r\n{body}\r\n");
        assert!(said(Config::new("mx"), &lines).ends_with("\r\n554 5.5.1 No valid recipients\r\n"), "{body}");
    }
    for (line, answer) in [
        ("MAIL FROM:<a@b> SIZE=99999999999", "552 5.3.4 "),
        ("MAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<c@d>\r\nDATA", "503 5.5.1 "),
        ("MAIL FROM:<\u{e9}@b>", "553 5.6.7 "),
        ("MAIL FROM:<a@b>\r\nRCPT TO:<\u{e9}@b>", "553 5.6.7 "),
        ("MAIL FROM:<a@b>\r\nMAIL FROM:<a@b>", "503 5.5.1 "),
        ("MAIL FROM:<a@b>\r\nDATA", "503 5.5.1 "),
        ("MAIL FROM:<a@b> X=y", "555 5.5.4 "),
        ("MAIL FROM:<a b>", "501 5.1.7 "),
        ("MAIL FROM:<a@b>\r\nRCPT TO:<c d>", "501 5.1.3 "),
        ("XYZZY", "500 5.5.2 "),
        ("EXPN x", "502 5.5.1 "),
        ("AUTH PLAIN", "502 5.5.1 "),
        ("STARTTLS", "502 5.5.1 "),
        ("RCPT TO:<c@d>", "503 5.5.1 "),
        ("DATA x", "501 5.5.4 "),
    ] {
        let said = said(Config::new("mx"), &format!("EHLO me\r\n{line}\r\n"));
        assert!(said.lines().last().is_some_and(|last| last.starts_with(answer)), "{line}: {said}");
    }
    let lines = format!("EHLO me\r\nMAIL FROM:<a@b>\r\n{}", "RCPT TO:<c@d>\r\n".repeat(2));
    assert!(said(Config { recipients_max: 1, ..Config::new("mx") }, &lines).contains("\r\n452 4.5.3 "));
}

#[test]
fn send_soml_saml_when_asked_for() {
    let config = Config { terminals: true, ..Config::new("mx") };
    let owner = talk(config, "HELO me\r\nSOML FROM:<a@b>\r\nRSET\r\nsend from:<a@b>\r\n");
    assert_eq!(owner.told, ["SOML <a@b>", "abandoned", "SEND <a@b>"]);
}

#[test]
fn lmtp_answers_for_each_recipient() {
    let input = "EHLO me\r\nLHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<bad@d>\r\nRCPT TO:<e@d>\r\nDATA\r\nx\r\n.\r\n";
    let owner = talk(Config { lmtp: true, ..Config::new("mx") }, input);
    assert_eq!(owner.codes(), "220 500 250 250 250 550 250 354 250 250");
}

#[test]
fn nothing_is_taken_while_a_question_is_open() {
    let mut dialogue = Dialogue::new(Config::new("mx"));
    let said = format!("{HELLO}MAIL FROM:<a@b>\r\nNOOP\r\n");
    let mut input = said.as_bytes();
    assert!(matches!(dialogue.advance(&mut input), Event::Mail { .. }));
    let before = dialogue.output().len();
    assert_eq!((dialogue.advance(&mut input), dialogue.answers_due()), (Event::Unanswered, 1));
    assert_eq!((input, dialogue.output().len()), (&b"NOOP\r\n"[..], before));
    dialogue.answer(&Reply::new(250, "ok"));
    assert_eq!((dialogue.advance(&mut input), dialogue.answers_due()), (Event::NeedMore, 0));
    assert!(dialogue.output().ends_with(b"250 2.1.0 ok\r\n250 2.0.0 Ok\r\n"));
    dialogue.answer(&Reply::new(250, "nobody asked"));
    assert!(dialogue.output().ends_with(b"250 2.0.0 Ok\r\n"));
}

#[test]
fn floods_are_capped() {
    let config = || Config::new("mx");
    let recipients = format!("{HELLO}MAIL FROM:<a@b>\r\n{}", "RCPT TO:<c@d>\r\n".repeat(100_000));
    let owner = talk(config(), &recipients);
    assert_eq!(owner.dialogue.recipients(), 0);
    assert!(owner.codes().ends_with(" 452 452 421"));
    assert_eq!(owner.told.iter().filter(|line| line.starts_with("RCPT")).count(), 1000);
    let owner = talk(config(), &"NOOP\r\n".repeat(1_000_000));
    assert_eq!(owner.codes().split(' ').count(), 1 + 1000 + 1);
    assert!(owner.codes().ends_with(" 250 421"));
    assert!(talk(config(), &"XYZZY\r\n".repeat(1000)).codes().ends_with(" 500 421"));
    assert!(talk(config(), &"VRFY x\r\n".repeat(5000)).codes().ends_with(" 250 421"));
    assert!(talk(config(), &"BDAT 1\r\nx".repeat(1000)).codes().ends_with(" 503 421"));
    assert_eq!(talk(config(), &"x".repeat(4 << 20)).codes(), "220 500");
}

#[test]
fn a_client_that_does_not_read_is_not_answered_for_ever() {
    let mut dialogue = Dialogue::new(Config { idle_max: usize::MAX, ..Config::new("mx") });
    let lines = b"NOOP\r\n".repeat(1_000_000);
    let mut input = lines.as_slice();
    assert_eq!(dialogue.advance(&mut input), Event::OutputFull);
    assert!(dialogue.output().len() < 70_000 && !input.is_empty());
    dialogue.sent(usize::MAX);
    assert_eq!(dialogue.advance(&mut input), Event::OutputFull, "it goes on");
}

#[test]
fn closing_from_our_side() {
    let mut dialogue = Dialogue::new(Config::new("mx"));
    let mut input = ENVELOPE.as_bytes();
    assert!(matches!(dialogue.advance(&mut input), Event::Mail { .. }));
    dialogue.close(&Reply::new(421, "4.3.2 going down"));
    assert_eq!(dialogue.advance(&mut input), Event::Abandoned);
    assert_eq!((dialogue.advance(&mut input), input.len()), (Event::Closed, 0));
    assert!(dialogue.output().ends_with(b"421 4.3.2 going down\r\n"));
    dialogue.close(&Reply::new(421, "twice"));
    assert!(dialogue.output().ends_with(b"going down\r\n"));
}

/// Sessions made of sound and of broken parts.
fn sessions() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => Just(&b"EHLO me\r\n"[..]),
        4 => Just(&b"MAIL FROM:<a@b>\r\n"[..]),
        4 => Just(&b"RCPT TO:<c@d>\r\n"[..]),
        1 => Just(&b"RCPT TO:<bad@d>\r\n"[..]),
        1 => Just(&b"RCPT TO:<nodata@d>\r\n"[..]),
        3 => Just(&b"DATA\r\n"[..]),
        3 => Just(&b"line\r\n..dot\r\n"[..]),
        1 => Just(&b"bad\r\n"[..]),
        4 => Just(&b"\r\n.\r\n"[..]),
        2 => Just(&b"BDAT 7\r\n"[..]),
        2 => Just(&b"BDAT 12 LAST\r\n"[..]),
        1 => Just(&b"RSET\r\n"[..]),
        1 => Just(&b"VRFY bad\r\n"[..]),
        1 => Just(&b"NOOP\r\n"[..]),
        1 => Just(&b"AUTH PLAIN Z29vZA==\r\n"[..]),
        1 => Just(&b"AUTH plain\r\n"[..]),
        1 => Just(&b"bW9yZQ==\r\n"[..]),
        1 => Just(&b"*\r\n"[..]),
        1 => Just(&b"\n"[..]),
        1 => Just(&b"\xff\0\r\n"[..]),
    ];
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_split_gives_the_same(session in sessions(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
                                lmtp in any::<bool>(), limited in any::<bool>()) {
        let session = [if lmtp { &b"LHLO me\r\n"[..] } else { b"EHLO me\r\n" }, &session].concat();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(session.len() + 1)).collect();
        places.extend([0, session.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &session[pair[0]..pair[1]]).collect();
        let run = |pieces: &[&[u8]]| {
            let size = if limited { 60 } else { 0 };
            let mut owner = Owner::new(Config { lmtp, size, ask_hello: limited, ..access::with_auth() });
            owner.reads_bodies = !limited; // which of the two comes first does depend on the split
            pieces.iter().for_each(|piece| owner.receive(piece));
            (String::from_utf8_lossy(&owner.said).into_owned(), owner.told, owner.body, owner.refused)
        };
        let whole = run(&[&session]);
        prop_assert_eq!(&run(&pieces), &whole);
        prop_assert_eq!(&run(&session.chunks(1).collect::<Vec<_>>()), &whole);
    }

    #[test]
    fn random_lines_never_panic(lines in proptest::collection::vec("[ -~]{0,40}|\\PC{0,20}", 0..20)) {
        let owner = talk(Config::new("mx"), &(lines.join("\r\n") + "\r\n"));
        prop_assert!(owner.said.ends_with(b"\r\n"));
    }
}
