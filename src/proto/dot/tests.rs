use super::*;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use proptest::prelude::*;

/// The body with every line end made CRLF, byte by byte as one would explain it.
fn normalised(body: &[u8]) -> Vec<u8> {
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
    out
}

/// The same, with its last line complete, as it arrives on the other side.
fn delivered(body: &[u8]) -> Vec<u8> {
    let mut out = normalised(body);
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

fn stuffed(lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines.split_inclusive(|&b| b == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out
}

/// What goes over the wire for a body that comes in pieces; the length of every piece is foretold.
fn encode(mut encoder: BodyEncoder, pieces: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in pieces {
        let foretold = encoder.encoded_len(piece);
        let before = out.len();
        let mut input = *piece;
        while let Some(piece) = encoder.next(&mut input) {
            out.extend_from_slice(piece.bytes());
        }
        assert!(input.is_empty());
        assert_eq!((out.len() - before) as u64, foretold);
    }
    out.extend_from_slice(encoder.finish());
    assert_eq!(encoder.finish(), b"", "nothing is open after the end");
    out
}

/// The body and what follows it; or the error, and what was taken for the body before.
fn decode(pieces: &[&[u8]]) -> (Vec<u8>, Result<Option<Vec<u8>>, BodyError>) {
    decode_by(BodyDecoder::new(BareEnds::Refuse), pieces)
}

/// The same where bare line ends are made CRLF.
fn mend(pieces: &[&[u8]]) -> (Vec<u8>, Result<Option<Vec<u8>>, BodyError>) {
    decode_by(BodyDecoder::new(BareEnds::Normalize), pieces)
}

/// A body by chunks.
fn chunks(pieces: &[&[u8]]) -> Vec<u8> {
    let mut decoder = BodyDecoder::chunks(BareEnds::Normalize);
    let mut body = decode_by_ref(&mut decoder, pieces).0;
    while let Some(missing) = decoder.finish().unwrap() {
        body.extend_from_slice(missing);
    }
    body
}

fn decode_by(mut decoder: BodyDecoder, pieces: &[&[u8]]) -> (Vec<u8>, Result<Option<Vec<u8>>, BodyError>) {
    decode_by_ref(&mut decoder, pieces)
}

fn decode_by_ref(decoder: &mut BodyDecoder, pieces: &[&[u8]]) -> (Vec<u8>, Result<Option<Vec<u8>>, BodyError>) {
    let mut body = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        let mut input = *piece;
        loop {
            match decoder.next(&mut input) {
                Ok(Decoded::Slice(part)) => body.extend_from_slice(part),
                Ok(Decoded::Insert(part)) => body.extend_from_slice(part),
                Ok(Decoded::NeedMore) => break,
                Ok(Decoded::End) => {
                    let rest = pieces[number + 1..].iter().fold(input.to_vec(), |rest, piece| [&rest, *piece].concat());
                    return (body, Ok(Some(rest)));
                }
                Err(error) => {
                    assert_eq!(decoder.next(&mut input), Err(error), "an error must stay");
                    return (body, Err(error));
                }
            }
        }
        assert!(input.is_empty());
    }
    (body, Ok(None))
}

fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

#[test]
fn bodies_as_they_go_out() {
    let rows: [(&[u8], &[u8]); 22] = [
        (b"", b""),
        (b"a", b"a\r\n"),
        (b"a\r\n", b"a\r\n"),
        (b"a\n", b"a\r\n"),
        (b"a\r", b"a\r\n"),
        (b"a\nb\rc\r\nd", b"a\r\nb\r\nc\r\nd\r\n"),
        (b"\n\n", b"\r\n\r\n"),
        (b"\r\r", b"\r\n\r\n"),
        (b"\r\r\n", b"\r\n\r\n"),
        (b"\n\r", b"\r\n\r\n"),
        (b".", b"..\r\n"),
        (b"..", b"...\r\n"),
        (b".\r\n", b"..\r\n"),
        (b"a.b\r\n.c", b"a.b\r\n..c\r\n"),
        (b"\r\n.\r\n", b"\r\n..\r\n"),
        (b"a\n.\nMAIL FROM:<x>", b"a\r\n..\r\nMAIL FROM:<x>\r\n"),
        (b"\r.\r", b"\r\n..\r\n"),
        (b"\n.\r\n", b"\r\n..\r\n"),
        (b"\r\n.\n", b"\r\n..\r\n"),
        (b"\r.\n", b"\r\n..\r\n"),
        (b"\r\r\n.\r\r\n", b"\r\n\r\n..\r\n\r\n"),
        (b"a\0\xff\x80\r\n", b"a\0\xff\x80\r\n"),
    ];
    for (body, wire) in rows {
        let encoder = BodyEncoder::new(Dots::Stuff);
        assert_eq!(show(&encode(encoder.clone(), &[body])), show(wire), "{}", show(body));
        for cut in 0..=body.len() {
            let (front, back) = body.split_at(cut);
            assert_eq!(show(&encode(encoder.clone(), &[front, back])), show(wire), "{} cut at {cut}", show(body));
        }
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(show(&encode(encoder, &bytes)), show(wire), "{} byte by byte", show(body));
    }
}

#[test]
fn without_stuffing_only_line_ends_change() {
    assert_eq!(encode(BodyEncoder::new(Dots::Off), &[b".a\n.\r\n..\rb"]), b".a\r\n.\r\n..\r\nb\r\n");
    assert_eq!(encode(BodyEncoder::binary(), &[b".a\n.\r\n\rb\r", b"\n.\r"]), b".a\n.\r\n\rb\r\n.\r");
}

#[test]
fn sound_text_is_one_slice() {
    let text = b"line one\r\nline.two\r\n\r\n".repeat(1000);
    let (mut encoder, mut input) = (BodyEncoder::new(Dots::Stuff), text.as_slice());
    assert_eq!(encoder.next(&mut input), Some(Piece::Slice(&text)));
    assert_eq!(encoder.next(&mut input), None);
    let (mut decoder, mut input) = (BodyDecoder::new(BareEnds::Refuse), text.as_slice());
    assert_eq!(decoder.next(&mut input), Ok(Decoded::Slice(&text)));
    assert_eq!(decoder.next(&mut input), Ok(Decoded::NeedMore));
}

#[test]
fn a_doubled_dot_needs_no_insertion() {
    let (mut encoder, mut input) = (BodyEncoder::new(Dots::Stuff), &b"a\r\n.b\r\n"[..]);
    assert_eq!(encoder.next(&mut input), Some(Piece::Slice(b"a\r\n.")));
    assert_eq!(input, b".b\r\n");
    assert_eq!(encoder.next(&mut input), Some(Piece::Slice(b".b\r\n")));
    assert_eq!(encoder.next(&mut input), None);
}

#[test]
fn long_lines_are_noticed() {
    let mut encoder = BodyEncoder::new(Dots::Stuff);
    for (piece, longest) in [(&b".123"[..], 4), (b"56\r", 6), (b"\n1234567", 7), (b"\n12", 7), (b"\r\n", 7)] {
        let mut input = piece;
        while encoder.next(&mut input).is_some() {}
        assert_eq!(encoder.longest_line(), longest);
    }
    encoder.finish();
    assert_eq!(encoder.longest_line(), 7);
}

#[test]
fn bodies_as_they_arrive() {
    let rows: [(&[u8], &[u8], &[u8]); 9] = [
        (b".\r\n", b"", b""),
        (b".\r\nQUIT\r\n", b"", b"QUIT\r\n"),
        (b"a\r\n.\r\nRSET\r\n", b"a\r\n", b"RSET\r\n"),
        (b"..\r\n.\r\n", b".\r\n", b""),
        (b"..a\r\n.\r\n", b".a\r\n", b""),
        (b".a\r\n.\r\n", b"a\r\n", b""),
        (b"\r\n\r\n.\r\n", b"\r\n\r\n", b""),
        (b"a\r\n\0.\0x\r\n.\r\n", b"a\r\n\0.\0x\r\n", b""),
        (b"a\r\n\0\r\n..\0\r\n.\r\n", b"a\r\n\0\r\n.\0\r\n", b""),
    ];
    for (wire, body, rest) in rows {
        for cut in 0..=wire.len() {
            let (front, back) = wire.split_at(cut);
            let expected = (body.to_vec(), Ok(Some(rest.to_vec())));
            assert_eq!(decode(&[front, back]), expected, "{} cut at {cut}", show(wire));
            assert_eq!(mend(&[front, back]), expected, "{} cut at {cut}", show(wire));
        }
    }
}

/// What has no right line ends is text, and what looks like an end then is text as well.
#[test]
fn bare_line_ends_become_right_ones() {
    let rows: [(&[u8], &[u8]); 24] = [
        (b"a\nb", b"a\r\nb\r\n"),
        (b"a\rb", b"a\r\nb\r\n"),
        (b"a\n\nb", b"a\r\n\r\nb\r\n"),
        (b"a\r\rb", b"a\r\n\r\nb\r\n"),
        (b"a\n\rb", b"a\r\n\r\nb\r\n"),
        (b"a\r\r\nb", b"a\r\n\r\nb\r\n"),
        (b"\n", b"\r\n\r\n"),
        (b"\r", b"\r\n\r\n"),
        (b"a\n.\nb", b"a\r\n.\r\nb\r\n"),
        (b"a\r.\rb", b"a\r\n.\r\nb\r\n"),
        (b"a\r.\nb", b"a\r\n.\r\nb\r\n"),
        (b"a\n.\rb", b"a\r\n.\r\nb\r\n"),
        (b"a\n.\r\nb", b"a\r\n.\r\nb\r\n"),
        (b"a\r.\r\nb", b"a\r\n.\r\nb\r\n"),
        (b"a\r\n.\nb", b"a\r\n.\r\nb\r\n"),
        (b"a\r\n.\rb", b"a\r\n.\r\nb\r\n"),
        (b"a\r\n.\r\r\nb", b"a\r\n.\r\n\r\nb\r\n"),
        (b"a\r\r\n.\r\r\nb", b"a\r\n\r\n.\r\n\r\nb\r\n"),
        (b"a\n..b\r..c\r\n..d", b"a\r\n..b\r\n..c\r\n.d\r\n"),
        // An end for whoever drops NULs.
        (b"a\r\n\0.\r\nb", b"a\r\n\0. \r\nb\r\n"),
        (b"a\n\0.\0\nb", b"a\r\n\0.\0 \r\nb\r\n"),
        (b"a\r\n.\0\r\nb", b"a\r\n\0\r\nb\r\n"),
        (b"a\r\n.\0.\r\nb", b"a\r\n\0. \r\nb\r\n"),
        (b"a\r\n\0.\0x\0\r\nb", b"a\r\n\0.\0x\0\r\nb\r\n"),
    ];
    for (text, body) in rows {
        let wire = [text, b"\r\n.\r\nQUIT\r\n"].concat();
        let expected = (body.to_vec(), Ok(Some(b"QUIT\r\n".to_vec())));
        assert_eq!(mend(&[&wire]), expected, "{}", show(&wire));
        assert_eq!(mend(&wire.chunks(1).collect::<Vec<_>>()), expected, "{}", show(&wire));
        for cut in 0..=wire.len() {
            let (front, back) = wire.split_at(cut);
            assert_eq!(mend(&[front, back]), expected, "{} cut at {cut}", show(&wire));
        }
    }
}

#[test]
fn chunks_have_no_dots_and_no_end() {
    let rows: [(&[u8], &[u8]); 8] = [
        (b"a\r\n.\r\n..\r\n.b\r\n", b"a\r\n.\r\n..\r\n.b\r\n"),
        (b"a\n.\nb", b"a\r\n.\r\nb"),
        (b"a\r", b"a\r\n"),
        (b"\n.\n", b"\r\n.\r\n"),
        (b"\r.\r", b"\r\n.\r\n"),
        (b"\0.", b"\0. "),
        (b"\0.\r", b"\0. \r\n"),
        (b"", b""),
    ];
    for (text, body) in rows {
        assert_eq!(show(&chunks(&[text])), show(body), "{}", show(text));
        assert_eq!(show(&chunks(&text.chunks(1).collect::<Vec<_>>())), show(body), "{}", show(text));
    }
    for (text, error) in [(&b"a\r"[..], BodyError::BareCr), (b"\0.", BodyError::HiddenEnd)] {
        let mut decoder = BodyDecoder::chunks(BareEnds::Refuse);
        assert_eq!(decode_by_ref(&mut decoder, &[text]).1, Ok(None));
        assert_eq!(decoder.finish(), Err(error));
    }
}

/// Everything but CRLF.CRLF that some server or other has taken for the end of a message.
#[test]
fn false_ends_of_a_message() {
    use BodyError::*;
    let refused: [(&[u8], BodyError); 13] = [
        (b"\n.\n", BareLf),
        (b"\r.\r", BareCr),
        (b"\r.\n", BareCr),
        (b"\n.\r", BareLf),
        (b"\n.\r\n", BareLf),
        (b"\r\n.\n", BareLf),
        (b"\r.\r\n", BareCr),
        (b"\r\n.\rQ", BareCr),
        (b"\r\n.\r\r\n", BareCr),
        (b"\r\r\n.\r\r\n", BareCr),
        (b"\r\n\0.\r\n", HiddenEnd),
        (b"\r\n.\0\r\n", HiddenEnd),
        (b"\r\n\0\0.\0\r\n", HiddenEnd),
    ];
    for (end, error) in refused {
        let wire = [b"text", end, b"MAIL FROM:<x>\r\n.\r\n"].concat();
        assert_eq!(decode(&[&wire]).1, Err(error), "{}", show(&wire));
        let bytes: Vec<&[u8]> = wire.chunks(1).collect();
        assert_eq!(decode(&bytes), decode(&[&wire]), "{}", show(&wire));
    }
    assert_eq!(decode(&[b"text", b"\r\n.\r"]).1, Ok(None), "ends nothing yet");
}

#[test]
fn what_is_handed_out_before_an_error_holds_no_bare_line_end() {
    assert_eq!(decode(&[b"ab\r", b"c"]), (b"ab".to_vec(), Err(BodyError::BareCr)));
    assert_eq!(decode(&[b"ab\nc"]), (b"ab".to_vec(), Err(BodyError::BareLf)));
}

/// Bodies made of what matters here.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        4 => Just(&b"\r\n"[..]),
        2 => Just(&b"\n"[..]),
        2 => Just(&b"\r"[..]),
        4 => Just(&b"."[..]),
        2 => Just(&b"a"[..]),
        1 => Just(&b"a long line of text that fills a vector register or two, a long line of text"[..]),
        1 => Just(&b"\0"[..]),
    ];
    proptest::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

fn cut<'a>(whole: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|place| place.index(whole.len() + 1)).collect();
    places.extend([0, whole.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn encoding_is_as_explained(body in bodies(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let pieces = cut(&body, &cuts);
        let lines = delivered(&body);
        prop_assert_eq!(show(&encode(BodyEncoder::new(Dots::Stuff), &pieces)), show(&stuffed(&lines)));
        prop_assert_eq!(show(&encode(BodyEncoder::new(Dots::Off), &pieces)), show(&lines));
        prop_assert_eq!(show(&encode(BodyEncoder::binary(), &pieces)), show(&body));
        let mut encoder = BodyEncoder::new(Dots::Stuff);
        for piece in &pieces {
            let mut input = *piece;
            while encoder.next(&mut input).is_some() {}
        }
        encoder.finish();
        let longest = lines.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).len()).max();
        prop_assert_eq!(encoder.longest_line(), longest.unwrap_or(0));
    }

    #[test]
    fn what_arrives_is_what_was_given(body in bodies(), after in bodies(),
                                      cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let mut wire = encode(BodyEncoder::new(Dots::Stuff), &[&body]);
        wire.extend_from_slice(b".\r\n");
        wire.extend_from_slice(&after);
        let (arrived, end) = decode(&cut(&wire, &cuts));
        let lines = delivered(&body);
        // Mended already, nothing is changed but what only looks like an end.
        let (mended, end_of_mended) = mend(&cut(&wire, &cuts));
        prop_assert_eq!(&end_of_mended, &Ok(Some(after.clone())));
        prop_assert_eq!(show(&mended).replace(' ', ""), show(&lines).replace(' ', ""));
        // A line that begins with NUL gets no second dot.
        let hidden = |line: &[u8]| line.starts_with(b"\0") && line.iter().filter(|&&b| b != 0).eq(b".\r");
        if lines.split(|&b| b == b'\n').any(hidden) {
            prop_assert_eq!(end, Err(BodyError::HiddenEnd));
        } else {
            prop_assert_eq!(show(&arrived), show(&lines));
            prop_assert_eq!(end, Ok(Some(after)));
        }
    }

    #[test]
    fn decoding_does_not_see_splits(wire in bodies(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let whole = decode(&[&wire]);
        prop_assert_eq!(decode(&cut(&wire, &cuts)), whole.clone(), "{}", format!("{:?}", cuts));
        prop_assert_eq!(decode(&wire.chunks(1).collect::<Vec<_>>()), whole.clone());
        // What was taken for a body never holds a bare line end.
        prop_assert_eq!(normalised(&whole.0), whole.0);
        let whole = mend(&[&wire]);
        prop_assert_eq!(mend(&cut(&wire, &cuts)), whole.clone(), "{}", format!("{:?}", cuts));
        prop_assert_eq!(mend(&wire.chunks(1).collect::<Vec<_>>()), whole.clone());
        prop_assert_eq!(normalised(&whole.0), whole.0.clone());
        // Nor an end that others see and this side does not, when it is handed on.
        let seen: Vec<u8> = stuffed(&whole.0).into_iter().filter(|octet| *octet != 0).collect();
        prop_assert!(!seen.starts_with(b".\r\n") && !seen.windows(5).any(|five| five == b"\r\n.\r\n"));
        // The end is where the first CRLF.CRLF is.
        let end = if wire.starts_with(b".\r\n") { Some(3) } else {
            wire.windows(5).position(|five| five == b"\r\n.\r\n").map(|place| place + 5)
        };
        prop_assert_eq!(whole.1.unwrap().map(|rest| wire.len() - rest.len()), end);
        let body = chunks(&[&wire]);
        prop_assert_eq!(chunks(&cut(&wire, &cuts)), body.clone());
        prop_assert_eq!(show(&body).replace(' ', ""), show(&normalised(&wire)).replace(' ', ""));
    }
}
