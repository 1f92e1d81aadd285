//! What a server offers, from any reply: bounded, and every line that is kept can be asked for.
#![no_main]

use helo::proto::extension::Extensions;
use helo::proto::reply::{ReplyParser, ReplyStep};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // Each line of the input becomes a line of an EHLO reply, so that the fuzzer need not find the codes.
    let mut wire = Vec::new();
    for line in data.split(|&b| b == b'\n') {
        wire.extend_from_slice(b"250-");
        wire.extend(line.iter().filter(|b| !matches!(b, b'\r' | 0)));
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b"250 HELP\r\n");
    let (mut parser, mut input) = (ReplyParser::new(), wire.as_slice());
    let reply = loop {
        match parser.feed(&mut input) {
            Ok(ReplyStep::Reply(reply)) => break reply,
            Ok(ReplyStep::Line) => {}
            Ok(ReplyStep::NeedMore) => unreachable!("the reply is complete"),
            Err(_) => return, // beyond a limit
        }
    };
    let extensions = Extensions::parse(&reply);
    assert!(extensions.has("help") && extensions.auth.len() <= 100 && extensions.other.len() <= 100);
    for mechanism in &extensions.auth {
        assert!(extensions.has_auth(mechanism) && mechanism.len() <= 20);
    }
    for line in &extensions.other {
        let keyword = line.split([' ', '\t', '=']).next().unwrap_or_default();
        assert!(!line.contains(['\r', '\n', '\0']) && !keyword.is_empty());
        assert!(extensions.has(keyword), "{line:?}");
    }
});
