use super::*;
use alloc::string::ToString;
use alloc::vec;
use proptest::prelude::*;

type Outcome = (Vec<Reply>, Vec<Vec<u8>>, Option<ReplyError>, usize);

/// Feeds the pieces; gives the replies, the continuation lines, the error, and how much of a reply is held at the end.
fn run(limits: ReplyLimits, pieces: &[&[u8]]) -> Outcome {
    let mut parser = ReplyParser::new();
    parser.set_limits(limits);
    let (mut replies, mut lines) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut input = *piece;
        loop {
            match parser.feed(&mut input) {
                Ok(ReplyStep::NeedMore) => break,
                Ok(ReplyStep::Line) => lines.push(parser.last_line().to_vec()),
                Ok(ReplyStep::Reply(reply)) => replies.push(reply),
                Err(error) => {
                    assert_eq!(parser.feed(&mut input), Err(error), "an error must stay");
                    return (replies, lines, Some(error), 0);
                }
            }
        }
        assert!(input.is_empty(), "NeedMore must use up the input");
    }
    (replies, lines, None, parser.buffered())
}

fn parse(input: &[u8]) -> Result<Reply, ReplyError> {
    let (mut replies, _, error, held) = run(ReplyLimits::default(), &[input]);
    match error {
        Some(error) => Err(error),
        None => {
            assert_eq!((replies.len(), held), (1, 0), "not one whole reply: {input:?}");
            Ok(replies.remove(0))
        }
    }
}

#[test]
fn one_line() {
    let reply = parse(b"250 2.1.0 Sender ok\r\n").unwrap();
    assert_eq!((reply.code(), reply.class()), (250, 2));
    assert!(reply.is_success() && !reply.is_intermediate() && !reply.is_transient() && !reply.is_permanent());
    assert_eq!(reply.raw(), b"250 2.1.0 Sender ok");
    assert_eq!(reply.lines().collect::<Vec<_>>(), [b"2.1.0 Sender ok"]);
    assert_eq!(reply.enhanced().unwrap().to_string(), "2.1.0");
    assert_eq!(reply.text(), "250 2.1.0 Sender ok");
}

#[test]
fn several_lines_each_told() {
    let (replies, lines, error, held) =
        run(ReplyLimits::default(), &[b"250-mail.example\r\n250-SIZE 1000\r\n250 HELP\r\n354 go\r\n22"]);
    assert_eq!(lines, [b"mail.example".to_vec(), b"SIZE 1000".to_vec()]);
    assert_eq!(replies.len(), 2);
    assert_eq!(replies[0].raw(), b"250-mail.example\r\n250-SIZE 1000\r\n250 HELP");
    assert_eq!(replies[0].lines().collect::<Vec<_>>(), [&b"mail.example"[..], b"SIZE 1000", b"HELP"]);
    assert_eq!(replies[0].text(), "250 mail.example / SIZE 1000 / HELP");
    assert!(replies[1].is_intermediate());
    assert_eq!((error, held), (None, 2));
}

#[test]
fn the_line_and_its_code_are_known_while_the_reply_arrives() {
    let mut parser = ReplyParser::new();
    assert!(parser.is_idle() && parser.code() == 0 && parser.last_line().is_empty());
    let mut input: &[u8] = b"214-one\r\n214-two\r\n21";
    assert_eq!(parser.feed(&mut input), Ok(ReplyStep::Line));
    assert_eq!((parser.last_line(), parser.code(), input), (&b"one"[..], 214, &b"214-two\r\n21"[..]));
    assert_eq!(parser.feed(&mut input), Ok(ReplyStep::Line));
    assert_eq!(parser.feed(&mut input), Ok(ReplyStep::NeedMore));
    assert_eq!(parser.last_line(), b"two", "still the last complete line");
    assert!(!parser.is_idle());
    let mut input: &[u8] = b"4 end\r\n";
    assert!(matches!(parser.feed(&mut input), Ok(ReplyStep::Reply(_))));
    assert!(parser.is_idle() && parser.buffered() == 0 && parser.last_line().is_empty());
}

#[test]
fn lenient_where_old_servers_differ() {
    assert_eq!(parse(b"250\r\n").unwrap().raw(), b"250");
    assert_eq!(parse(b"250\r\n").unwrap().lines().collect::<Vec<_>>(), [b""]);
    assert_eq!(parse(b"250\n").unwrap().text(), "250");
    assert_eq!(parse(b"250-a\n250 b\n").unwrap().raw(), b"250-a\r\n250 b", "kept with CRLF");
    assert_eq!(parse(b"250- \r\n250 \r\n").unwrap().lines().collect::<Vec<_>>(), [&b" "[..], b""]);
    assert_eq!(parse(b"250-\r\n250\r\n").unwrap().lines().collect::<Vec<_>>(), [b"", b""]);
}

#[test]
fn what_is_not_a_reply() {
    use ReplyError::*;
    let rows: [(&[u8], ReplyError); 24] = [
        (b"\r\n", NoCode),
        (b"\n", NoCode),
        (b" 250 ok\r\n", NoCode),
        (b"2\r\n", NoCode),
        (b"25\r\n", NoCode),
        (b"25x ok\r\n", NoCode),
        (b"2500 ok\r\n", NoCode),
        (b"250ok\r\n", NoCode),
        (b"250\tok\r\n", NoCode),
        (b"150 ok\r\n", NoCode),
        (b"650 ok\r\n", NoCode),
        (b"000 ok\r\n", NoCode),
        (b"HTTP/1.1 400 Bad Request\r\n", NoCode),
        (b"\0\0\0\0", NoCode),
        (b"\xff\xfe50 ok\r\n", NoCode),
        (b"250-a\r\n251 b\r\n", CodeChanged),
        (b"250-a\r\n550 b\r\n", CodeChanged),
        (b"250-a\r\nb\r\n", NoCode),
        (b"250-a\r\n\r\n", NoCode),
        (b"250 a\0b\r\n", BadByte),
        (b"250 a\rb\r\n", BareCr),
        (b"250 a\r\r\n", BareCr),
        (b"250\r 250 a\r\n", BareCr),
        (b"250-a\r\n250 b\rc", BareCr),
    ];
    for (input, error) in rows {
        assert_eq!(run(ReplyLimits::default(), &[input]).2, Some(error), "{:?}", input.escape_ascii().to_string());
    }
}

#[test]
fn a_wrong_code_is_told_before_the_line_ends() {
    for input in [&b"x"[..], b"2x", b"25x", b"250x", b"9"] {
        assert_eq!(run(ReplyLimits::default(), &[input]).2, Some(ReplyError::NoCode));
    }
    // Short of that, one to five bytes are simply not complete.
    for input in [&b"2"[..], b"25", b"250", b"250 ", b"250 o", b"250\r", b"250-"] {
        assert_eq!(run(ReplyLimits::default(), &[input]), (vec![], vec![], None, input.len()));
    }
}

#[test]
fn limits_hold_and_at_the_limit_it_still_passes() {
    let limits = ReplyLimits { line: 10, lines: 3, total: 26 };
    let check = |input: &[u8]| run(limits, &[input]).2;
    assert_eq!(check(b"250 5678\r\n"), None);
    assert_eq!(check(b"250 56789\r\n"), Some(ReplyError::LineTooLong));
    assert_eq!(check(b"250-\r\n250-\r\n250 \r\n"), None);
    assert_eq!(check(b"250-\r\n250-\r\n250-\r\n"), Some(ReplyError::TooManyLines));
    assert_eq!(check(b"250-5678\r\n250-5678\r\n250 \r\n"), None);
    assert_eq!(check(b"250-5678\r\n250-5678\r\n250 5\r\n"), Some(ReplyError::TooLong));
}

#[test]
fn endless_replies_are_cut_off() {
    let lines = b"250-x\r\n".repeat(30_000);
    assert_eq!(run(ReplyLimits::default(), &[&lines]).2, Some(ReplyError::TooManyLines));
    assert_eq!(run(ReplyLimits::LISTING, &[&lines]).2, Some(ReplyError::TooManyLines));
    let mut line = b"250 ".to_vec();
    line.resize(4 << 20, b'x');
    assert_eq!(run(ReplyLimits::default(), &[&line]).2, Some(ReplyError::LineTooLong));
    let mut long = b"250-".to_vec();
    long.resize(4000, b'x');
    long.extend_from_slice(b"\r\n");
    assert_eq!(run(ReplyLimits::default(), &[&long.repeat(20)]).2, Some(ReplyError::TooLong));
}

#[test]
fn enhanced_codes() {
    let of = |line: &[u8]| parse(line).unwrap().enhanced().map(|code| code.to_string());
    assert_eq!(of(b"550 5.1.1 no\r\n").as_deref(), Some("5.1.1"));
    assert_eq!(of(b"550 5.7.509\r\n").as_deref(), Some("5.7.509"));
    assert_eq!(of(b"550-5.1.1 no\r\n550 5.1.2 at all\r\n").as_deref(), Some("5.1.2"), "the last line's");
    let without: [&[u8]; 11] = [
        b"550\r\n",
        b"550 \r\n",
        b"550 no\r\n",
        b"550 4.1.1 class differs\r\n",
        b"550 5.1 short\r\n",
        b"550 5.1.1.1 long\r\n",
        b"550 5.1.1234 long\r\n",
        b"550 5.1. x\r\n",
        b"550 5..1 x\r\n",
        b"550  5.1.1 x\r\n",
        b"354 3.0.0 no such class\r\n",
    ];
    for line in without {
        assert_eq!(of(line), None, "{:?}", line.escape_ascii().to_string());
    }
}

#[test]
fn text_is_printable_and_bounded() {
    let reply = parse(b"550 a\x1b[31m\x07\x7f \xff \xc3\xa4 \xe2\x80\xae\r\n").unwrap();
    assert_eq!(reply.text(), "550 a\u{fffd}[31m\u{fffd}\u{fffd} \u{fffd} \u{e4} \u{fffd}");
    let mut long = b"550 ".to_vec();
    long.resize(4000, b'x');
    long.extend_from_slice(b"\r\n");
    let text = parse(&long).unwrap().text();
    assert!(text.len() < 1020 && text.ends_with("..."), "{}", text.len());
    let many = [b"550-x\r\n".repeat(900).as_slice(), b"550 x\r\n"].concat();
    assert!(parse(&many).unwrap().text().len() < 1020);
}

#[test]
fn made_replies_are_replies() {
    assert_eq!(Reply::new(250, "ok").raw(), b"250 ok");
    assert_eq!(Reply::new(250, "").raw(), b"250 ");
    assert_eq!(Reply::new(250, "a\nb\r\nc\n").raw(), b"250-a\r\n250-b\r\n250 c");
    assert_eq!(Reply::new(250, "a\rb\0c").raw(), b"250 a?b?c");
    assert_eq!((Reply::new(7, "x").code(), Reply::new(999, "x").code()), (200, 599));
}

/// Bytes that are often nearly a reply.
fn nearly_reply() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        6 => Just(&b"250"[..]),
        1 => Just(&b"550"[..]),
        4 => Just(&b"-"[..]),
        4 => Just(&b" "[..]),
        3 => Just(&b"text"[..]),
        6 => Just(&b"\r\n"[..]),
        1 => Just(&b"\n"[..]),
        1 => Just(&b"\r"[..]),
        1 => Just(&b"\0"[..]),
        1 => Just(&b"\xff"[..]),
    ];
    proptest::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn any_split_gives_the_same(input in nearly_reply(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
                                line in 3..24usize, lines in 1..5usize, total in 3..60usize) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &input[pair[0]..pair[1]]).collect();
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        for limits in [ReplyLimits::default(), ReplyLimits { line, lines, total }] {
            let whole = run(limits, &[&input]);
            prop_assert_eq!(&run(limits, &pieces), &whole);
            prop_assert_eq!(&run(limits, &bytes), &whole);
        }
    }

    #[test]
    fn random_bytes_never_panic(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        run(ReplyLimits::default(), &[&input]);
        run(ReplyLimits { line: 0, lines: 0, total: 0 }, &[&input]);
    }

    #[test]
    fn a_made_reply_comes_back(code in 200u16..600, text in "[a-zA-Z0-9 .é\n\r\0]{0,60}") {
        let reply = Reply::new(code, &text);
        let mut wire = Vec::new();
        reply.encode(&mut wire);
        prop_assert_eq!(parse(&wire), Ok(reply));
    }
}
