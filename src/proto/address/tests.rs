use super::*;
use alloc::format;
use alloc::string::ToString;
use proptest::prelude::*;

#[test]
fn mailboxes_that_are_taken() {
    let rows = [
        ("alice@example.com", "alice", Some("example.com")),
        ("a.b+c@x.y", "a.b+c", Some("x.y")),
        ("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~", Some("example.com")),
        ("-rf@example.com", "-rf", Some("example.com")),
        ("host!user%gate@relay", "host!user%gate", Some("relay")),
        ("\"alice b\"@example.com", "\"alice b\"", Some("example.com")),
        ("\"a@b\"@example.com", "\"a@b\"", Some("example.com")),
        ("\"x@evil x\"@internal", "\"x@evil x\"", Some("internal")),
        ("\"a\\\"b\\\\\"@example.com", "\"a\\\"b\\\\\"", Some("example.com")),
        ("\";cmd;\"@example.com", "\";cmd;\"", Some("example.com")),
        ("\"<>\"@example.com", "\"<>\"", Some("example.com")),
        ("\"\"@example.com", "\"\"", Some("example.com")),
        ("a@[192.0.2.1]", "a", Some("[192.0.2.1]")),
        ("a@[IPv6:2001:db8::1]", "a", Some("[IPv6:2001:db8::1]")),
        ("a@[ipv6:::ffff:192.0.2.1]", "a", Some("[ipv6:::ffff:192.0.2.1]")),
        ("a@[x400:c=de/o=x]", "a", Some("[x400:c=de/o=x]")),
        ("a@my_host.example", "a", Some("my_host.example")),
        // Bad style, which other mail systems take: dots anywhere, a dot at the end of the domain, hyphens.
        (".a@example.com", ".a", Some("example.com")),
        ("a.@example.com", "a.", Some("example.com")),
        ("a..b@example.com", "a..b", Some("example.com")),
        ("..a...b..@example.com", "..a...b..", Some("example.com")),
        (".@example.com", ".", Some("example.com")),
        ("a@example.com.", "a", Some("example.com.")),
        ("a.@[192.0.2.1]", "a.", Some("[192.0.2.1]")),
        ("a@-x.example", "a", Some("-x.example")),
        ("a@x-.example-", "a", Some("x-.example-")),
        ("a@b_c._x", "a", Some("b_c._x")),
        ("A.B@EXAMPLE.Com", "A.B", Some("EXAMPLE.Com")),
        ("a..", "a..", None),
        ("alice", "alice", None),
        ("\"alice b\"", "\"alice b\"", None),
        ("Postmaster", "Postmaster", None),
        ("j\u{f6}rg@b\u{fc}cher.example", "j\u{f6}rg", Some("b\u{fc}cher.example")),
        (
            "\u{7528}\u{6237}@\u{4f8b}\u{5b50}.\u{5e7f}\u{544a}",
            "\u{7528}\u{6237}",
            Some("\u{4f8b}\u{5b50}.\u{5e7f}\u{544a}"),
        ),
    ];
    for (text, local, domain) in rows {
        let blanks = [format!(" {text}"), format!("\t{text} \t "), format!(" <{text}>\t"), format!("< {text}\t>")];
        for given in [text.to_string(), format!("<{text}>")].into_iter().chain(blanks) {
            let mailbox = Mailbox::parse(&given).unwrap_or_else(|error| panic!("{given}: {error}"));
            assert_eq!((mailbox.as_str(), mailbox.local_part(), mailbox.domain()), (text, local, domain));
            assert_eq!(mailbox.is_ascii(), text.is_ascii());
            assert_eq!(ForwardPath::parse(&given).unwrap().as_str(), text);
            assert_eq!(ReversePath::parse(&given).unwrap().as_str(), text);
        }
    }
}

#[test]
fn addresses_that_are_refused() {
    for text in [
        "@",
        "@example.com",
        "a@",
        "a@b@c",
        "a b@example.com",
        "a@exam ple.com",
        "a@example.com(comment)",
        "(comment)a@example.com",
        "a@(comment)example.com",
        "Alice <alice@example.com>",
        "<a@example.com",
        "a@example.com>",
        "<<a@example.com>>",
        "a@b>\r\nRCPT TO:<x@y",
        "\"a\r\nRCPT TO:<x>\"@b",
        "\"a\nb\"@c",
        "\"a\0b\"@c",
        "\"a\u{7f}b\"@c",
        "\"a\u{85}b\"@c",
        "\"a\tb\"@c",
        "a\0@b",
        "a@b\0",
        ";cmd;@example.com",
        "a@.example.com",
        "a@example..com",
        "a@example.com..",
        "a@.",
        "a@..",
        "a@.b.",
        ".@",
        "< a@example.com",
        "a@example.com >",
        "<a@example.com> x",
        "\u{a0}a@example.com",
        "a@example.com\u{a0}",
        "\u{3000}a@example.com",
        "a@example.com\n",
        "\ra@example.com",
        "a@exam\tple.com",
        "a@exa!mple",
        "\"a@example.com",
        "\"a\"b@example.com",
        "a\"b\"@example.com",
        "\"a\\\"@example.com",
        "\"a\\\u{e9}\"@example.com",
        "a@[192.0.2.1",
        "a@[192.0.2.256]",
        "a@[192.0.2.1]x",
        "a@[2001:db8::1]",
        "a@[IPv6:nonsense]",
        "a@[]",
        "a@[:x]",
        "a@[tag:]",
        "a@[tag:a b]",
        "a@[tag:[x]",
        "a\u{a0}b@example.com",
        "a@b\u{3000}c",
        "a\u{2028}b@c",
        "\u{9b}@c",
        ",a@example.com",
        "a,b@example.com",
        "a:b@example.com",
        "a\\b@example.com",
    ] {
        assert!(Mailbox::parse(text).is_err(), "{text:?}");
        assert!(ForwardPath::parse(text).is_err(), "{text:?}");
        assert!(ReversePath::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn the_null_sender_is_no_recipient() {
    for text in ["", "<>", " ", "\t<> ", "< >"] {
        let path = ReversePath::parse(text).unwrap();
        assert!(path.is_null() && path.mailbox().is_none() && path == ReversePath::null());
        assert_eq!((path.as_str(), path.route()), ("", ""));
        assert_eq!(ForwardPath::parse(text).unwrap_err().to_string(), "recipient: is empty");
        assert!(Mailbox::parse(text).is_err());
    }
}

#[test]
fn source_routes_are_kept_apart() {
    let path = ForwardPath::parse("<@a.example,@[192.0.2.1],@[IPv6:::1]:joe@b.example>").unwrap();
    assert_eq!((path.as_str(), path.route()), ("joe@b.example", "@a.example,@[192.0.2.1],@[IPv6:::1]"));
    let path = ReversePath::parse("@a:joe@b").unwrap();
    assert_eq!((path.as_str(), path.route()), ("joe@b", "@a"));
    assert_eq!(path.to_string(), "joe@b");
    for text in ["@a:", "@a,joe@b", "@a,:joe@b", "@:joe@b", "@a@b:c@d", "@a:@b:c@d", "@a b:c@d", "@a,b:c@d", "@a:b c@d"]
    {
        assert!(ForwardPath::parse(text).is_err(), "{text:?}");
        assert!(ReversePath::parse(text).is_err(), "{text:?}");
    }
    assert!(Mailbox::parse("@a:joe@b").is_err(), "a mailbox has no route");
}

#[test]
fn lengths() {
    let taken = |text: &str| ForwardPath::parse(text).is_ok();
    let word = |length: usize| "x".repeat(length);
    assert!(taken(&format!("{}@b", word(64))));
    assert!(
        Mailbox::received(&format!("{}@b", word(252))).is_ok()
            && Mailbox::received(&format!("{}@b", word(253))).is_err()
    );
    assert!(!taken(&format!("{}@b", word(65))));
    assert!(taken(&format!("\"{}\"@b", word(62))));
    assert!(!taken(&format!("\"{}\"@b", word(63))));
    assert!(taken(&format!("a@{}", word(63))));
    assert!(!taken(&format!("a@{}", word(64))));
    let domain = |length: usize| format!("{}.{}.{}.{}", word(63), word(63), word(63), word(length - 192));
    assert_eq!(domain(240).len(), 240);
    assert!(taken(&format!("{}@{}", word(13), domain(240))));
    assert!(!taken(&format!("{}@{}", word(14), domain(240))));
    assert!(!taken(&format!("@{}:a@b", ["x"; 200].join("."))));
    assert!(!taken(&word(100_000)));
    assert!(!taken(&format!("@{}", "a,@".repeat(100_000))));
}

#[test]
fn errors_say_which_and_why() {
    assert_eq!(
        ForwardPath::parse("a b@c").unwrap_err().to_string(),
        "recipient: holds a space or a special character that an address has in a quoted local part only (character 2 is a \
         space)"
    );
    let sender = ReversePath::parse("a\n@c").unwrap_err();
    assert_eq!(sender.to_string(), "sender: holds a control character (character 2 is U+000A)");
    assert_eq!(Mailbox::parse("@c").unwrap_err().to_string(), "address: has no local part (character 1 is @)");
    assert_eq!(Mailbox::parse(&"x".repeat(300)).unwrap_err().to_string(), "address: is longer than 254 octets");
}

/// Counted in characters of what was given, blanks and brackets and all.
#[test]
fn errors_say_where() {
    let rows = [
        ("a@b c", 4, ' '),
        ("  a@b c  ", 6, ' '),
        ("<a@b c>", 5, ' '),
        (" < a@b c > ", 7, ' '),
        ("\u{e9}\u{e9}@\u{e9}!", 5, '!'),
        ("a@b@c", 4, '@'),
        ("a,b@c", 2, ','),
        (",a@c", 1, ','),
        ("a@x..y", 5, '.'),
        ("a@.y", 3, '.'),
        ("a@b\u{a0}", 4, '\u{a0}'),
        ("a@b\r\nRCPT TO:<x@y", 4, '\r'),
        ("\"a\u{85}\"@b", 3, '\u{85}'),
        ("a@[1.2.3]", 3, '['),
        ("@a,b:c@d", 4, 'b'),
        ("@a:c@d e", 7, ' '),
        ("Alice <alice@example.com>", 6, ' '),
        ("\"Alice\" <alice@example.com>", 8, ' '),
    ];
    for (text, place, c) in rows {
        assert_eq!(ForwardPath::parse(text).unwrap_err().at, Some((place, c)), "{text:?}");
        assert_eq!(ReversePath::parse(text).unwrap_err().at, Some((place, c)), "{text:?}");
    }
    let named = ForwardPath::parse("Alice <alice@example.com>").unwrap_err();
    assert_eq!(named.why, "is a name and an address: give what stands between < and >");
}

/// Texts made of what addresses are made of.
fn nearly_address() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        "[a-z0-9]{1,5}",
        "[@.<>\",:;\\[\\]\\\\ ()-]",
        Just(String::from("[192.0.2.1]")),
        Just(String::from("[IPv6:::1]")),
        Just(String::from("\u{e9}")),
        Just(String::from("\r\n")),
    ];
    proptest::collection::vec(token, 0..10).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn what_is_parsed_is_what_is_sent(text in prop_oneof![nearly_address(), any::<String>()]) {
        if let Ok(path) = ForwardPath::parse(&text) {
            let blank = [' ', '\t'];
            let bare = text.trim_matches(blank);
            let bare = bare.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(bare).trim_matches(blank);
            let route = if path.route().is_empty() { String::new() } else { format!("{}:", path.route()) };
            prop_assert_eq!(format!("{route}{}", path.as_str()), bare);
            prop_assert!(!path.as_str().contains(char::is_control));
            // What is sent reads as the same address again, in brackets too.
            let again = ForwardPath::parse(&format!("<{}>", path.as_str())).unwrap();
            prop_assert_eq!(again.mailbox(), path.mailbox());
            let mailbox = path.mailbox();
            let joined = match mailbox.domain() {
                Some(domain) => format!("{}@{domain}", mailbox.local_part()),
                None => mailbox.local_part().to_string(),
            };
            prop_assert_eq!(joined, mailbox.as_str());
        }
        let _ = ReversePath::parse(&text);
        let _ = Mailbox::parse(&text);
    }
}
