use super::*;
#[cfg(all(unix, feature = "tls"))]
use crate::policy::tests::Folder;
use std::time::Duration;

fn part(name: &str, values: &[(&str, &str)]) -> Part {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Part { name: name.to_owned(), values }
}

#[test]
fn the_manuals_entries_and_the_files_keys() {
    let parts = [
        part("", &[("Timeout", "45"), ("DebugLevel", "2"), ("Serial", "1234-X"), ("helo_name", "gateway.example")]),
        part("distinct.constants", &[("SMTP_TIMED_OUT", "10060")]),
        part("host mailhost 10.1.*", &[("server", "smtp.example"), ("Port", "2525")]),
        part("Setup", &[("port", "none")]),
    ];
    let policy = from_parts(&parts, Rights::Ordinary).unwrap();
    let site = policy.settings_for("mailhost");
    assert_eq!(site.place("mailhost", 25), ("smtp.example".to_owned(), 2525));
    assert_eq!((site.timeouts.reply, site.debug_level), (Some(Duration::from_secs(45)), Some(2)));
    assert_eq!(site.helo_name.as_deref(), Some("gateway.example"));
    assert_eq!(policy.settings_for("other").port, None);
    assert_eq!(policy.distinct_constants().theirs(crate::policy::Kind::Code, 11), 10060);
}

#[test]
fn errors_name_the_entry() {
    for (parts, words) in [
        (
            part("", &[("Timeout", "0")]),
            r"policy file HKEY_LOCAL_MACHINE\SOFTWARE\Distinct\DLLS\SMTP32: Timeout is not a time",
        ),
        (part("host a", &[("port", "x")]), r"SMTP32\host a: port is not a number"),
        (
            part("host a", &[("server", "h"), ("user", "u"), ("password", "wonderland")]),
            "password stands where every user",
        ),
        (part("", &[("proxy", "socks5://u:wonderland@p")]), "proxy stands where every user"),
        (part("distinct.constants", &[("SMTP_X", "1")]), "SMTP_X is no constant"),
    ] {
        let shown = from_parts(&[parts], Rights::Ordinary).unwrap_err().to_string();
        assert!(shown.contains(words) && !shown.contains("wonderland"), "{shown}");
    }
}

#[cfg(all(unix, feature = "tls"))]
#[test]
fn a_password_can_stand_in_a_file() {
    let folder = Folder::new("registry");
    let file = folder.0.join("password").display().to_string();
    let parts = [part("host a", &[("server", "h"), ("user", "u"), ("password_file", &file)])];
    assert!(from_parts(&parts, Rights::Ordinary).unwrap().settings_for("a").login.is_some());
}
