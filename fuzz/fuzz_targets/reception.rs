//! Bodies by DATA and by BDAT, sent by a client that keeps to the rules: whatever the octets and however they are cut,
//! what arrives is what was meant, or the session ends for a bare line end; and what comes after is a command again.
#![no_main]

use helo::proto::dot::BareEnds;
use helo::proto::reply::Reply;
use helo::proto::server::{Config, Dialogue, Event};
use helo_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

const ENVELOPE: &[u8] = b"EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";
const BINARY: &[u8] = b"EHLO me\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<c@d>\r\n";

/// The bodies that are complete, and everything that is said.
fn receive<'a>(
    bare_ends: BareEnds,
    pieces: impl Iterator<Item = &'a [u8]>,
    refuse_at: usize,
) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut dialogue = Dialogue::new(Config { size: 0, bare_ends, ..Config::new("mx") });
    let (mut body, mut bodies) = (Vec::new(), Vec::new());
    for mut piece in pieces {
        loop {
            match dialogue.advance(&mut piece) {
                Event::NeedMore | Event::Closed => break,
                Event::Abandoned => body.clear(),
                Event::Refused(_) => {}
                Event::Body(part) => {
                    body.extend_from_slice(part);
                    if body.len() >= refuse_at {
                        dialogue.refuse(&Reply::new(452, "full"));
                    }
                }
                Event::Complete => {
                    bodies.push(core::mem::take(&mut body));
                    dialogue.answer(&Reply::new(250, "taken"));
                }
                _ => dialogue.answer(&Reply::new(250, "fine")),
            }
        }
    }
    (bodies, dialogue.output().to_vec())
}

/// Every CR is followed by an LF, every LF preceded by a CR.
fn is_text(body: &[u8]) -> bool {
    let bare = |(at, octet): (usize, &u8)| match octet {
        b'\r' => body.get(at + 1) != Some(&b'\n'),
        b'\n' => at == 0 || body[at - 1] != b'\r',
        _ => false,
    };
    !body.iter().enumerate().any(bare)
}

/// A line of one dot and NULs, to which no second dot was put.
fn hides_end(body: &[u8]) -> bool {
    let hides = |line: &[u8]| line.starts_with(b"\0") && line.iter().filter(|octet| **octet != 0).eq(b".");
    body.split(|octet| *octet == b'\n').any(|line| hides(line.strip_suffix(b"\r").unwrap_or(line)))
}

fuzz_target!(|data: &[u8]| {
    let Some((&size, rest)) = data.split_first() else { return };
    let (body, cut) = pieces(rest);
    // By chunks of a binary mail: every octet as it is.
    let mut wire = BINARY.to_vec();
    for chunk in body.chunks(usize::from(size) + 1) {
        wire.extend_from_slice(format!("BDAT {}\r\n", chunk.len()).as_bytes());
        wire.extend_from_slice(chunk);
    }
    wire.extend_from_slice(b"BDAT 0 LAST\r\nNOOP\r\n");
    let lengths: Vec<usize> = cut.iter().map(|piece| piece.len()).collect();
    let split = |wire: &[u8]| {
        let (mut sizes, mut at, mut parts) = (lengths.iter().copied().cycle(), 0, Vec::new());
        while at < wire.len() {
            let next = (at + sizes.next().unwrap_or(7)).min(wire.len());
            parts.push(wire[at..next].to_vec());
            at = next;
        }
        parts
    };
    let (bodies, said) = receive(BareEnds::Refuse, split(&wire).iter().map(|part| part.as_slice()), usize::MAX);
    assert!(bodies == [body] && said.ends_with(b"250 2.0.0 Ok\r\n"));
    // A chunk that is refused is read to its end all the same.
    let (bodies, said) = receive(BareEnds::Refuse, split(&wire).iter().map(|part| part.as_slice()), 1);
    assert!(said.ends_with(b"250 2.0.0 Ok\r\n") && (bodies.is_empty() || body.is_empty()));

    // By DATA: dots doubled by hand, and no line end but CRLF.
    let mut wire = [ENVELOPE, b"DATA\r\n"].concat();
    for (number, line) in body.split(|octet| *octet == b'\n').enumerate() {
        if number > 0 {
            wire.push(b'\n');
        }
        let after_crlf = number == 0 || wire.ends_with(b"\r\n");
        if line.starts_with(b".") && after_crlf {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.extend_from_slice(b"\r\n.\r\nNOOP\r\n");
    let (bodies, said) = receive(BareEnds::Refuse, split(&wire).iter().map(|part| part.as_slice()), usize::MAX);
    if is_text(body) && !hides_end(body) {
        assert!(bodies == [[body, b"\r\n"].concat()] && said.ends_with(b"250 2.0.0 Ok\r\n"));
    } else {
        assert!(bodies.is_empty());
        let last = said.split(|octet| *octet == b'\n').rfind(|line| !line.is_empty()).unwrap_or_default();
        assert!(last.starts_with(b"554 5.6.0 The message holds a "));
    }
    // Or it is mended, and there is one mail all the same.
    let (bodies, said) = receive(BareEnds::Normalize, split(&wire).iter().map(|part| part.as_slice()), usize::MAX);
    assert!(bodies.len() == 1 && is_text(&bodies[0]) && said.ends_with(b"250 2.0.0 Ok\r\n"));
});
