//! Bodies: what is sent arrives as it was given but for line ends, at any split; and no bytes that arrive end a message
//! but CRLF.CRLF.
#![no_main]

use helo::proto::dot::{BareEnds, BodyDecoder, BodyEncoder, BodyError, Decoded, Dots};
use helo_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

fn encode(mut encoder: BodyEncoder, pieces: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in pieces {
        let foretold = encoder.encoded_len(piece);
        let before = out.len();
        let mut input = *piece;
        while let Some(piece) = encoder.next(&mut input) {
            out.extend_from_slice(piece.bytes());
        }
        assert!(input.is_empty() && (out.len() - before) as u64 == foretold);
    }
    out.extend_from_slice(encoder.finish());
    out
}

/// The body, and how much of the input stands after its end, if the end came.
fn decode(bare: BareEnds, pieces: &[&[u8]]) -> (Vec<u8>, Result<Option<usize>, BodyError>) {
    let mut decoder = BodyDecoder::new(bare);
    let (mut body, mut left) = (Vec::new(), pieces.iter().map(|piece| piece.len()).sum::<usize>());
    for piece in pieces {
        let mut input = *piece;
        left -= piece.len();
        loop {
            match decoder.next(&mut input) {
                Ok(Decoded::Slice(part)) => body.extend_from_slice(part),
                Ok(Decoded::Insert(part)) => body.extend_from_slice(part),
                Ok(Decoded::NeedMore) => break,
                Ok(Decoded::End) => return (body, Ok(Some(left + input.len()))),
                Err(error) => return (body, Err(error)),
            }
        }
    }
    (body, Ok(None))
}

/// CRLF for each CRLF, CR and LF, and at the end.
fn delivered(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut previous = 0;
    for &byte in body {
        match byte {
            b'\n' if previous == b'\r' => {}
            b'\r' | b'\n' => out.extend_from_slice(b"\r\n"),
            _ => out.push(byte),
        }
        previous = byte;
    }
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

fuzz_target!(|data: &[u8]| {
    let (whole, cut) = pieces(data);
    let mut wire = encode(BodyEncoder::new(Dots::Stuff), &cut);
    assert_eq!(encode(BodyEncoder::new(Dots::Stuff), &[whole]), wire);
    assert_eq!(encode(BodyEncoder::new(Dots::Off), &cut), delivered(whole));
    assert_eq!(encode(BodyEncoder::binary(), &cut), whole);
    wire.extend_from_slice(b".\r\nMAIL");
    // A line that begins with NUL gets no second dot.
    let hidden = |line: &[u8]| line.starts_with(b"\0") && line.iter().filter(|octet| **octet != 0).eq(b".\r");
    if delivered(whole).split(|octet| *octet == b'\n').any(hidden) {
        assert_eq!(decode(BareEnds::Refuse, &[&wire]).1, Err(BodyError::HiddenEnd));
        assert_eq!(decode(BareEnds::Normalize, &[&wire]).1, Ok(Some(4)));
    } else {
        for bare in [BareEnds::Refuse, BareEnds::Normalize] {
            assert_eq!(decode(bare, &[&wire]), (delivered(whole), Ok(Some(4))));
        }
    }

    // The input itself as what arrives.
    let end = if whole.starts_with(b".\r\n") {
        Some(3)
    } else {
        whole.windows(5).position(|five| five == b"\r\n.\r\n").map(|place| place + 5)
    };
    let arrived = decode(BareEnds::Refuse, &[whole]);
    assert_eq!(decode(BareEnds::Refuse, &cut), arrived);
    if let Ok(Some(left)) = arrived.1 {
        assert_eq!(Some(whole.len() - left), end);
    }
    // Nothing is refused, it ends at the same place and nowhere else, and what is handed on has no end that others see.
    let arrived = decode(BareEnds::Normalize, &[whole]);
    assert_eq!(decode(BareEnds::Normalize, &cut), arrived);
    assert_eq!(arrived.1.unwrap().map(|left| whole.len() - left), end);
    let onward: Vec<u8> = encode(BodyEncoder::new(Dots::Stuff), &[&arrived.0]).into_iter().filter(|b| *b != 0).collect();
    assert!(!onward.starts_with(b".\r\n") && !onward.windows(5).any(|five| five == b"\r\n.\r\n"));
    assert!(arrived.0.ends_with(b"\r") || delivered(&arrived.0).starts_with(&arrived.0));
});
