use super::*;
use alloc::string::{String, ToString};
use alloc::vec;
use proptest::prelude::*;

fn encode(command: Command<'_>) -> Result<String, ArgumentError> {
    let mut out = b"before".to_vec();
    let result = command.encode(&mut out);
    let text = String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_string();
    if result.is_err() {
        assert_eq!(text, "", "an error must append nothing");
    }
    result.map(|()| text)
}

fn parameter(text: &str) -> Parameter {
    Parameter::parse(text).unwrap()
}

#[test]
fn each_command_as_it_is_written() {
    let from = ReversePath::parse("<a@example.com>").unwrap();
    let null = ReversePath::parse("<>").unwrap();
    let to = ForwardPath::parse("@relay.example:\"b c\"@example.com").unwrap();
    let params = [parameter("SIZE=1000"), parameter("SMTPUTF8")];
    let notify = [parameter("NOTIFY=SUCCESS,FAILURE")];
    let rows = [
        (Command::Ehlo("host.example"), "EHLO host.example\r\n"),
        (Command::Helo("[192.0.2.1]"), "HELO [192.0.2.1]\r\n"),
        (Command::Lhlo("h"), "LHLO h\r\n"),
        (Command::Mail { verb: Verb::Mail, from: &from, params: &[] }, "MAIL FROM:<a@example.com>\r\n"),
        (
            Command::Mail { verb: Verb::Soml, from: &from, params: &params },
            "SOML FROM:<a@example.com> SIZE=1000 SMTPUTF8\r\n",
        ),
        (Command::Mail { verb: Verb::Send, from: &null, params: &[] }, "SEND FROM:<>\r\n"),
        (Command::Rcpt { to: &to, params: &[] }, "RCPT TO:<\"b c\"@example.com>\r\n"),
        (Command::Rcpt { to: &to, params: &notify }, "RCPT TO:<\"b c\"@example.com> NOTIFY=SUCCESS,FAILURE\r\n"),
        (Command::Data, "DATA\r\n"),
        (Command::Bdat { length: 0, last: true }, "BDAT 0 LAST\r\n"),
        (Command::Bdat { length: u64::MAX, last: false }, "BDAT 18446744073709551615\r\n"),
        (Command::Rset, "RSET\r\n"),
        (Command::Noop(None), "NOOP\r\n"),
        (Command::Noop(Some("x")), "NOOP x\r\n"),
        (Command::Quit, "QUIT\r\n"),
        (Command::Vrfy("Fred Smith"), "VRFY Fred Smith\r\n"),
        (Command::Expn("staff"), "EXPN staff\r\n"),
        (Command::Help(None), "HELP\r\n"),
        (Command::Help(Some("")), "HELP\r\n"),
        (Command::Help(Some("MAIL")), "HELP MAIL\r\n"),
        (Command::Turn, "TURN\r\n"),
        (Command::StartTls, "STARTTLS\r\n"),
        (Command::Auth { mechanism: "PLAIN", initial: None }, "AUTH PLAIN\r\n"),
        (Command::Auth { mechanism: "XOAUTH2", initial: Some("=") }, "AUTH XOAUTH2 =\r\n"),
        (Command::Raw("XCLIENT NAME=x"), "XCLIENT NAME=x\r\n"),
        (Command::Raw(""), "\r\n"),
    ];
    for (command, line) in rows {
        assert_eq!(encode(command).as_deref(), Ok(line));
        if command.verb() != Verb::Other {
            assert_eq!(Verb::parse(line.as_bytes()), command.verb(), "{line}");
        }
    }
}

#[test]
fn no_argument_injects_a_command() {
    for evil in ["a@b>\r\nRCPT TO:<x@y", "a\nb", "a\rb", "a\0b", "a\u{7f}b", "a\tb\r", "\u{85}", "\r\n"] {
        let commands = [
            Command::Ehlo(evil),
            Command::Helo(evil),
            Command::Lhlo(evil),
            Command::Noop(Some(evil)),
            Command::Vrfy(evil),
            Command::Expn(evil),
            Command::Help(Some(evil)),
            Command::Auth { mechanism: evil, initial: None },
            Command::Auth { mechanism: "PLAIN", initial: Some(evil) },
            Command::Raw(evil),
        ];
        for command in commands {
            assert!(encode(command).is_err(), "{command:?}");
        }
        assert!(ReversePath::parse(evil).is_err(), "{evil:?}");
        assert!(ForwardPath::parse(evil).is_err(), "{evil:?}");
        for keyword in ["SIZE", "ORCPT", "ENVID", "AUTH", "BODY", "X"] {
            assert!(Parameter::new(keyword, Some(evil)).is_err(), "{keyword} {evil:?}");
            assert!(Parameter::new(keyword, Some(&alloc::format!("rfc822;{evil}"))).is_err());
        }
        assert!(Parameter::new(evil, None).is_err(), "{evil:?}");
        // The fields are public, so that a parameter may be made past the check.
        let params = [Parameter { keyword: String::from("SIZE"), value: Some(String::from(evil)) }];
        let from = ReversePath::null();
        assert!(encode(Command::Mail { verb: Verb::Mail, from: &from, params: &params }).is_err());
    }
}

#[test]
fn what_else_is_refused() {
    let from = ReversePath::null();
    let long = "x".repeat(600);
    let refused = [
        Command::Ehlo(""),
        Command::Ehlo("a b"),
        Command::Ehlo("h\u{f6}st"),
        Command::Ehlo(&long),
        Command::Vrfy(""),
        Command::Vrfy("  "),
        Command::Vrfy(&long),
        Command::Help(Some(&long)),
        Command::Auth { mechanism: "", initial: None },
        Command::Auth { mechanism: "A B", initial: None },
        Command::Auth { mechanism: "PLAIN", initial: Some("") },
        Command::Auth { mechanism: "PLAIN", initial: Some("a b") },
        Command::Mail { verb: Verb::Rcpt, from: &from, params: &[] },
    ];
    for command in refused {
        assert!(encode(command).is_err(), "{command:?}");
    }
}

#[test]
fn line_lengths() {
    let word = |length: usize| "x".repeat(length);
    assert!(encode(Command::Vrfy(&word(512 - 7))).is_ok());
    assert!(encode(Command::Vrfy(&word(512 - 6))).is_err());
    assert!(encode(Command::Raw(&word(12_286))).is_ok());
    assert!(encode(Command::Raw(&word(12_287))).is_err());
    let params = vec![Parameter::new("X", Some(&word(2000))).unwrap()];
    let from = ReversePath::null();
    assert!(encode(Command::Mail { verb: Verb::Mail, from: &from, params: &params }).is_ok());
    let params = [params.clone(), params].concat();
    let error = encode(Command::Mail { verb: Verb::Mail, from: &from, params: &params }).unwrap_err();
    assert_eq!(error.to_string(), "MAIL: makes too long a line");
}

#[test]
fn verbs_of_lines() {
    for verb in Verb::ALL {
        assert_eq!(Verb::parse(verb.name().to_lowercase().as_bytes()), verb);
    }
    let rows: [(&[u8], Verb); 12] = [
        (b"mail FROM:<a@b>", Verb::Mail),
        (b"MAIL:", Verb::Mail),
        (b" \tQuit", Verb::Quit),
        (b"QUIT;", Verb::Quit),
        (b"DATA\r\n", Verb::Data),
        (b"DATAX", Verb::Other),
        (b"DATA-X", Verb::Other),
        (b"DAT", Verb::Other),
        (b"", Verb::Other),
        (b"   ", Verb::Other),
        (b"\xff\xfe", Verb::Other),
        (b"command", Verb::Other),
    ];
    for (line, verb) in rows {
        assert_eq!(Verb::parse(line), verb, "{:?}", line.escape_ascii().to_string());
    }
}

#[test]
fn only_what_rfc_2920_allows_goes_on() {
    let goes_on: Vec<Verb> = Verb::ALL.into_iter().filter(|verb| !verb.ends_group()).collect();
    assert_eq!(
        goes_on,
        [Verb::Mail, Verb::Send, Verb::Soml, Verb::Saml, Verb::Rcpt, Verb::Bdat, Verb::Rset],
        "RFC 2920, 3.1 and RFC 3030, 2"
    );
    assert!(Verb::Other.ends_group());
}

#[test]
fn parameters() {
    for good in [
        "SIZE=1000",
        "SMTPUTF8",
        "BODY=8BITMIME",
        "ENVID=QQ314159",
        "ENVID=a+2Bb+3D",
        "ORCPT=rfc822;Bob+2Btag@example.com",
        "ORCPT=utf-8;b\u{f6}b@example.com",
        "ORCPT=utf-8;b\\x{F6}b@example.com",
        "AUTH=<>",
        "BY=120;R",
        "MT-PRIORITY=-3",
        "HOLDFOR=86400",
    ] {
        let made = parameter(good);
        assert_eq!(made.value.as_deref(), good.split_once('=').map(|(_, value)| value));
    }
    for bad in [
        "",
        "=1",
        "-X",
        "A B",
        "SIZE=",
        "SIZE=1 000",
        "X=a=b",
        "S\u{ef}ZE=1",
        "X=a\u{a0}b",
        "ENVID=a+0Ab",
        "ENVID=a+0D+0ARCPT",
        "ENVID=a+7F",
        "ENVID=a+b",
        "ENVID=a+",
        "ENVID=a+4",
        "ENVID=a+0a",
        "ORCPT=rfc822;a+0Ab",
        "ORCPT=bob@example.com",
        "ORCPT=;bob@example.com",
        "ORCPT=a+0Ab;bob@example.com",
        "ORCPT=utf-8;\\x{0A}",
        "ORCPT=UTF-8;\\x{7F}",
        "ORCPT=utf-8;\\x{D800}",
        "ORCPT=utf-8;\\x{}",
        "AUTH=a+0Db",
        "envid=a+00",
    ] {
        assert!(Parameter::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn xtext_by_the_examples() {
    assert_eq!(xtext("a+b=c d\u{e9}\n"), "a+2Bb+3Dc+20d+C3+A9+0A");
    assert_eq!(xtext_decode("a+2Bb+3Dc").as_deref(), Some("a+b=c"));
    assert_eq!(xtext_decode("+0A").as_deref(), Some("\n"), "decoding does not judge");
    for bad in ["+", "+4", "+4g", "+2b", "a=b", "a b", "\u{e9}", "+FF"] {
        assert_eq!(xtext_decode(bad), None, "{bad:?}");
    }
}

proptest! {
    #[test]
    fn xtext_round_trip(text in any::<String>()) {
        let encoded = xtext(&text);
        prop_assert!(encoded.bytes().all(|b| b.is_ascii_graphic()));
        prop_assert_eq!(xtext_decode(&encoded), Some(text));
    }

    #[test]
    fn whatever_is_encoded_is_one_line(argument in any::<String>(), value in any::<String>()) {
        let params = [Parameter { keyword: String::from("X"), value: Some(value) }];
        let from = ReversePath::null();
        let commands = [
            Command::Ehlo(&argument),
            Command::Vrfy(&argument),
            Command::Help(Some(&argument)),
            Command::Auth { mechanism: "PLAIN", initial: Some(&argument) },
            Command::Raw(&argument),
            Command::Mail { verb: Verb::Mail, from: &from, params: &params },
        ];
        for command in commands {
            if let Ok(line) = encode(command) {
                let text = line.strip_suffix("\r\n").unwrap();
                prop_assert!(!text.contains(char::is_control));
            }
        }
    }

    #[test]
    fn verbs_of_random_bytes(line in proptest::collection::vec(any::<u8>(), 0..40)) {
        let verb = Verb::parse(&line);
        let upper = line.trim_ascii_start().to_ascii_uppercase();
        prop_assert!(verb == Verb::Other || upper.starts_with(verb.name().as_bytes()));
    }
}
