//! Old programs under a policy with secrets in it, and the native face: callbacks, the log, the trace file, the last
//! error, and what the process prints.

use crate::api::{self, Hooks, name};
use crate::judges;
use crate::search::*;
use crate::support::child;
use crate::support::native::{Native, c, last_error};
use crate::support::netx::{LOGIN, Mail, NONE};
use crate::support::temp::TempDir;
use crate::support::tls::{Authority, Behaviour, Judge, PATIENCE, TlsServer};
use helo::faces::helo::*;
use std::ffi::{c_char, c_int, c_void};
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A file that nobody else can read.
pub fn write_secret(path: &Path, contents: &str) {
    let _ = fs::remove_file(path);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(contents.as_bytes()).unwrap();
}

fn server(mechanism: &str, judge: Judge) -> TlsServer {
    let config = Authority::new("Test authority").certificate(&["mx.example"]).server();
    TlsServer::start(Behaviour { mechanisms: mechanism.into(), judge: Some(judge), ..Behaviour::good(config) }, 2)
}

/// What a site's sections say, by the kind of secret: the mechanism that its server has, and the keys.
fn sections(folder: &Path) -> Vec<(&'static str, String)> {
    let file = folder.join("password");
    write_secret(&file, &format!("{PASSWORD}\n"));
    let wrong = folder.join("wrong");
    write_secret(&wrong, &format!("{WRONG}\n"));
    // The first time it says the token that has expired.
    let command = folder.join("token.sh");
    let mark = folder.join("asked");
    let script = format!("[ -e {0} ] && echo '{RENEWED}' || echo '{TOKEN}'\n: > {0}\n", mark.display());
    write_secret(&command, &script);
    vec![
        ("PLAIN", format!("user = alice\npassword = {PASSWORD}")),
        ("LOGIN", format!("user = alice\npassword = {WRONG}")),
        ("SCRAM-SHA-256", format!("user = alice\npassword_file = {}", file.display())),
        ("CRAM-MD5", format!("user = alice\npassword_file = {}", wrong.display())),
        ("SCRAM-SHA-1", format!("user = alice\npassword_command = echo '{PASSWORD}'")),
        ("PLAIN", format!("user = alice\npassword_command = echo '{WRONG}'; exit 3")),
        ("OAUTHBEARER", format!("user = alice\noauth_token_command = sh {}", command.display())),
        ("XOAUTH2", format!("user = alice\noauth_token_command = echo '{TOKEN}'")),
    ]
}

#[test]
fn programs_under_a_policy_show_nothing() {
    if child::is_this() {
        return run_programs(&PathBuf::from(std::env::var_os("HELO_LOG_DIR").unwrap()));
    }
    let (logs, secrets) = (TempDir::new(), TempDir::new());
    let config = secrets.join("helo.conf");
    // The child writes it: it knows the ports.
    let variables = [
        ("HELO_CONFIG", config.as_os_str()),
        ("HELO_LOG_DIR", logs.path().as_os_str()),
        ("HELO_TRACE", std::ffi::OsStr::new("stderr")),
    ];
    let output = child::run("faces::programs_under_a_policy_show_nothing", &variables);
    let mut seen = Seen::default();
    seen.add("standard output", output.stdout);
    seen.add("standard error", output.stderr);
    for entry in fs::read_dir(logs.path()).unwrap() {
        let path = entry.unwrap().path();
        seen.add(path.display().to_string(), fs::read(&path).unwrap());
    }
    let sent = fs::read_to_string(secrets.join("sent")).unwrap();
    let logins: Vec<String> = sent.lines().map(str::to_owned).collect();
    for trace in
        ["AUTH PLAIN <hidden>", "S 235", "S 535", "smtp_helo(", "* libhelo ", "; user alice; server 127.0.0.1:"]
    {
        assert!(seen.has(trace), "{trace:?} is nowhere");
    }
    assert!(logins.len() > 10, "{logins:?}");
    seen.assert_clean(&logins);
}

/// All programs with all sections; what they see goes into `logs`.
fn run_programs(logs: &Path) {
    let config = PathBuf::from(std::env::var_os("HELO_CONFIG").unwrap());
    let secrets = config.parent().unwrap();
    let mut policy = format!("debug_level = 2\ntimeout = 20 s\ntrace_file = {}\n", logs.join("trace").display());
    let mut servers = Vec::new();
    for (number, (mechanism, keys)) in sections(secrets).into_iter().enumerate() {
        for (judge_number, (_, judge)) in judges::all().into_iter().take(3).enumerate() {
            let server = server(mechanism, judge);
            let asked = format!("10.{judge_number}.0.{number}");
            policy += &format!("[host {asked}]\nserver = 127.0.0.1\nport = {}\n", server.address.port());
            policy += &format!("tls = always\ntls_verify = no\n{keys}\n");
            servers.push((asked, server));
        }
    }
    write_secret(&config, &policy);

    let mut seen = String::new();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let mut sent = Vec::new();
    for (asked, server) in servers {
        let debug = shown.clone();
        let debug = move |_, text: &mut [u8]| {
            debug.lock().unwrap().extend_from_slice(text);
            0
        };
        let hooks = Hooks { debug: Some(Box::new(debug)), ..Hooks::default() }.keep();
        let (code, conn) = api::helo(&asked, "here.example", hooks);
        seen += &format!("smtp_helo: {}, {}\n", name(code), last_error());
        if code == api::SMTP_SUCCESS {
            // A program that logs in by itself as well.
            let plain = base64(format!("\0alice\0{WRONG}").as_bytes());
            seen += &format!("{:?} {:?}\n", conn.direct(&format!("AUTH PLAIN {plain}")), last_error());
            seen += &format!("{:?}\n", conn.direct("*"));
        }
        if conn != api::NO_CONN {
            seen += &format!("{:?} {:?}\n", conn.rply(4000), last_error());
            conn.quit();
        }
        let own = if asked.ends_with(".0") { (LOGIN, USER, WRONG) } else { (NONE, "", "") };
        let mail = Mail {
            server: format!("{asked}:25").parse().unwrap(),
            timeout: PATIENCE,
            authentication: own,
            domain: "here.example",
            from: "a@example.org",
            to: "b@example.org",
            subject: "x",
            body: b"hello",
        };
        seen += &format!("nx_smtp_mail_send: {}, {}\n", mail.send(), last_error());
        // A connection that was not made leaves the server waiting: it is not asked what it heard.
        sent.push(server);
    }
    fs::write(logs.join("seen"), seen).unwrap();
    fs::write(logs.join("debug"), &*shown.lock().unwrap()).unwrap();
    fs::write(secrets.join("sent"), lines_sent(sent)).unwrap();
}

fn lines_sent(servers: Vec<TlsServer>) -> String {
    servers.into_iter().flat_map(|server| logins(&server.finish())).map(|line| line + "\n").collect()
}

unsafe extern "C" fn gather(user: *mut c_void, _: u32, _: HeloTrace, bytes: *const c_char, length: usize) {
    // SAFETY: the test gives its text, and the library so many bytes.
    let (all, bytes) =
        unsafe { (&mut *user.cast::<Vec<u8>>(), std::slice::from_raw_parts(bytes.cast::<u8>(), length)) };
    all.extend_from_slice(bytes);
}

unsafe extern "C" fn gather_watched(user: *mut c_void, traffic: *const HeloTraffic) {
    // SAFETY: the test gives its text, and the library what it is shown.
    let (all, traffic) = unsafe { (&*user.cast::<Mutex<Vec<u8>>>(), &*traffic) };
    // SAFETY: so many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(traffic.bytes.cast::<u8>(), traffic.length) };
    all.lock().unwrap().extend_from_slice(bytes);
}

#[test]
fn the_native_face_shows_nothing() {
    let mut seen = Seen::default();
    let watched = Box::leak(Box::new(Mutex::new(Vec::new())));
    let user = std::ptr::from_ref(watched).cast_mut().cast();
    assert_eq!(helo_watch(HeloFace::Helo as c_int, std::ptr::null(), Some(gather_watched), user), HeloStatus::HeloOk);
    for (kind, judge) in judges::all() {
        for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"] {
            for url in [true, false] {
                let config = Authority::new("Test authority").certificate(&["mx.example"]).server();
                let behaviour =
                    Behaviour { mechanisms: mechanism.into(), judge: Some(judge.clone()), ..Behaviour::good(config) };
                let server = TlsServer::start(behaviour, 1);
                let password = percent_encoded(PASSWORD);
                let login = if url { format!("alice:{password}@") } else { String::new() };
                let native = Native::new(&format!("smtp://{login}{}", server.address));
                if !url {
                    let (user, password) = (c(USER), c(WRONG));
                    // SAFETY: texts.
                    unsafe { helo_set_login(native.0, user.as_ptr(), password.as_ptr()) };
                }
                native.mail("a@example.org", &["b@example.org"], b"Subject: x\r\n\r\nx\r\n");
                let mut trace: Vec<u8> = Vec::new();
                assert_eq!(helo_on_trace(native.0, Some(gather), (&raw mut trace).cast()), HeloStatus::HeloOk);
                let status = native.run();
                seen.add(format!("the trace, the server {kind}"), trace);
                seen.add("the result", format!("{status:?} {:?} {}", native.result(0, 0), last_error()));
                seen.assert_clean(&judges::secret_lines(kind, &server.finish()));
                assert!(seen.has(&format!("AUTH {mechanism}")));
                seen = Seen::default();
            }
        }
    }
    seen.add("what was watched", watched.get_mut().unwrap().clone());
    assert!(seen.has("AUTH PLAIN <hidden>"));
    seen.assert_clean(&[]);
}

/// Servers and keys that are none.
#[test]
fn mistakes_in_arguments_are_told_without_them() {
    for secret in ALL {
        let encoded = percent_encoded(secret);
        let servers = [
            format!("smtp://alice:{encoded}@"),
            format!("smtp://alice:{secret}@mail example"),
            format!("smtp://alice:{encoded}@mail.example:99999"),
            format!("http://alice:{encoded}@mail.example"),
            format!("lmtp://alice:{encoded}@[::1"),
            format!("smtp://{encoded}@mail.example"),
        ];
        let mut seen = Seen::default();
        for server in servers {
            // SAFETY: a text.
            let delivery = unsafe { helo_new(c(&server).as_ptr()) };
            if delivery == 0 {
                seen.add("helo_new", last_error());
            }
            helo_free(delivery);
            let (code, conn) = api::helo(&server, "here.example", Hooks::default().keep());
            seen.add("smtp_helo", format!("{code} {}", last_error()));
            conn.quit();
        }
        for key in ["server", "port", "tls", "timeout", "mechanism", "proxy", "passwrd", secret] {
            let (key, value) = (c(key), c(&format!("socks9://joe:{encoded}@h")));
            // SAFETY: texts.
            let status = unsafe { helo_set_key(0, std::ptr::null(), key.as_ptr(), value.as_ptr()) };
            assert_ne!(status, HeloStatus::HeloOk);
            let said = last_error();
            // A key's name is no place for a secret, and shown.
            if key.to_str() != Ok(secret) {
                seen.add("helo_set_key", said);
            }
        }
        seen.assert_clean(&[]);
    }
}
