//! The server's dialogue with any client: no split changes what is said and told, questions come one at a time, and
//! whatever arrives, the output is replies.
#![no_main]

use helo::proto::reply::{Reply, ReplyLimits, ReplyParser, ReplyStep};
use helo::proto::server::{Config, Dialogue, Event};
use helo_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

/// Everything that is said and told, and the bodies.
fn run(config: &Config, pieces: &[&[u8]]) -> (Vec<u8>, Vec<String>, Vec<u8>) {
    let mut dialogue = Dialogue::new(config.clone());
    let (mut said, mut told, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        let mut input = *piece;
        loop {
            let event = dialogue.advance(&mut input);
            let no = match &event {
                Event::NeedMore => break assert!(input.is_empty()),
                Event::Closed => break,
                Event::Unanswered => panic!("every question was answered"),
                Event::OutputFull => {
                    said.extend_from_slice(dialogue.output());
                    dialogue.sent(usize::MAX);
                    continue;
                }
                Event::Body(part) => {
                    assert!(!part.is_empty());
                    bodies.extend_from_slice(part);
                    continue;
                }
                Event::Abandoned => false,
                Event::Mail { from, .. } => from.as_str().starts_with('n'),
                Event::Rcpt { to, .. } => to.as_str().starts_with('n'),
                Event::Begin | Event::Complete => told.len() % 5 == 0,
                Event::Ask { about, .. } => about.starts_with('n'),
                other => panic!("{other:?} is not on offer here"),
            };
            assert_eq!(dialogue.answers_due() == 0, event == Event::Abandoned);
            told.push(format!("{event:?}"));
            let reply = if no { Reply::new(550, "no") } else { Reply::new(250, "yes") };
            while dialogue.answers_due() > 0 {
                dialogue.answer(&reply);
            }
        }
    }
    said.extend_from_slice(dialogue.output());
    (said, told, bodies)
}

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else { return };
    let config = Config {
        lmtp: first & 1 != 0,
        chunking: first & 2 == 0,
        terminals: first & 4 != 0,
        size: if first & 8 != 0 { 50 } else { 0 },
        recipients_max: 3,
        errors_max: 10,
        idle_max: 10,
        line_max: 200,
        ..Config::new("mx")
    };
    let (whole, cut) = pieces(rest);
    let result = run(&config, &[whole]);
    let mut again = run(&config, &cut);
    if config.size != 0 {
        // How much of a body that is too large was handed out before does depend on the split.
        again.2.clone_from(&result.2);
    }
    assert_eq!(again, result);

    let (mut parser, mut said) = (ReplyParser::new(), result.0.as_slice());
    parser.set_limits(ReplyLimits::LISTING);
    while !matches!(parser.feed(&mut said).expect("only replies are said"), ReplyStep::NeedMore) {}
    assert!(parser.is_idle() && said.is_empty());
});
