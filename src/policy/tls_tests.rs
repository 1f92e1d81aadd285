//! Tests of the keys about encryption.

use super::*;
use crate::client::{Tls, TlsMode, TlsName};

fn policy(text: &str) -> Policy {
    Policy::parse(text, "helo.conf").unwrap_or_else(|error| panic!("{error}"))
}

/// What a program that asks for `host` gets.
fn applied(text: &str, host: &str) -> Settings {
    let mut settings = Settings { tls: Tls { name: TlsName::Unknown, ..Tls::default() }, ..Settings::default() };
    policy(text).settings_for(host).apply(&mut settings);
    settings
}

fn mode(text: &str) -> TlsMode {
    applied(text, "h").tls.mode
}

/// The line and the text of the error that a file gives.
fn error(text: &str) -> (usize, String) {
    let error = Policy::parse(text, "helo.conf").err().unwrap_or_else(|| panic!("taken: {text:?}"));
    (error.line, error.to_string())
}

#[track_caller]
fn assert_error(text: &str, line: usize, words: &str) {
    let (at, shown) = error(text);
    assert!(at == line && shown.contains(words), "{text:?}: line {at}: {shown}");
}

#[test]
fn the_mode_is_the_keys_else_the_servers() {
    assert_eq!(mode(""), TlsMode::Optional);
    assert_eq!(mode("tls = Never"), TlsMode::Never);
    assert_eq!(mode("server = smtp://x\ntls = never"), TlsMode::Never);
    // What holds in general does not bear on a section whose server says how it is reached.
    assert_eq!(mode("tls = never\n[host h]\nport = 26"), TlsMode::Never);
}

#[test]
fn the_name_is_the_keys_else_the_servers() {
    let name = |text: &str| applied(text, "192.0.2.1").tls.name;
    assert_eq!(name("port = 26"), TlsName::Unknown);
    assert_eq!(name("server = mail.example"), TlsName::Given("mail.example".into()));
}

#[cfg(not(feature = "tls"))]
#[test]
fn what_needs_tls_is_refused_when_the_policy_is_read() {
    for text in ["tls = always", "tls = implicit", "tls_ca = /x", "server = smtps://h", "server = smtp+starttls://h"] {
        assert_error(text, 1, "this build of the library has no TLS");
    }
    assert_error("server = smtp://alice:wonderland@h", 1, "is only sent over TLS, and this build");
    assert_eq!(mode("tls = optional"), TlsMode::Optional);
}

#[cfg(feature = "tls")]
mod with_tls {
    use super::super::tests::Folder;
    use super::*;
    use crate::client::{AuthPlan, Login, Owner};
    use std::fs;
    use std::path::Path;

    #[test]
    fn the_servers_url_says_how_it_is_reached() {
        assert_eq!(mode("tls = always"), TlsMode::Always);
        assert_eq!(mode("tls = implicit\nserver = smtps://x"), TlsMode::Implicit);
        assert_eq!(mode("server = smtps://x"), TlsMode::Implicit);
        assert_eq!(mode("server = smtp+starttls://x"), TlsMode::Always);
        assert_eq!(mode("tls = never\n[host h]\nserver = smtps://x"), TlsMode::Implicit);
        assert_eq!(mode("tls = always\n[host h]\nserver = smtp://x"), TlsMode::Always);
    }

    #[test]
    fn names_and_pins_belong_to_the_server_beside_them() {
        let pin = format!("sha256:{}", "ab".repeat(32));
        let text = format!("tls_name = a.example\ntls_pin = {pin}\n[host h]\nserver = b.example\n[host i]\nport = 26");
        let of = |host: &str| applied(&text, host).tls;
        assert_eq!(of("h").name, TlsName::Given("b.example".into()));
        assert!(of("h").pins.is_empty());
        assert_eq!(of("i").name, TlsName::Given("a.example".into()));
        assert_eq!(of("i").pins.iter().map(ToString::to_string).collect::<Vec<_>>(), [pin]);
    }

    #[test]
    fn a_password_of_the_sites_demands_tls_and_is_never_shown() {
        let text = "server = smtp://alice:wonderland@mail.example";
        for text in [text.to_owned(), format!("tls = never\n[host h]\n{text}")] {
            let settings = applied(&text, "h");
            assert_eq!(settings.tls.mode, TlsMode::Always);
            let AuthPlan { login: Login::Given(credentials), owner, .. } = settings.auth.unwrap() else {
                panic!("{text}")
            };
            assert_eq!((credentials.user.as_str(), owner), ("alice", Owner::Site));
            assert!(!format!("{:?}", policy(&text)).contains("wonderland"));
        }
        assert_eq!(mode("server = smtps://alice:wonderland@h"), TlsMode::Implicit);
        assert_error(&format!("{text}\ntls = optional"), 2, "tls must be always or implicit");
        assert_error(&format!("tls = never\n{text}"), 1, "tls must be always or implicit");
        assert_error("server = smtp://alice@h", 1, "server has a user and no password");
    }

    #[test]
    fn errors_name_the_line_and_the_key() {
        for (text, line, words) in [
            ("tls = yes", 1, "tls is none of never, optional, always, implicit"),
            ("server = smtps://h\n\ntls = always", 3, "tls says otherwise than the server's URL"),
            ("[host a]\ntls_name = a b", 2, "tls_name is no host name"),
            ("tls_verify = maybe", 1, "tls_verify is none of yes, no"),
            ("tls_pin = 00", 1, "tls_pin is not sha256:"),
            ("tls_ca = ca.pem", 1, "tls_ca is not a file's whole path"),
            ("tls_ca = /no/such/file", 1, "tls_ca names a file that cannot be read"),
            #[cfg(unix)]
            ("tls_ca = /dev/null", 1, "not a plain file"),
            ("\ntls_key = /no/such/file", 2, "tls_key needs a tls_certificate"),
            ("\n\ntls_certificate = /no/such/file", 3, "tls_certificate names a file that cannot be read"),
        ] {
            let text = if cfg!(windows) { text.replace("/no/", "C:/no/") } else { text.to_owned() };
            assert_error(&text, line, words);
        }
    }

    /// A certificate and its key in files of their own.
    fn certificate(folder: &Path) -> (String, String) {
        let made = rcgen::generate_simple_self_signed([String::from("a.example")]).unwrap();
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        private(&key, true);
        (certificate.display().to_string(), key.display().to_string())
    }

    #[cfg(unix)]
    fn private(file: &Path, private: bool) {
        use std::os::unix::fs::PermissionsExt;
        let mode = if private { 0o600 } else { 0o644 };
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[cfg(not(unix))]
    fn private(_: &Path, _: bool) {}

    #[test]
    fn certificates_and_keys_are_read_with_the_policy() {
        let folder = Folder::new("certificates");
        let (certificate, key) = certificate(&folder.0);
        let tls =
            applied(&format!("tls_ca = {certificate}\ntls_certificate = {certificate}\ntls_key = {key}"), "h").tls;
        assert!(tls.roots.is_some() && tls.identity.is_some());
        assert_error(&format!("tls_ca = {key}"), 1, "tls_ca names a file that cannot be used: no certificate");
        let alone = format!("tls_certificate = {certificate}");
        assert_error(
            &alone,
            1,
            if cfg!(unix) {
                "tls_certificate names a file that has a private key in it, and others can read it: chmod o-r"
            } else {
                "no private key"
            },
        );
        private(Path::new(&certificate), true);
        assert_error(&alone, 1, "no private key is in it");
        private(Path::new(&key), false);
        let both = format!("tls_certificate = {certificate}\ntls_key = {key}");
        if cfg!(unix) {
            assert_error(&both, 2, "tls_key names a file that has a private key in it, and others can read it");
        }
    }

    #[test]
    fn a_renewed_certificate_is_noticed() {
        let folder = Folder::new("renewed");
        let (certificate, key) = certificate(&folder.0);
        let path = folder.0.join("helo.conf");
        fs::write(&path, format!("tls_certificate = {certificate}\ntls_key = {key}")).unwrap();
        let read = || Policy::load(&path, Rights::Ordinary).unwrap().settings_for("h").tls.identity.unwrap();
        let before = read();
        assert_eq!(read(), before);
        let made = rcgen::generate_simple_self_signed([String::from("another.name.example")]).unwrap();
        fs::write(&certificate, made.cert.pem()).unwrap();
        assert!(
            Policy::load(&path, Rights::Ordinary)
                .unwrap_err()
                .to_string()
                .contains("the private key is not the certificate's")
        );
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        assert_ne!(read(), before);
    }
}
