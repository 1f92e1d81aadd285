use super::*;
use alloc::vec;
use proptest::prelude::*;

/// The lines, and the error if one came.
fn run(limit: usize, pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Option<LineError>) {
    let mut reader = LineReader::new(limit);
    let mut lines = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        loop {
            match reader.feed(&mut input) {
                Ok(LineStep::NeedMore) => break,
                Ok(LineStep::Line(line)) => lines.push(line.to_vec()),
                Err(error) => {
                    assert_eq!(reader.feed(&mut input), Err(error), "an error must stay");
                    return (lines, Some(error));
                }
            }
        }
        assert!(input.is_empty());
    }
    (lines, None)
}

#[test]
fn lines_and_what_is_none() {
    use LineError::*;
    let ok = |lines: &[&str]| (lines.iter().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>(), None);
    assert_eq!(run(20, &[b"NOOP\r\nQUIT\r\nRS"]), ok(&["NOOP", "QUIT"]));
    assert_eq!(run(20, &[b"\r\n\r\n"]), ok(&["", ""]));
    assert_eq!(run(20, &[b"NO", b"OP\r", b"\nQUIT\r\n"]), ok(&["NOOP", "QUIT"]));
    assert_eq!(run(20, &[b"NO\nOP\r\n"]), (vec![], Some(BareLf)));
    assert_eq!(run(20, &[b"NO\rOP\r\n"]), (vec![], Some(BareCr)));
    assert_eq!(run(20, &[b"NOOP\r\r\n"]), (vec![], Some(BareCr)));
    assert_eq!(run(20, &[b"NOOP\r\n\nQUIT\r\n"]), (vec![b"NOOP".to_vec()], Some(BareLf)));
    assert_eq!(run(6, &[b"NOOP\r\n"]), ok(&["NOOP"]));
    assert_eq!(run(5, &[b"NOOP\r\n"]), (vec![], Some(TooLong)));
    assert_eq!(run(100, &[&vec![b'x'; 4 << 20]]), (vec![], Some(TooLong)));
}

/// The same with lines that are too long skipped, which stand as `None`.
fn run_on(limit: usize, most: usize, pieces: &[&[u8]]) -> (Vec<Option<Vec<u8>>>, Option<LineError>) {
    let mut reader = LineReader::new(limit);
    let (mut lines, mut skipping) = (Vec::new(), false);
    for piece in pieces {
        let mut input = *piece;
        loop {
            if skipping {
                match reader.skip(&mut input, most) {
                    Ok(over) => skipping = !over,
                    Err(error) => {
                        assert_eq!(reader.skip(&mut input, most), Err(error), "an error must stay");
                        return (lines, Some(error));
                    }
                }
                if skipping {
                    break assert!(input.is_empty());
                }
            }
            match reader.feed(&mut input) {
                Ok(LineStep::NeedMore) => break,
                Ok(LineStep::Line(line)) => lines.push(Some(line.to_vec())),
                Err(LineError::TooLong) => {
                    lines.push(None);
                    skipping = true;
                }
                Err(error) => return (lines, Some(error)),
            }
        }
    }
    (lines, None)
}

#[test]
fn lines_that_are_too_long_are_skipped() {
    use LineError::*;
    let line = |text: &str| Some(text.as_bytes().to_vec());
    assert_eq!(run_on(6, 20, &[b"NOOP x\r\nQUIT\r\n"]), (vec![None, line("QUIT")], None));
    assert_eq!(run_on(6, 20, &[b"NOOP x\r", b"\nQUIT\r\n"]), (vec![None, line("QUIT")], None));
    assert_eq!(run_on(6, 20, &[b"NOOP xxxxxx\rQUIT\r\n"]), (vec![None], Some(BareCr)));
    assert_eq!(run_on(6, 20, &[b"NOOP xxxxxx\nQUIT\r\n"]), (vec![None], Some(BareLf)));
    assert_eq!(run_on(6, 20, &[&b"x".repeat(20), b"\r\nA\r\n"]), (vec![None, line("A")], None));
    assert_eq!(run_on(6, 20, &[&b"x".repeat(21), b"\r\nA\r\n"]), (vec![None], Some(TooLong)));
}

#[test]
fn a_whole_line_is_not_copied() {
    let mut reader = LineReader::new(100);
    let data = b"NOOP\r\n";
    let mut input = &data[..];
    let Ok(LineStep::Line(line)) = reader.feed(&mut input) else { panic!("no line") };
    assert_eq!(line.as_ptr(), data.as_ptr());
}

proptest! {
    #[test]
    fn any_split_gives_the_same(
        tokens in proptest::collection::vec(prop_oneof![6 => Just("\r\n"), 6 => Just("ab"), 1 => Just("\r"), 1 => Just("\n")], 0..30),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
        limit in 0..12usize,
    ) {
        let input = tokens.concat().into_bytes();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        places.extend([0, input.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &input[pair[0]..pair[1]]).collect();
        for limit in [limit, 100] {
            let whole = run(limit, &[&input]);
            prop_assert_eq!(&run(limit, &pieces), &whole);
            prop_assert_eq!(&run(limit, &input.chunks(1).collect::<Vec<_>>()), &whole);
            let whole = run_on(limit, limit + 8, &[&input]);
            prop_assert_eq!(&run_on(limit, limit + 8, &pieces), &whole);
            prop_assert_eq!(&run_on(limit, limit + 8, &input.chunks(1).collect::<Vec<_>>()), &whole);
        }
    }
}
