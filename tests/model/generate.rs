//! What a client may say, good and bad.

use crate::predict::{Argument, Model, Said, Verb};
use crate::random::Random;

/// Addresses with brackets as they stand on the wire, and as the server must understand them.
const GOOD: &[(&str, &str)] = &[
    ("<a@example.org>", "a@example.org"),
    ("<b.c+d@example.org>", "b.c+d@example.org"),
    ("<\"quoted there\"@example.org>", "\"quoted there\"@example.org"),
    ("<x@[192.0.2.1]>", "x@[192.0.2.1]"),
    ("<nobody@example.org>", "nobody@example.org"),
    ("<not.me@example.org>", "not.me@example.org"),
    ("<@relay.example,@other.example:e@example.org>", "e@example.org"),
    ("<O'Hara!#$%&*/=?^_`{|}~-@EXAMPLE.org>", "O'Hara!#$%&*/=?^_`{|}~-@EXAMPLE.org"),
];
const BAD: &[&str] = &["<", "<a@example.org", "<a b@example.org>", "<@>", "<a@>", "<\"a@example.org>", "<a@b@c>", ""];

/// The next thing that the client says. Bodies follow only where the model is certain of a 354.
pub fn command(random: &mut Random, model: &Model) -> Said {
    // Mostly what leads on.
    let verb = match (random.below(10), model.next_step()) {
        (0..=6, Some(next)) => next,
        _ => *random.pick(&Verb::ALL),
    };
    let mut said = Said { verb, name: shaped(random, verb.name()), ..Said::default() };
    match verb {
        Verb::Ehlo | Verb::Helo | Verb::Lhlo => said.text = pick(random, &["me.example", "[192.0.2.7]", "a_b", ""]),
        Verb::Mail | Verb::Rcpt => path(random, model, &mut said),
        Verb::Noop | Verb::Help => said.text = pick(random, &["", "some words", "<>"]),
        Verb::Vrfy | Verb::Expn => said.text = pick(random, &["", "alice", "a list"]),
        Verb::Data | Verb::Rset | Verb::Quit | Verb::StartTls => {
            if random.chance(8) {
                said.text = "x".to_owned();
            }
        }
        Verb::Bdat => chunk(random, &mut said),
        Verb::Unknown => said.text = pick(random, &["", "x", "FROM:<a@example.org>"]),
    }
    if verb == Verb::Data && model.takes_data() && said.text.is_empty() {
        let bare = random.chance(4);
        said.body = Some(message(random, bare));
    }
    if random.chance(60) && verb != Verb::Data && verb != Verb::Bdat {
        said.text = "y".repeat(model.rules().line);
        said.argument = Argument::Plain;
    }
    said
}

fn pick(random: &mut Random, all: &[&str]) -> String {
    (*random.pick(all)).to_owned()
}

/// A verb in any case, now and then with something that is no part of it.
fn shaped(random: &mut Random, name: &str) -> String {
    match random.below(40) {
        0..=4 => name.to_ascii_lowercase(),
        5 => name.chars().enumerate().map(|(n, c)| if n % 2 == 0 { c.to_ascii_lowercase() } else { c }).collect(),
        _ => name.to_owned(),
    }
}

fn path(random: &mut Random, model: &Model, said: &mut Said) {
    let sender = said.verb == Verb::Mail;
    let keyword = if sender { "FROM:" } else { "TO:" };
    if random.chance(12) {
        (said.text, said.argument) = (format!("{keyword}{}", random.pick(BAD)), Argument::BadPath);
        return;
    }
    if random.chance(40) {
        (said.text, said.argument) = (pick(random, &["x", "", "<a@example.org>", "FORM:<a@b>"]), Argument::NoKeyword);
        return;
    }
    let (wire, meant) = match sender && random.chance(6) {
        true => ("<>", ""),
        false => *random.pick(GOOD),
    };
    said.text = format!("{keyword}{wire}");
    said.argument = Argument::Path(meant.to_owned());
    if random.chance(3) {
        let parameter = match sender {
            true => random.pick(&[
                "SIZE=10",
                "SIZE=301",
                "SIZE=x",
                "BODY=8BITMIME",
                "BODY=7BIT",
                "BODY=9BIT",
                "FOO=BAR",
                "RET=HDRS",
                "SMTPUTF8",
            ]),
            false => {
                random.pick(&["NOTIFY=NEVER", "NOTIFY=SUCCESS,DELAY", "NOTIFY=NEVER,DELAY", "FOO", "ORCPT=rfc822;a@b"])
            }
        };
        said.text.push_str(&format!(" {parameter}"));
        said.parameter = Some((*parameter).to_owned());
    }
    let _ = model;
}

fn chunk(random: &mut Random, said: &mut Said) {
    let octets = message(random, false);
    let last = random.chance(2);
    said.text = format!("{}{}", octets.len(), if last { " LAST" } else { "" });
    said.chunk = Some((octets, last));
}

/// Lines that look like commands and ends, with CRLF line ends; or with others as well, some of which look like an end.
fn message(random: &mut Random, bare: bool) -> Vec<u8> {
    let lines: &[&[u8]] = &[
        b"",
        b".",
        b"..",
        b".x",
        b"x",
        b"QUIT",
        b"MAIL FROM:<smuggled@example.org>",
        b"a line of text",
        &[0xff, 0xfe],
    ];
    let mut out = Vec::new();
    let most = if random.chance(5) { 40 } else { 6 };
    for _ in 0..random.below(most) {
        let line: &&[u8] = random.pick(lines);
        out.extend_from_slice(line);
        if bare && random.chance(3) {
            let ends: [&[u8]; 6] = [b"\n", b"\r", b"\n.\n", b"\r.\r", b"\n\r", b"\r.\n."];
            let end: &&[u8] = random.pick(&ends);
            out.extend_from_slice(end);
            continue;
        }
        out.extend_from_slice(b"\r\n");
    }
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"x\r\n");
    }
    out
}
