//! Tests of the keys about logging in: what goes together, and who gets the credentials.

use super::*;
use crate::client::{AuthPlan, Login, Owner, Settings, Supplier, Tls, TlsMode};
use crate::sasl::Proof;

fn policy(text: &str) -> Policy {
    Policy::parse(text, "helo.conf").unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// What a program gets that asks for `host` and brings nothing of its own.
fn applied(text: &str, host: &str) -> Settings {
    let mut settings = Settings::default();
    policy(text).settings_for(host).apply(&mut settings);
    settings
}

/// User and password for a program that asks for `host`, if the site gives any.
fn given(text: &str, host: &str) -> Option<(String, String)> {
    match applied(text, host).auth?.login {
        Login::Given(credentials) => Some((credentials.user, credentials.password.expose().to_owned())),
        Login::Supplied(supplier) => panic!("{supplier:?}"),
    }
}

fn supplier(text: &str) -> std::sync::Arc<dyn Supplier> {
    match applied(text, "h").auth.map(|plan| plan.login) {
        Some(Login::Supplied(supplier)) => supplier,
        other => panic!("{text:?}: {other:?}"),
    }
}

#[track_caller]
fn assert_error(text: &str, line: usize, words: &str) {
    let error = Policy::parse(text, "helo.conf").err().unwrap_or_else(|| panic!("taken: {text:?}"));
    let shown = error.to_string();
    assert!(error.line == line && shown.contains(words), "{text:?}: {shown}");
    assert!(!shown.contains("wonderland"), "{shown}");
}

const ALICE: &str = "user = alice\npassword = wonderland\n";

fn alice() -> Option<(String, String)> {
    Some(("alice".to_owned(), "wonderland".to_owned()))
}

#[test]
fn passwords_are_taken_as_they_stand() {
    let text = "server = h\nuser = alice@example.com\npassword = a = b; #\"c\" \\d%41";
    assert_eq!(given(text, "x"), Some(("alice@example.com".to_owned(), "a = b; #\"c\" \\d%41".to_owned())));
    // In a URL the same is percent-encoded.
    let text = "server = smtps://alice%40example.com:a%20%3D%20b%3B%20%23%22c%22%20%5Cd%2541@h";
    assert_eq!(given(text, "x"), Some(("alice@example.com".to_owned(), "a = b; #\"c\" \\d%41".to_owned())));
}

#[test]
fn the_users_name_may_stand_in_the_url_and_the_password_elsewhere() {
    assert_eq!(given("server = smtps://alice@h\npassword = wonderland", "x"), alice());
    assert_eq!(
        supplier("server = smtps://alice@h\npassword_command = pass smtp").name(),
        "the command of password_command"
    );
}

#[test]
fn suppliers_say_where_they_ask_and_show_nothing() {
    let place = if cfg!(windows) { r"C:\secret" } else { "/secret" };
    for (keys, name, proof) in [
        (format!("password_file = {place}"), format!("the file {place} (password_file)"), Proof::Password),
        (
            "password_command = echo wonderland".to_owned(),
            "the command of password_command".to_owned(),
            Proof::Password,
        ),
        (format!("oauth_token_file = {place}"), format!("the file {place} (oauth_token_file)"), Proof::Token),
        (
            "oauth_token_command = echo wonderland".to_owned(),
            "the command of oauth_token_command".to_owned(),
            Proof::Token,
        ),
    ] {
        let text = format!("server = h\nuser = alice\n{keys}");
        assert_eq!(supplier(&text).name(), name);
        let login = policy(&text).settings_for("x").login.unwrap();
        assert_eq!((login.user.as_str(), login.proof), ("alice", proof));
        assert!(!format!("{:?} {}", policy(&text), login.source).contains("wonderland"));
    }
}

#[test]
fn mechanisms_that_need_no_password() {
    let auth = applied("server = h\nmechanism = anonymous", "x").auth.unwrap();
    assert_eq!((auth.mechanisms, auth.owner), (vec!["ANONYMOUS"], Owner::Site));
    let Login::Given(guest) = auth.login else { panic!("it is in the policy") };
    assert_eq!((guest.proof, guest.user.as_str()), (Proof::Nothing, ""));
    let Login::Given(guest) = applied("server = h\nmechanism = ANONYMOUS\nuser = me", "x").auth.unwrap().login else {
        panic!("it is in the policy")
    };
    assert_eq!(guest.user, "me");
    assert_error("server = h\n\nmechanism = EXTERNAL", 3, "EXTERNAL needs a tls_certificate to show");
    assert_error("server = h\nmechanism = EXTERNAL, ANONYMOUS", 2, "mechanism names ANONYMOUS, which has no use");
}

#[test]
fn a_mechanism_alone_is_for_the_programs_own_credentials() {
    let mut settings = Settings::default();
    let own = crate::sasl::Credentials::new("bob", crate::sasl::Secret::new("builder".to_owned()));
    settings.auth = Some(AuthPlan { mechanisms: vec!["PLAIN"], unasked: true, ..AuthPlan::new(own, Owner::Program) });
    policy("mechanism = scram-sha-256, Login").settings_for("x").apply(&mut settings);
    let auth = settings.auth.unwrap();
    assert_eq!((auth.mechanisms, auth.owner, auth.unasked), (vec!["SCRAM-SHA-256", "LOGIN"], Owner::Program, false));
    assert!(applied("mechanism = PLAIN", "x").auth.is_none());
}

#[test]
fn the_sites_login_comes_before_the_programs() {
    let mut settings = Settings::default();
    let own = crate::sasl::Credentials::new("bob", crate::sasl::Secret::new("builder".to_owned()));
    settings.auth = Some(AuthPlan::new(own, Owner::Program));
    policy(&format!("server = h\n{ALICE}")).settings_for("x").apply(&mut settings);
    let auth = settings.auth.unwrap();
    assert!(auth.owner == Owner::Site && format!("{:?}", auth.login).contains("alice"));
}

#[test]
fn credentials_belong_to_the_server_beside_them() {
    let general = format!("server = mail.example\n{ALICE}mechanism = PLAIN\n");
    // A section that sends elsewhere gets nothing of them.
    for section in ["server = other.example", "server = smtps://other.example", "server = mail.example"] {
        let text = format!("{general}[host h]\n{section}");
        assert_eq!(given(&text, "h"), None, "{text}");
        assert_eq!(given(&text, "x"), alice());
        assert_eq!(policy(&text).settings_for("h").mechanisms, None);
    }
    // One that leaves the server as it is logs in there in the same way, or in one of its own.
    assert_eq!(given(&format!("{general}[host h]\nport = 26"), "h"), alice());
    let text = format!("{general}[host h]\nuser = bob\npassword = builder");
    assert_eq!(given(&text, "h"), Some(("bob".to_owned(), "builder".to_owned())));
    assert_eq!(policy(&text).settings_for("h").mechanisms, None);
    // The mechanism may be another for the same login.
    let text = format!("{general}[host h]\nmechanism = LOGIN");
    assert_eq!((given(&text, "h"), policy(&text).settings_for("h").mechanisms), (alice(), Some(vec!["LOGIN"])));
    assert_eq!(policy(&general).settings_for("x").mechanisms, Some(vec!["PLAIN"]));
    // The order of the sections does not matter.
    let text = format!("[host h]\nserver = other.example\n[general]\n{general}");
    assert_eq!((given(&text, "h"), given(&text, "x")), (None, alice()));
}

#[test]
fn credentials_for_anybody_are_refused() {
    assert_error(ALICE, 2, "password needs a server beside it: here it holds for every host");
    assert_error(&format!("[host *]\n{ALICE}"), 3, "password needs a server beside it: here it holds for *");
    assert_error(&format!("[host a *.*]\n{ALICE}"), 3, "holds for *.*");
    assert_error("mechanism = ANONYMOUS", 1, "mechanism needs a server beside it");
    assert_eq!(given(&format!("[host mail.example *.mail.example]\n{ALICE}"), "a.mail.example"), alice());
    assert_eq!(given(&format!("server = mail.example\n[host *]\n{ALICE}"), "x"), alice());
}

#[test]
fn credentials_of_the_policy_demand_encryption() {
    let mode = |text: &str| applied(text, "h").tls.mode;
    let text = format!("server = h\n{ALICE}");
    assert_eq!(mode(&text), TlsMode::Always);
    assert_eq!(mode(&format!("{text}tls = implicit")), TlsMode::Implicit);
    assert_eq!(mode(&format!("tls = optional\n[host h]\n{text}")), TlsMode::Always);
    assert_eq!(mode(&format!("server = smtp://h\n{ALICE}")), TlsMode::Always);
    for tls in ["never", "optional"] {
        assert_error(&format!("{text}tls = {tls}"), 4, "tls must be always or implicit: what password (line 3) gives");
        // Inherited credentials as well.
        assert_error(
            &format!("{text}[host h]\ntls = {tls}"),
            5,
            "tls must be always or implicit: what password (line 3)",
        );
    }
    // Not where the section sends elsewhere.
    assert_eq!(mode(&format!("{text}[host h]\nserver = i\ntls = never")), TlsMode::Never);
}

#[test]
fn a_server_that_need_not_be_verified_is_that_one_only() {
    let verify = |text: &str| {
        let mut tls = Tls::default();
        policy(text).settings_for("h").apply_tls(&mut tls);
        tls.verify
    };
    assert_eq!(verify("tls_verify = no"), Some(false));
    assert_eq!(verify("tls_verify = no\n[host h]\nport = 26"), Some(false));
    assert_eq!(verify("tls_verify = no\n[host h]\nserver = i"), None);
    assert_eq!(verify("tls_verify = yes\n[host h]\nserver = i"), Some(true));
}

#[test]
fn keys_that_do_not_go_together_are_errors_that_name_both_lines() {
    let file = if cfg!(windows) { r"C:\p" } else { "/p" };
    for (text, line, words) in [
        (
            format!("server = h\n{ALICE}password_file = {file}"),
            4,
            "password_file cannot stand beside password (line 3)",
        ),
        (
            format!("server = h\nuser = a\noauth_token_file = {file}\n\npassword = wonderland"),
            5,
            "password cannot stand beside oauth_token_file (line 3)",
        ),
        (
            "server = h\nuser = a\npassword_command = x\noauth_token_command = y".to_owned(),
            4,
            "oauth_token_command cannot stand beside password_command (line 3)",
        ),
        (
            "server = smtps://a:wonderland@h\nuser = b".to_owned(),
            2,
            "user cannot stand beside server (line 1), whose URL has a user",
        ),
        ("server = smtps://a:wonderland@h\npassword = x".to_owned(), 2, "password cannot stand beside server (line 1)"),
        ("server = h\npassword = wonderland".to_owned(), 2, "password needs a user beside it"),
        (format!("server = h\noauth_token_file = {file}"), 2, "oauth_token_file needs a user beside it"),
        ("server = h\nuser = a".to_owned(), 2, "user needs one of password, password_file"),
        ("server = smtps://a@h".to_owned(), 1, "server has a user and no password"),
        ("server = h\nuser =".to_owned(), 2, "user is empty"),
        ("server = h\nuser = a\npassword =".to_owned(), 3, "password is empty"),
        (format!("server = h\n{ALICE}password = x"), 4, "password is given twice"),
        (
            format!("server = h\n{ALICE}mechanism = XOAUTH2"),
            4,
            "mechanism names XOAUTH2, which has no use for password (line 3)",
        ),
        (
            format!("server = h\nmechanism = PLAIN\nuser = a\noauth_token_file = {file}"),
            2,
            "mechanism names PLAIN, which has no use for oauth_token_file (line 4)",
        ),
        (
            format!("server = h\n{ALICE}[host h]\nmechanism = OAUTHBEARER"),
            5,
            "mechanism names OAUTHBEARER, which has no use for password (line 3)",
        ),
        ("mechanism = KERBEROS".to_owned(), 1, "mechanism is not one or several of SCRAM-SHA-256-PLUS"),
        ("mechanism =".to_owned(), 1, "mechanism is not one or several of"),
        ("mechanism = PLAIN plain".to_owned(), 1, "mechanism names PLAIN twice"),
        ("mechanism = PLAIN, EXTERNAL".to_owned(), 1, "mechanism names EXTERNAL beside one of another kind"),
        ("server = h\nuser = a\npassword_file = secret".to_owned(), 3, "password_file is not a file's whole path"),
        ("trace_file = trace".to_owned(), 1, "trace_file is not a file's whole path"),
        ("source_address = localhost".to_owned(), 1, "source_address is no IPv4 or IPv6 address"),
    ] {
        assert_error(&text, line, words);
    }
    // With this one mechanism the token says whose it is.
    assert!(applied(&format!("server = h\nmechanism = OAUTHBEARER\noauth_token_file = {file}"), "x").auth.is_some());
}

#[test]
fn where_to_connect_from_and_where_to_trace_to() {
    let file = if cfg!(windows) { r"C:\trace" } else { "/tmp/helo-trace" };
    let settings = applied(&format!("source_address = 2001:db8::1\ntrace_file = {file}\n[host h]\nserver = i"), "h");
    assert_eq!(settings.connect.source_address, Some("2001:db8::1".parse().unwrap()));
    assert_eq!(settings.watches.len(), 1);
}

#[cfg(unix)]
mod kept_well {
    use super::*;
    use crate::policy::tests::Folder;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    fn file(folder: &Folder, text: &str, mode: u32) -> PathBuf {
        let path = folder.0.join("helo.conf");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn error(path: &std::path::Path, rights: Rights) -> String {
        Policy::load(path, rights).unwrap_err().to_string()
    }

    #[test]
    fn a_file_with_a_password_that_others_can_read_is_refused() {
        let folder = Folder::new("kept");
        for (text, key) in [
            (format!("server = h\n{ALICE}"), "line 3: password stands"),
            ("server = smtps://alice:wonderland@h".to_owned(), "line 1: server stands"),
            ("proxy = socks5://alice:wonderland@h".to_owned(), "line 1: proxy stands"),
        ] {
            for mode in [0o644, 0o640, 0o604, 0o620] {
                let path = file(&folder, &text, mode);
                let shown = error(&path, Rights::Ordinary);
                let mends =
                    format!("in a file that others than its owner can read or write: chmod 600 {}", path.display());
                assert!(shown.contains(key) && shown.contains(&mends) && !shown.contains("wonderland"), "{shown}");
            }
            let path = file(&folder, &text, 0o600);
            Policy::load(&path, Rights::Ordinary).unwrap();
            // Noticed, though its contents have not changed.
            file(&folder, &text, 0o644);
            assert!(error(&path, Rights::Ordinary).contains("chmod 600"));
        }
    }

    #[test]
    fn a_command_must_not_be_what_others_can_write() {
        let folder = Folder::new("kept-command");
        let text = "server = h\nuser = a\npassword_command = echo wonderland";
        Policy::load(&file(&folder, text, 0o644), Rights::Ordinary).unwrap();
        let shown = error(&file(&folder, text, 0o664), Rights::Ordinary);
        assert!(
            shown.contains(
                "line 3: password_command stands in a file that others than its owner can write to: chmod go-w"
            )
        );
        Policy::load(&file(&folder, "port = 26", 0o666), Rights::Ordinary).unwrap();
    }

    #[test]
    fn with_raised_rights_the_file_must_be_roots_and_only_he_may_write_it() {
        let folder = Folder::new("kept-root");
        let path = file(&folder, "port = 26", 0o664);
        let shown = error(&path, Rights::Raised);
        if rustix::process::geteuid().is_root() {
            assert!(shown.contains("is a file that others than its owner can write to: chmod go-w"), "{shown}");
            Policy::load(&file(&folder, "port = 26", 0o644), Rights::Raised).unwrap();
            std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
        }
        let shown = error(&path, Rights::Raised);
        assert!(shown.contains("takes only root's: chown root"), "{shown}");
    }

    #[test]
    fn a_secret_of_another_user_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return; // Only root can give a file away.
        }
        let folder = Folder::new("kept-other");
        let path = file(&folder, &format!("server = h\n{ALICE}"), 0o600);
        std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
        let shown = error(&path, Rights::Ordinary);
        assert!(
            shown.contains("line 3: password stands in a file that belongs to user 12345, not to this one (0)"),
            "{shown}"
        );
    }
}
