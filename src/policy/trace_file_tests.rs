use super::*;
use crate::policy::tests::Folder;
use std::fs;

/// The lines of a trace, without time and process.
fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let bare = |line: &str| line.splitn(4, ' ').nth(3).unwrap().to_owned();
    text.lines().map(bare).collect()
}

#[test]
fn who_spoke_and_only_the_beginning_of_a_message() {
    let folder = Folder::new("trace");
    let file = TraceFile::new(folder.0.join("trace"));
    let mut tracer = file.observer("mail.example", 587).unwrap();
    tracer.received(b"220 a\r\n250-b\r\n250 c\x1b\r\n");
    tracer.sent(b"DATA\r\n");
    tracer.body(b"Subject: x\r\n\r\n");
    tracer.body("y".repeat(5000).as_bytes());
    tracer.sent(b".\r\n");
    drop(tracer);
    let seen = lines(file.path());
    let number = fs::read_to_string(file.path()).unwrap().split(' ').nth(2).unwrap().to_owned();
    assert!(number.starts_with(&format!("{}-", std::process::id())), "{number}");
    assert_eq!(
        seen[..7],
        [
            "* connecting to mail.example, port 587",
            "S 220 a",
            "S 250-b",
            "S 250 c\\u{1b}",
            "C DATA",
            "C Subject: x",
            "C "
        ]
    );
    assert!(seen[7].starts_with("C yyy") && seen[7].ends_with("... 2034 octets in all"), "{}", seen[7]);
    assert_eq!(seen[8..], ["* ... and 2966 octets more of the message", "C ."]);
}

#[test]
fn two_connections_have_two_numbers() {
    let folder = Folder::new("trace-two");
    let file = TraceFile::new(folder.0.join("trace"));
    drop((file.observer("a", 1), file.observer("b", 2)));
    let text = fs::read_to_string(file.path()).unwrap();
    let numbers: Vec<&str> = text.lines().map(|line| line.split(' ').nth(2).unwrap()).collect();
    assert!(numbers.len() == 2 && numbers[0] != numbers[1], "{text}");
}

#[test]
fn what_cannot_be_written_is_remembered_and_nobody_is_held_up() {
    let folder = Folder::new("trace-broken");
    let place = folder.0.join("not-yet");
    let file = TraceFile::new(place.join("trace"));
    let mut tracer = file.observer("a", 1).unwrap();
    assert!(!tracer.enabled());
    tracer.sent(b"NOOP\r\n");
    assert!(file.problem().unwrap().contains("cannot be written"), "{:?}", file.problem());
    // The next connection tries again.
    fs::create_dir(&place).unwrap();
    assert!(file.observer("a", 1).unwrap().enabled());
    assert_eq!(file.problem(), None);
}
