//! The site's policy: what it says of itself, and of mistakes in it.

use crate::search::*;
use crate::support::temp::TempDir;
use helo::client::{AuthPlan, Login, Settings};
use helo::policy::{Policy, url};

/// Texts in whose places a secret could be.
fn mistaken(secret: &str) -> Vec<String> {
    let encoded = percent_encoded(secret);
    let keys = [
        "server",
        "port",
        "timeout",
        "tls",
        "tls_name",
        "tls_pin",
        "tls_verify",
        "mechanism",
        "proxy",
        "dots",
        "debug_level",
        "pipelining",
        "helo_name",
        "source_address",
        "tls_ca",
        "tls_certificate",
    ];
    let mut texts: Vec<String> = keys.iter().map(|key| format!("{key} = {secret}")).collect();
    texts.extend([
        secret.to_owned(),
        format!("passwrd = {secret}"),
        format!("[{secret}]"),
        format!("[host {secret}"),
        format!("password = {secret}"),
        format!("user = alice\npassword = {secret}\npassword = {secret}"),
        format!("user = alice\npassword = {secret}\npassword_file = /dev/null"),
        format!("user = alice\npassword = {secret}\ntls = never"),
        format!("user = alice\npassword = {secret}\nmechanism = XOAUTH2"),
        format!("server = smtp://alice:{encoded}@"),
        format!("server = smtp://alice:{encoded}@mail.example:99999"),
        format!("server = smtp://alice:{encoded}@[::1"),
        format!("server = smtp://alice:{encoded}%zz@mail.example"),
        format!("server = smtp://alice:{encoded}@mail.example/path"),
        format!("server = http://alice:{encoded}@mail.example"),
        format!("server = smtp://alice:{secret}@mail.example"),
        format!("server = smtp://alice:{encoded}@mail.example\ntls = never"),
        format!("proxy = socks5://joe:{encoded}@"),
        format!("proxy = socks9://joe:{encoded}@proxy.example"),
        format!("proxy = socks4://joe:{encoded}@proxy.example"),
    ]);
    texts
}

#[test]
fn mistakes_are_told_without_values() {
    for secret in ALL {
        for text in mistaken(secret) {
            let mut seen = Seen::default();
            match Policy::parse(&text, "helo.conf") {
                Ok(policy) => seen.add("Debug of Policy", format!("{policy:?}")),
                Err(error) => seen.add("the policy's error", format!("{error} {error:?} {error:#?}")),
            }
            // A server's or a client's own name is no secret's place: there Debug shows what was given.
            if Policy::parse(&text, "helo.conf").is_err() {
                seen.assert_clean(&[]);
            }
            let value = text.split_once("= ").map_or(text.as_str(), |(_, value)| value);
            let mut seen = Seen::default();
            match url::parse(value) {
                Ok(url) if url.password.is_some() => seen.add("Debug of Url", format!("{url:?}")),
                Ok(_) => {}
                Err(error) => seen.add("the URL's error", format!("{error} {error:?}")),
            }
            match url::parse_proxy(value) {
                Ok(proxy) => seen.add("Debug of Proxy", format!("{proxy:?}")),
                Err(error) => seen.add("the proxy's error", format!("{error} {error:?}")),
            }
            seen.assert_clean(&[]);
        }
    }
}

#[test]
fn a_policy_shows_no_secret_of_its_own() {
    let encoded = percent_encoded(PASSWORD);
    let texts = [
        format!("server = smtp://alice:{encoded}@mail.example\nproxy = socks5://joe:{encoded}@proxy.example"),
        format!("server = mail.example\nuser = alice\npassword = {PASSWORD}"),
        format!("server = mail.example\nuser = alice\noauth_token_command = echo {TOKEN}"),
        format!("server = mail.example\nuser = alice\npassword_command = echo '{PASSWORD}'"),
    ];
    for text in texts {
        let policy = Policy::parse(&text, "helo.conf").unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut settings = Settings::default();
        let site = policy.settings_for("any");
        site.apply(&mut settings);
        let mut seen = Seen::default();
        seen.add("Debug", format!("{policy:?} {policy:#?} {site:?} {site:#?} {settings:?} {settings:#?}"));
        if let Some(AuthPlan { login: Login::Supplied(supplier), .. }) = &settings.auth {
            let supplied = supplier.supply(false);
            seen.add("Debug of what is supplied", format!("{supplied:?} {supplier:?} {}", supplier.name()));
        }
        assert!(seen.has("<hidden>"), "{text}");
        seen.assert_clean(&[]);
    }
}

/// Files and commands that hold a secret and cannot be used.
#[test]
fn suppliers_that_fail_show_nothing() {
    let folder = TempDir::new();
    let file = folder.join("secret");
    let long = format!("{PASSWORD}{}", "x".repeat(20_000));
    for contents in [&*long, &format!("{PASSWORD}\0"), &format!("\n{PASSWORD}")] {
        crate::faces::write_secret(&file, contents);
        let texts = [
            format!("password_file = {}", file.display()),
            format!("password_command = cat {}; exit 3", file.display()),
            format!("password_command = cat {}", file.display()),
        ];
        for text in texts {
            let policy = Policy::parse(&format!("server = mail.example\nuser = alice\n{text}"), "helo.conf").unwrap();
            let mut settings = Settings::default();
            policy.settings_for("any").apply(&mut settings);
            let Some(AuthPlan { login: Login::Supplied(supplier), .. }) = &settings.auth else {
                panic!("{text}: {:?}", settings.auth)
            };
            let error = supplier.supply(false).expect_err(&text);
            let mut seen = Seen::default();
            seen.add("the supplier's error", format!("{error} {error:?}"));
            seen.assert_clean(&[]);
        }
    }
}
