use super::*;
use proptest::prelude::*;
use std::fs;
use std::path::PathBuf;

const EXAMPLE: &str = "\
# A comment; the next lines hold for every host.
timeout = 20
message_timeout = 10 min

[host mailhost 10.1.*]
server = smtp.example.com:2525
reply_timeout = 1500 ms
debug_level=2
pipelining = Full

[host *.old.example]
; another comment
server = smtp://[2001:db8::25]
dots = caller
helo_name = gateway.example.com

[general]
debug_level = 1

[host *]
port = 26
";

fn policy(text: &str) -> Policy {
    Policy::parse(text, "helo.conf").unwrap_or_else(|error| panic!("{error}"))
}

/// The line and the text of the error that a file gives.
fn error(text: &str) -> (usize, String) {
    let error = Policy::parse(text, "helo.conf").err().unwrap_or_else(|| panic!("taken: {text:?}"));
    (error.line, error.to_string())
}

#[test]
fn the_first_section_that_matches_counts_and_general_fills_it() {
    let site = policy(EXAMPLE).settings_for("MailHost.");
    assert_eq!(site.place("mailhost", 25), ("smtp.example.com".to_string(), 2525));
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let expected = Timeouts {
        connect: seconds(20),
        greeting: seconds(20),
        reply: Some(Duration::from_millis(1500)),
        data: seconds(20),
        message: seconds(600),
    };
    assert_eq!(site.timeouts, expected);
    assert_eq!((site.debug_level, site.pipelining, site.dots), (Some(2), Some(Level::Full), None));

    let site = policy(EXAMPLE).settings_for("10.1.99.3");
    assert_eq!(site.debug_level, Some(2));

    let site = policy(EXAMPLE).settings_for("a.old.example");
    assert_eq!(site.place("a.old.example", 25), ("2001:db8::25".to_string(), 25));
    assert_eq!((site.debug_level, site.dots), (Some(1), Some(Dots::Off)));
    assert_eq!(site.helo_name.as_deref(), Some("gateway.example.com"));

    let site = policy(EXAMPLE).settings_for("anything.else");
    assert_eq!(site.place("anything.else", 25), ("anything.else".to_string(), 26));
}

#[test]
fn an_address_is_one_however_it_is_written() {
    let site = policy("[host 2001:DB8:0:0::1]\nport = 26").settings_for("[2001:db8::1]");
    assert_eq!(site.port, Some(26));
}

#[test]
fn a_general_port_does_not_follow_a_hosts_own_server() {
    let policy = policy("port = 2525\n[host a]\nserver = b\n[host c]\ndebug_level = 1");
    assert_eq!(policy.settings_for("a").place("a", 25), ("b".to_string(), 25));
    assert_eq!(policy.settings_for("c").place("c", 25), ("c".to_string(), 2525));
    assert_eq!(policy.settings_for("d").place("d", 25), ("d".to_string(), 2525));
}

#[test]
fn an_empty_file_decides_nothing() {
    for text in ["", "\n\n", "\u{feff}# only a comment", "[general]", "\r\n; x\r\n"] {
        let site = policy(text).settings_for("mailhost");
        assert_eq!(site.place("mailhost", 25), ("mailhost".to_string(), 25));
        assert_eq!(site.timeouts, Timeouts::default());
    }
}

#[test]
fn values_are_taken_as_they_stand() {
    let site = policy("helo_name = \"a'\\n#;b\"\r\n").settings_for("x");
    assert_eq!(site.helo_name.as_deref(), Some("\"a'\\n#;b\""));
}

#[test]
fn errors_name_the_line_and_the_key() {
    for (text, line, words) in [
        ("\n\nporrt = 1", 3, "porrt is unknown; did you mean port?"),
        ("reply_timeot = 1", 1, "did you mean reply_timeout?"),
        ("colour = red", 1, "known are server, port, mechanism"),
        ("port = 0", 1, "port is not a number from 1 to 65535"),
        ("port = 25\nPort = 26", 2, "Port is given twice"),
        ("[general]\nport = 1\n[host a]\n[general]\nport = 2", 5, "port is given twice"),
        (
            "[host a]\nserver = h\n[host b]\n\n# x\nserver = ho st",
            6,
            "server is no host and no URL: the host holds a character",
        ),
        ("proxy = h:1080", 1, "proxy is no proxy: the proxy is no URL"),
        ("timeout = 0", 1, "timeout is not a time"),
        ("timeout = 25 h", 1, "timeout is not a time"),
        ("timeout = 99999999999999999999 h", 1, "timeout is not a time"),
        ("timeout = 18446744073709551615 h", 1, "timeout is not a time"),
        ("timeout = -1", 1, "timeout is not a time"),
        ("timeout =", 1, "timeout is not a time"),
        ("debug_level = 3", 1, "debug_level is none of 0, 1, 2"),
        ("pipelining = yes", 1, "pipelining is none of none, envelope, full"),
        ("dots = me", 1, "dots is none of library, caller"),
        ("helo_name = a b", 1, "helo_name is not a name"),
        ("port = 25\n[hosts a]", 2, "unknown section"),
        ("[hots a]", 1, "did you mean host?"),
        ("[host]", 1, "the section names no host"),
        ("[host a", 1, "one ] must end it"),
        ("[host a] x", 1, "one ] must end it"),
        ("[host [::1]]", 1, "one ] must end it"),
        ("port", 1, "nor key = value"),
        ("port: 25", 1, "nor key = value"),
        ("= 25", 1, "nor key = value"),
        (" port = 25", 1, "begins with a space"),
        ("helo_name = a\\\nport = 25", 1, "ends in a backslash"),
        ("po\\=rt = 25", 1, "holds a backslash in the name"),
        ("[host a\\]\nport = 25]", 1, "holds a backslash in the name"),
        ("port = 2\x005", 1, "holds a control character"),
        ("port = 25\rport = 26", 1, "holds a control character"),
    ] {
        let (at, shown) = error(text);
        assert!(at == line && shown.contains(words), "{text:?}: {shown}");
        assert!(shown.starts_with(&format!("policy file helo.conf, line {line}: ")), "{shown}");
    }
    assert_eq!(error(&"#\n".repeat(200_000)).1, "policy file helo.conf: is larger than 256 KiB");
}

#[test]
fn what_is_decided_is_put_over_the_programs_settings() {
    let mut settings = Settings { helo_name: "old".to_string(), ..Settings::default() };
    let before = settings.timeouts;
    policy("reply_timeout = 7\ndots = caller\nproxy = socks5h://p").settings_for("x").apply(&mut settings);
    assert_eq!(settings.timeouts.reply, Duration::from_secs(7));
    assert_eq!(settings.timeouts.message, before.message);
    assert_eq!((settings.helo_name.as_str(), settings.dots), ("old", Dots::Off));
    assert_eq!(settings.connect.proxy.map(|proxy| proxy.host).as_deref(), Some("p"));
}

#[test]
fn errors_show_no_value() {
    let (_, shown) = error("server = smtp://alice:wonderland@ho st");
    assert!(!shown.contains("wonderland"), "{shown}");
}

/// A directory of this test alone, removed at its end.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("helo-policy-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_changed_file_is_read_again() {
    let folder = Folder::new("changed");
    let path = folder.0.join("helo.conf");
    fs::write(&path, "port = 25").unwrap();
    assert_eq!(Policy::load(&path, Rights::Ordinary).unwrap().settings_for("x").port, Some(25));
    fs::write(&path, "port = 2525").unwrap();
    assert_eq!(Policy::load(&path, Rights::Ordinary).unwrap().settings_for("x").port, Some(2525));
    fs::write(&path, "port = none").unwrap();
    assert_eq!(Policy::load(&path, Rights::Ordinary).unwrap_err().line, 1);
    fs::remove_file(&path).unwrap();
    assert!(Policy::load(&path, Rights::Ordinary).unwrap_err().to_string().contains("cannot be read"));
}

#[test]
fn only_a_plain_text_file_is_read() {
    let folder = Folder::new("plain");
    assert!(Policy::load(&folder.0, Rights::Ordinary).unwrap_err().why.contains("not a plain file"));
    let path = folder.0.join("latin1");
    fs::write(&path, b"helo_name = b\xfccher").unwrap();
    assert!(Policy::load(&path, Rights::Ordinary).unwrap_err().why.contains("not UTF-8"));
    // As editors on Windows save it.
    fs::write(&path, b"\xef\xbb\xbfport = 2525\r\n").unwrap();
    assert_eq!(Policy::load(&path, Rights::Ordinary).unwrap().settings_for("x").port, Some(2525));
    for wide in [&b"\xff\xfep\0o\0r\0t\0"[..], b"\xfe\xff\0p\0o\0r\0t", b"p\0o\0r\0t\0"] {
        fs::write(&path, wide).unwrap();
        assert!(Policy::load(&path, Rights::Ordinary).unwrap_err().why.contains("it is UTF-16"));
    }
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "(\\PC|[=\n\\[\\]#;:\\\\ \t\"]){0,200}") {
        let _ = Policy::parse(&text, "x");
    }

    /// Whatever stands around it, the line of a mistake is found.
    #[test]
    fn the_line_of_an_error_is_right(
        before in proptest::collection::vec(prop_oneof![
            Just("# comment = x"), Just(""), Just("[host a]"), Just("[general]"), Just("[host b c]"), Just("; x"),
        ], 0..12),
        keys_at in proptest::collection::vec(any::<bool>(), 12),
    ) {
        let mut lines = Vec::new();
        for (line, key) in before.iter().zip(&keys_at) {
            lines.push(line.to_string());
            // A key right after a section of a host: never twice in one section.
            if *key && line.starts_with("[host") {
                lines.push("port = 25".to_string());
            }
        }
        lines.push("mistake = 1".to_string());
        let expected = lines.len();
        lines.push("[host z]".to_string());
        prop_assert_eq!(error(&lines.join("\n")).0, expected);
    }
}

const PROBE: &str = "HELO_TEST_POLICY_PROBE";

/// Says what `from_environment` gives in this process; the environment of a test of its own is set by the next one.
#[test]
fn probe() {
    if std::env::var_os(PROBE).is_some() {
        for rights in [Rights::Ordinary, Rights::Raised] {
            let port = Policy::from_environment(rights).map(|policy| policy.settings_for("x").port);
            println!("\n{rights:?}: {port:?}");
        }
    }
}

/// What [`probe`] says in a process with these variables in its environment.
fn probed(variables: &[(&str, &std::ffi::OsStr)]) -> String {
    let mut run = std::process::Command::new(std::env::current_exe().unwrap());
    run.args(["policy::tests::probe", "--exact", "--nocapture"]).env(PROBE, "1").env_remove("HELO_CONFIG");
    String::from_utf8(run.envs(variables.iter().copied()).output().unwrap().stdout).unwrap()
}

#[test]
fn the_environment_names_the_file_unless_rights_are_raised() {
    let folder = Folder::new("environment");
    let path = folder.0.join("helo.conf");
    fs::write(&path, "port = 2525").unwrap();
    let nothing = if cfg!(windows) { "NUL" } else { "/dev/null" };
    for (config, ordinary) in [(path.as_os_str(), "Ok(Some(2525))"), (nothing.as_ref(), "Ok(None)")] {
        let shown = probed(&[("HELO_CONFIG", config)]);
        assert!(shown.contains(&format!("Ordinary: {ordinary}\n")), "{shown}");
        // This machine may have a policy of its own.
        assert!(shown.contains("Raised: ") && !shown.contains("Raised: Ok(Some(2525))"), "{shown}");
    }
    let shown = probed(&[("HELO_CONFIG", folder.0.join("missing").as_os_str())]);
    assert!(
        shown.contains("Ordinary: Err(") && shown.contains("the environment variable HELO_CONFIG names it"),
        "{shown}"
    );
}

#[test]
fn the_users_own_file_counts_when_none_is_named() {
    let folder = Folder::new("users");
    fs::write(folder.0.join("helo.conf"), "port = 2526").unwrap();
    let home = folder.0.join("home");
    let configurations = home.join(".config");
    fs::create_dir_all(&configurations).unwrap();
    fs::write(configurations.join("helo.conf"), "port = 2527").unwrap();
    let place = if cfg!(windows) { "APPDATA" } else { "XDG_CONFIG_HOME" };
    for config in [None, Some(("HELO_CONFIG", "".as_ref()))] {
        let variables: Vec<_> = [(place, folder.0.as_os_str())].into_iter().chain(config).collect();
        let shown = probed(&variables);
        assert!(shown.contains("Ordinary: Ok(Some(2526))") && !shown.contains("Raised: Ok(Some(2526))"), "{shown}");
    }
    if cfg!(unix) {
        // A relative path is not meant, as the specification of these folders has it.
        let shown = probed(&[(place, "relative".as_ref()), ("HOME", home.as_os_str())]);
        assert!(shown.contains("Ordinary: Ok(Some(2527))"), "{shown}");
    }
}

/// Another user's file in a folder that the environment names would be followed without a word.
#[cfg(unix)]
#[test]
fn the_users_own_file_must_be_his() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("not-users");
    let path = folder.0.join("helo.conf");
    fs::write(&path, "port = 2526").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let shown = probed(&[("XDG_CONFIG_HOME", folder.0.as_os_str())]);
    assert!(
        shown.contains("Ordinary: Err(") && shown.contains("others than its owner can write to: chmod go-w"),
        "{shown}"
    );
}

/// What to try next names keys: there must be such, and their values must be possible.
#[test]
fn the_keys_that_failures_advise_exist() {
    use crate::client::words::every_advice;
    let mut seen = 0;
    for advice in every_advice() {
        let words: Vec<&str> = advice.split([' ', '(', ')', ',', ';', ':']).collect();
        for key in words.windows(2).filter(|pair| pair[1] == "=").map(|pair| pair[0]) {
            assert!(keys::is_known(key), "{key} in: {advice}");
            seen += 1;
        }
        for word in words.iter().filter(|word| word.contains('_')) {
            assert!(keys::is_known(word), "{word} in: {advice}");
        }
    }
    assert!(seen > 20, "{seen}");
}
