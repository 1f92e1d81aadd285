//! Replies from any bytes: no split changes what comes out, nothing is held beyond the limits, and what was parsed
//! parses again.
#![no_main]

use helo::proto::reply::{Reply, ReplyError, ReplyLimits, ReplyParser, ReplyStep};
use helo_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

fn run(limits: ReplyLimits, pieces: &[&[u8]]) -> (Vec<Reply>, Vec<Vec<u8>>, Option<ReplyError>) {
    let mut parser = ReplyParser::new();
    parser.set_limits(limits);
    let (mut replies, mut lines) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut input = *piece;
        loop {
            let step = parser.feed(&mut input);
            assert!(parser.buffered() <= limits.total + 2);
            match step {
                Ok(ReplyStep::NeedMore) => break assert!(input.is_empty()),
                Ok(ReplyStep::Line) => lines.push(parser.last_line().to_vec()),
                Ok(ReplyStep::Reply(reply)) => replies.push(reply),
                Err(error) => return (replies, lines, Some(error)),
            }
        }
    }
    (replies, lines, None)
}

fuzz_target!(|data: &[u8]| {
    let (whole, cut) = pieces(data);
    for limits in [ReplyLimits::default(), ReplyLimits { line: 16, lines: 4, total: 50 }] {
        let result = run(limits, &[whole]);
        assert_eq!(run(limits, &cut), result);
        for reply in result.0 {
            assert!((200..600).contains(&reply.code()) && reply.lines().count() > 0);
            assert!(reply.text().chars().count() < 1100 && !reply.text().contains(char::is_control));
            assert!(reply.enhanced().is_none_or(|code| code.class == reply.class()));
            let mut wire = Vec::new();
            reply.encode(&mut wire);
            assert_eq!(run(ReplyLimits::LISTING, &[&wire]).0, [reply]);
        }
    }
});
