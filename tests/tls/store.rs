//! The system's store of trusted certificates: what the environment may say about it, and what is said when it is empty.

use crate::support::child;
use crate::support::temp::TempDir;
use crate::support::tls::Behaviour;
use crate::*;
use helo::net::tls::distrust_environment;
use std::ffi::OsStr;

/// In a process whose environment says that the tests' authority is all that is trusted.
fn with_store(test: &str, certificates: &str) {
    let folder = TempDir::new();
    let (file, empty) = (folder.join("store.pem"), folder.join("empty"));
    std::fs::write(&file, certificates).unwrap();
    std::fs::create_dir(&empty).unwrap();
    child::run(test, &[("SSL_CERT_FILE", file.as_os_str()), ("SSL_CERT_DIR", empty.as_os_str())]);
}

/// The tests' authority, and a server of its own making: what the parent process has is not this one's.
fn system() -> Tls {
    Tls { roots: None, ..tls(TlsMode::Always) }
}

#[test]
fn the_environment_names_the_store() {
    if !child::is_this() {
        let folder = TempDir::new();
        let file = folder.join("store.pem");
        return child_with(&file, "store::the_environment_names_the_store");
    }
    std::fs::write(std::env::var_os("SSL_CERT_FILE").unwrap(), &AUTHORITY.pem).unwrap();
    let (outcome, _) = meet(Behaviour::good(GOOD.clone()), settings(system(), None));
    outcome.unwrap();
}

#[test]
fn the_environment_names_nothing_where_rights_are_raised() {
    if !child::is_this() {
        let folder = TempDir::new();
        let file = folder.join("store.pem");
        return child_with(&file, "store::the_environment_names_nothing_where_rights_are_raised");
    }
    std::fs::write(std::env::var_os("SSL_CERT_FILE").unwrap(), &AUTHORITY.pem).unwrap();
    distrust_environment();
    let (outcome, _) = meet(Behaviour::good(GOOD.clone()), settings(system(), None));
    let text = outcome.unwrap_err().to_string();
    // The one or the other: this machine may have no store at all.
    assert!(
        text.contains("is not in this system's store") || text.contains("no certificates of authorities"),
        "{text}"
    );
}

#[test]
fn an_empty_store_is_an_error_that_says_what_to_do() {
    if !child::is_this() {
        return with_store("store::an_empty_store_is_an_error_that_says_what_to_do", "");
    }
    let (outcome, heard) = meet(Behaviour::good(GOOD.clone()), settings(system(), None));
    assert_says(&outcome.unwrap_err().to_string(), &["no certificates of authorities", "ca-certificates", "tls_ca"]);
    assert!(heard.encrypted.is_empty());
}

#[test]
fn a_store_that_cannot_be_read_is_named() {
    if !child::is_this() {
        let variables = [("SSL_CERT_FILE", OsStr::new("/no/such/store")), ("SSL_CERT_DIR", OsStr::new(""))];
        child::run("store::a_store_that_cannot_be_read_is_named", &variables);
        return;
    }
    let (outcome, _) = meet(Behaviour::good(GOOD.clone()), settings(system(), None));
    assert_says(&outcome.unwrap_err().to_string(), &["/no/such/store", "tls_ca"]);
}

fn child_with(file: &std::path::Path, test: &str) {
    child::run(test, &[("SSL_CERT_FILE", file.as_os_str())]);
}
