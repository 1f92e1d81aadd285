//! The server's dialogue with any client: no split changes what is said and told, questions come one at a time, and
//! whatever arrives, the output is replies.
#![no_main]

use helo::proto::reply::{Reply, ReplyLimits, ReplyParser, ReplyStep};
use helo::proto::server::{AuthOffer, Config, Dialogue, Event};
use helo_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

/// Everything that is said and told, and the bodies.
fn run(config: &Config, pieces: &[&[u8]]) -> (Vec<u8>, Vec<String>, Vec<u8>) {
    let mut dialogue = Dialogue::new(config.clone());
    let (mut said, mut told, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    // Once more with nothing: at the door the owner is asked before the client has said anything.
    for piece in pieces.iter().chain([&&[][..]]) {
        let mut input = *piece;
        loop {
            let event = dialogue.advance(&mut input);
            let code = match &event {
                Event::NeedMore => break assert!(input.is_empty()),
                Event::Closed => break,
                Event::Unanswered => panic!("every question was answered"),
                Event::Handshake => panic!("TLS is not on offer"),
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
                Event::Abandoned | Event::AuthCancelled | Event::Refused(_) => {
                    told.push(format!("{event:?}"));
                    continue;
                }
                Event::Mail { from, .. } => code(from.as_str().starts_with('n')),
                Event::Rcpt { to, .. } => code(to.as_str().starts_with('n')),
                Event::Begin | Event::Complete => code(told.len() % 5 == 0),
                Event::Ask { about, .. } => code(about.starts_with('n')),
                Event::Hello { name, .. } => code(name.starts_with('n')),
                Event::Connect => code(false),
                Event::StartTls => 454,
                Event::Auth { initial: None, .. } => 334,
                Event::Auth { initial: Some(text), .. } | Event::AuthResponse(text) => match text.expose().len() % 3 {
                    0 => 235,
                    1 => 334,
                    _ => 535,
                },
            };
            assert!(dialogue.answers_due() > 0);
            told.push(format!("{event:?}"));
            while dialogue.answers_due() > 0 {
                assert!(dialogue.time_limit().is_none(), "no time runs while the owner thinks");
                dialogue.answer(&Reply::new(code, "said the owner"));
            }
        }
    }
    said.extend_from_slice(dialogue.output());
    (said, told, bodies)
}

fn code(no: bool) -> u16 {
    if no { 550 } else { 250 }
}

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else { return };
    let offer = |name: &str, client_first| AuthOffer {
        name: name.into(),
        sends_password: false,
        guessable: false,
        binds_channel: false,
        client_first,
    };
    let config = Config {
        lmtp: first & 1 != 0,
        chunking: first & 2 == 0,
        terminals: first & 4 != 0,
        size: if first & 8 != 0 { 50 } else { 0 },
        auth: if first & 16 != 0 { vec![offer("PLAIN", true), offer("CRAM-MD5", false)] } else { Vec::new() },
        auth_required: first & 32 != 0,
        ask_connection: first & 64 != 0,
        ask_hello: first & 64 != 0,
        starttls: first & 128 != 0,
        expn: first & 128 != 0,
        recipients_max: 3,
        mails_max: 3,
        errors_max: 10,
        refusals_max: 10,
        idle_max: 10,
        auth_failures_max: 3,
        line_max: 200,
        auth_line_max: 300,
        output_max: 1000,
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
