use super::*;
use alloc::string::ToString;
use alloc::{format, vec};
use proptest::prelude::*;

fn unstructured(name: &str, text: &str) -> String {
    let mut out = String::new();
    append_unstructured(&mut out, name, text).unwrap();
    out
}

fn addresses(list: &[(&str, &str)]) -> String {
    let boxes: alloc::vec::Vec<_> =
        list.iter().map(|(name, address)| (*name, Mailbox::parse(address).unwrap())).collect();
    let list: alloc::vec::Vec<_> = boxes.iter().map(|(name, mailbox)| Addressee { name, mailbox }).collect();
    let mut out = String::new();
    append_addresses(&mut out, "To", &list).unwrap();
    out
}

#[test]
fn ascii_stays_as_it_is() {
    assert_eq!(unstructured("Subject", "NetX SMTP Client Demo"), "Subject: NetX SMTP Client Demo\r\n");
    assert_eq!(unstructured("Subject", ""), "Subject:\r\n");
    assert_eq!(unstructured("Subject", "=?utf-8?B?w6k=?="), "Subject: =?utf-8?B?w6k=?=\r\n");
    assert_eq!(unstructured("Subject", "a\tb  c "), "Subject: a\tb  c \r\n");
}

#[test]
fn long_text_folds_before_white_space() {
    let text = "The quick brown fox jumps over the lazy dog and then does it once more, for good measure";
    assert_eq!(
        unstructured("Subject", text),
        "Subject: The quick brown fox jumps over the lazy dog and then does it once\r\n more, for good measure\r\n"
    );
}

#[test]
fn what_is_not_ascii_is_encoded() {
    assert_eq!(unstructured("Subject", "Gr\u{fc}\u{df}e"), "Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n");
}

#[test]
fn a_word_that_no_line_can_hold_is_encoded() {
    let field = unstructured("Subject", &"x".repeat(2000));
    assert!(field.split("\r\n").all(|line| line.len() <= 76), "{field}");
    let field = unstructured("Subject", &format!("a{}", " ".repeat(2000)));
    assert!(field.split("\r\n").all(|line| line.len() <= 76), "{field}");
}

#[test]
fn control_characters_are_refused_and_nothing_is_written() {
    let mailbox = Mailbox::parse("a@b.example").unwrap();
    for bad in ["a\rb", "a\nb", "a\r\nBcc: x", "a\0b", "a\x1bb", "a\x7fb", "\u{e9}\n", "\x08"] {
        let mut out = "Kept: 1\r\n".to_string();
        assert!(append_unstructured(&mut out, "Subject", bad).is_err(), "{bad:?}");
        let list = [Addressee { name: bad, mailbox: &mailbox }];
        assert!(append_addresses(&mut out, "To", &list).is_err(), "{bad:?}");
        assert_eq!(out, "Kept: 1\r\n");
    }
    assert!(check_header_value(&"x".repeat(MAX_VALUE + 1)).is_err());
}

#[test]
fn bad_names_are_refused() {
    for bad in ["", "Sub ject", "Subject:", "Sub\r\nject", "Bet\u{e4}", &"x".repeat(MAX_NAME + 1)] {
        assert!(append_unstructured(&mut String::new(), bad, "x").is_err(), "{bad:?}");
    }
}

#[test]
fn display_names_are_quoted_or_encoded_as_needed() {
    assert_eq!(addresses(&[("", "a@b.example")]), "To: a@b.example\r\n");
    assert_eq!(addresses(&[("Alice Smith", "a@b.example")]), "To: Alice Smith <a@b.example>\r\n");
    assert_eq!(addresses(&[("Smith, A.", "a@b.example")]), "To: \"Smith, A.\" <a@b.example>\r\n");
    assert_eq!(addresses(&[("A \"q\" \\", "a@b.example")]), "To: \"A \\\"q\\\" \\\\\" <a@b.example>\r\n");
    assert_eq!(addresses(&[("=?utf-8?Q?x?=", "a@b.example")]), "To: \"=?utf-8?Q?x?=\" <a@b.example>\r\n");
    assert_eq!(addresses(&[("\u{c9}va", "a@b.example")]), "To: =?utf-8?B?w4l2YQ==?= <a@b.example>\r\n");
    assert_eq!(addresses(&[("", "\u{e9}@b.example")]), "To: \u{e9}@b.example\r\n");
    assert_eq!(addresses(&[]), "");
}

#[test]
fn lists_fold_between_addresses() {
    let list = vec![("Alice Smith", "alice@mail.example.com"); 3];
    assert_eq!(
        addresses(&list),
        "To: Alice Smith <alice@mail.example.com>, Alice Smith\r\n <alice@mail.example.com>, Alice Smith \
         <alice@mail.example.com>\r\n"
    );
}

/// What a reader sees of a field that holds no encoded words.
fn unfold(field: &str) -> String {
    field.strip_suffix("\r\n").unwrap().replace("\r\n", "")
}

proptest! {
    #[test]
    fn folding_changes_no_character(text in "[ \tA-Za-z0-9,.=?-]{0,500}") {
        let field = unstructured("Subject", &text);
        let seen = unfold(&field);
        let expected = if text.is_empty() { "Subject:".to_string() } else { format!("Subject: {text}") };
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn lines_are_bounded_whatever_the_text(text in "[\\PC\t]{0,300}( {0,500}|x{0,1200})", name in "[!-9;-~]{1,76}") {
        let field = unstructured(&name, &text);
        prop_assert!(field.is_ascii() && field.ends_with("\r\n"));
        let lines = field.strip_suffix("\r\n").unwrap().split("\r\n");
        for (number, line) in lines.enumerate() {
            prop_assert!(line.len() <= 998 && !line.contains(['\r', '\n']));
            // A continuation begins with white space and holds more than white space.
            prop_assert!(number == 0 || (line.starts_with([' ', '\t']) && !line.trim().is_empty()), "{:?}", field);
        }
    }

    #[test]
    fn any_text_is_answered(text in any::<String>(), name in any::<String>()) {
        let mut out = String::new();
        let taken = append_unstructured(&mut out, &name, &text).is_ok();
        prop_assert_eq!(taken, !out.is_empty());
    }
}
