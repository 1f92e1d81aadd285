use super::*;
use proptest::prelude::*;

fn place(text: &str) -> (String, Option<u16>) {
    let url = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    (url.host, url.port)
}

#[test]
fn hosts_as_old_programs_give_them() {
    assert_eq!(place("mail.example.com"), ("mail.example.com".to_string(), None));
    assert_eq!(place("mailhost"), ("mailhost".to_string(), None));
    assert_eq!(place("mail.example.com:2525"), ("mail.example.com".to_string(), Some(2525)));
    assert_eq!(place("192.0.2.1"), ("192.0.2.1".to_string(), None));
    assert_eq!(place("192.0.2.1:25"), ("192.0.2.1".to_string(), Some(25)));
    assert_eq!(place("::1"), ("::1".to_string(), None));
    assert_eq!(place("2001:db8::25"), ("2001:db8::25".to_string(), None));
    assert_eq!(place("[::1]"), ("::1".to_string(), None));
    assert_eq!(place("[::1]:465"), ("::1".to_string(), Some(465)));
    assert_eq!(place("fe80::1%eth0"), ("fe80::1%eth0".to_string(), None));
    assert_eq!(place("smtp://[fe80::1%25eth0]:26/"), ("fe80::1%eth0".to_string(), Some(26)));
    for (text, host) in [
        ("[::1%lo]", "::1%lo"),
        ("[::1%1]", "::1%1"),
        ("::1%lo", "::1%lo"),
        // Without a URL around it, 25 is the number of an interface.
        ("[fe80::1%25]", "fe80::1%25"),
        ("fe80::1%251", "fe80::1%251"),
        ("smtp://[fe80::1%eth0]", "fe80::1%eth0"),
        ("smtp://[fe80::1%25eth0.100]", "fe80::1%eth0.100"),
        ("smtp://[fe80::1%252]", "fe80::1%2"),
        ("smtp://[fe80::1%25]", "fe80::1%25"),
        ("smtps://u:p@[fe80::1%25wlp3s0]", "fe80::1%wlp3s0"),
    ] {
        assert_eq!(place(text), (host.to_string(), None), "{text}");
    }
    assert_eq!(place("bücher.example"), ("bücher.example".to_string(), None));
}

#[test]
fn schemes_and_their_ports() {
    for (text, scheme, port) in [
        ("host", Scheme::Plain, 25),
        ("smtp://host", Scheme::Smtp, 25),
        ("SMTPS://host/", Scheme::Smtps, 465),
        ("smtp+starttls://host", Scheme::StartTls, 587),
        ("smtps://host:2465", Scheme::Smtps, 2465),
    ] {
        let url = parse(text).unwrap();
        assert_eq!((url.scheme, url.port_or_default()), (scheme, port), "{text}");
    }
}

#[test]
fn logins_are_percent_decoded() {
    let url = parse("smtps://alice%40example.com:p%3Aw%2Fx:y%25@mail.example.com:465").unwrap();
    assert_eq!(url.user.as_deref(), Some("alice@example.com"));
    assert_eq!(url.password.as_ref().unwrap().expose(), "p:w/x:y%");
    assert_eq!((url.host.as_str(), url.port), ("mail.example.com", Some(465)));

    let url = parse("smtp://alice@host").unwrap();
    assert_eq!(url.user.as_deref(), Some("alice"));
    assert!(url.password.is_none());
}

#[test]
fn debug_shows_no_password() {
    let shown = format!("{:?}", parse("smtp://alice:wonderland@host").unwrap());
    assert!(shown.contains("<hidden>") && !shown.contains("wonderland"), "{shown}");
}

#[test]
fn what_is_no_address_is_refused_and_the_error_does_not_repeat_it() {
    for text in [
        "",
        "smtp://",
        "smtp:///",
        ":25",
        "host:",
        "host:0",
        "host:65536",
        "host:+25",
        "host:2 5",
        "ho st",
        "host\r\nQUIT",
        "ho\0st",
        "http://host",
        "://host",
        "[::1",
        "[::1]25",
        "[host]",
        "[]",
        "1:2:3",
        "smtp://host/path",
        "smtp://host?q",
        "smtp://host#f",
        "smtp://a@b@host",
        "smtp://@host",
        "smtp://:secretive@host",
        "smtp://us%0d%0aer@host",
        "smtp://user:secretive%00@host",
        "smtp://user:secretive%0A@host",
        "smtp://ho%0Ast",
        "smtp://user:secretive%@host",
        "smtp://user:secretive%4@host",
        "smtp://user:secretive%zz@host",
        "smtp://user:secretive%ff@host",
        "smtp://%20host",
        "smtp://user:secretive/x@host",
        "fe80::1%",
        "fe80::1%a b",
        "fe80::1%a%b",
        "[fe80::1%a/b]",
        "smtp://[fe80::1%25a%20b]",
        "1.2.3.4%lo",
        "[1.2.3.4%lo]",
        "mail.example%lo",
        "user@host",
        "smtp://ho%40st",
        "smtp://a%5bb",
    ] {
        let error = parse(text).err().unwrap_or_else(|| panic!("{text:?} was taken"));
        assert!(!error.to_string().contains("secretive"), "{error}");
    }
    assert!(parse(&"h".repeat(256)).is_err());
    assert!(parse(&format!("smtp://u:{}@h", "p".repeat(MAX_TEXT))).is_err());
}

#[test]
fn proxies() {
    let proxy = parse_proxy("socks5h://al%40ice:secretive@proxy.example").unwrap();
    assert_eq!((proxy.version, proxy.resolve), (ProxyVersion::Socks5, Resolve::Remote));
    assert_eq!((proxy.host.as_str(), proxy.port, proxy.user.as_deref()), ("proxy.example", 1080, Some("al@ice")));
    assert_eq!(proxy.methods, ProxyMethods { none: true, password: true });
    assert!(!format!("{proxy:?}").contains("secretive"));

    let proxy = parse_proxy("SOCKS://[::1]:9050/").unwrap();
    assert_eq!((proxy.version, proxy.host.as_str(), proxy.port), (ProxyVersion::Auto, "::1", 9050));
    assert_eq!(proxy.methods, ProxyMethods { none: true, password: false });
    assert_eq!(parse_proxy("socks4://u@h").unwrap().resolve, Resolve::Local);
    assert_eq!(parse_proxy("socks4a://h").unwrap().version, ProxyVersion::Socks4a);

    for text in ["", "h", "h:1080", "http://h", "socks5://", "socks5://h/x", "socks5://u%00@h", "socks6://h"] {
        assert!(parse_proxy(text).is_err(), "{text}");
    }
}

/// Every octet written as %XX.
fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

proptest! {
    #[test]
    fn what_is_encoded_comes_back(user in "[^\0\r\n]{1,20}", password in "[^\0\r\n]{0,20}", port in 1u16..) {
        let text = format!("smtp://{}:{}@h.example:{port}", percent(&user), percent(&password));
        let url = parse(&text).unwrap();
        prop_assert_eq!(url.user.unwrap(), user);
        prop_assert_eq!(url.password.as_ref().unwrap().expose(), password);
        prop_assert_eq!((url.host.as_str(), url.port), ("h.example", Some(port)));
    }

    #[test]
    fn nothing_panics_and_nothing_smuggles_a_line_end(text in "(smtp://)?[a-z0-9:@%/\\[\\]\r\n\0.]{0,40}") {
        if let Ok(url) = parse(&text) {
            let password = url.password.as_ref().map_or("", Secret::expose);
            for part in [url.host.as_str(), url.user.as_deref().unwrap_or(""), password] {
                prop_assert!(!part.contains(['\0', '\r', '\n']));
            }
        }
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        let _ = parse(&text);
    }
}
