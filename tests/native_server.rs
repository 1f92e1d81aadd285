//! A server of `helo.h` where C programs have no certificates: TLS from a configuration file, what its functions are told
//! of it, a Maildir by a key beside decisions in code, and a relay that is open only for what a function takes.
#![cfg(all(unix, feature = "tls"))]

mod support;

use helo::faces::helo::*;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::Mutex;
use support::native::{Native, c, last_error};
use support::raw::Raw;
use support::sink::{Keep, Options, Sink};
use support::temp::{TempDir, write_private};

/// A server; freed when dropped.
struct Server(helo_server);

impl Server {
    fn new(config: &str) -> Server {
        let server = Server(helo_server_new());
        let folder = TempDir::new();
        write_private(&folder.join("helo-server.conf"), config);
        // SAFETY: a text.
        let read =
            unsafe { helo_server_config_file(server.0, c(folder.join("helo-server.conf").to_str().unwrap()).as_ptr()) };
        assert_eq!(read, HeloStatus::HeloOk, "{}", last_error());
        server
    }

    fn start(self) -> Server {
        assert_eq!(helo_server_start(self.0), HeloStatus::HeloOk, "{}", last_error());
        self
    }

    fn address(&self, index: u32) -> CString {
        let mut buffer = [0; 200];
        // SAFETY: the buffer has that size.
        let length = unsafe { helo_server_address(self.0, index, buffer.as_mut_ptr(), buffer.len()) };
        assert!(length > 0, "{}", last_error());
        // SAFETY: a text with its NUL was written.
        unsafe { CStr::from_ptr(buffer.as_ptr()) }.to_owned()
    }

    fn client(&self) -> Raw {
        let port = u16::try_from(helo_server_port(self.0, 0)).unwrap();
        Raw::greeted(([127, 0, 0, 1], port).into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        assert_eq!(helo_server_stop(self.0, 20_000), HeloStatus::HeloOk);
        assert_eq!(helo_server_free(self.0), HeloStatus::HeloOk);
    }
}

/// Keeps what it is told of the encryption at the end of each mail.
unsafe extern "C" fn keep_tls(
    user: *mut c_void,
    _: HeloAsk,
    facts: *const HeloFacts,
    _: *mut c_char,
    _: usize,
) -> c_int {
    // SAFETY: the test's list, which outlives the server, and the library's facts.
    let (seen, tls) = unsafe { (&*user.cast::<Mutex<Vec<String>>>(), CStr::from_ptr((*facts).tls)) };
    seen.lock().unwrap().push(tls.to_string_lossy().into_owned());
    0
}

/// Takes mail for bob only.
unsafe extern "C" fn only_bob(_: *mut c_void, _: HeloAsk, facts: *const HeloFacts, _: *mut c_char, _: usize) -> c_int {
    // SAFETY: the library's facts.
    let about = unsafe { CStr::from_ptr((*facts).about) };
    if about.to_bytes().starts_with(b"bob@") { 0 } else { 550 }
}

#[test]
fn tls_by_keys_and_what_the_functions_are_told_of_it() {
    let folder = TempDir::new();
    let certified = support::tls::self_signed(&["127.0.0.1"]);
    let certificate = folder.join("cert.pem");
    write_private(&certificate, &(certified.pem.clone() + &certified.key.serialize_pem()));
    let seen: Mutex<Vec<String>> = Mutex::default();
    let certificate = certificate.display();
    let server = Server::new(&format!(
        "port = 0\nlisten-tls = 127.0.0.1:0\ndiscard = yes\ntls-certificate = {certificate}\ntls-required = yes\n"
    ));
    let user = (&raw const seen).cast_mut().cast();
    helo_server_on_ask(server.0, HeloAsk::Message as c_int, Some(keep_tls), user);
    let server = server.start();
    server.client().ask("MAIL FROM:<a@example.org>", 530);
    for index in 0..2 {
        let native = Native::new(server.address(index).to_str().unwrap());
        for (key, value) in [("tls", if index == 0 { "always" } else { "implicit" }), ("tls_verify", "no")] {
            let handle = std::ptr::without_provenance(native.0 as usize);
            // SAFETY: texts, and a handle.
            let set = unsafe { helo_set_key(HeloFace::Helo as c_int, handle, c(key).as_ptr(), c(value).as_ptr()) };
            assert_eq!(set, HeloStatus::HeloOk, "{}", last_error());
        }
        native.mail("a@example.org", &["b@example.com"], b"x\r\n");
        assert_eq!(native.run(), HeloStatus::HeloOk, "{}", last_error());
    }
    drop(server);
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|tls| tls.starts_with("TLSv1.3 TLS")), "{seen:?}");
}

#[test]
fn a_maildir_by_a_key_beside_a_decision_in_code() {
    let folder = TempDir::new();
    let maildir = folder.join("mail");
    let server = Server::new(&format!("port = 0\nmaildir = {}\n", maildir.display()));
    helo_server_on_ask(server.0, HeloAsk::Recipient as c_int, Some(only_bob), std::ptr::null_mut());
    let server = server.start();
    let mut client = server.client();
    client.send(
        "MAIL FROM:<a@example.org>\r\nRCPT TO:<bob@example.com>\r\nRCPT TO:<eve@example.com>\r\nBDAT 3 LAST\r\nx\r\n",
    );
    assert_eq!(client.codes(4), [250, 250, 550, 250]);
    assert_eq!(std::fs::read_dir(maildir.join("new")).unwrap().count(), 1);
}

#[test]
fn a_relay_is_open_only_for_what_a_function_takes() {
    let next = Sink::start(Options { keep: Keep::Bodies, ..Options::default() });
    let config = format!("port = 0\nrelay = smtp://{}\n", next.address());
    let closed = Server::new(&config);
    assert_eq!(helo_server_start(closed.0), HeloStatus::HeloBadArgument);
    assert!(last_error().contains("would take mail for nobody"), "{}", last_error());
    let server = Server::new(&config);
    helo_server_on_ask(server.0, HeloAsk::Recipient as c_int, Some(only_bob), std::ptr::null_mut());
    let server = server.start();
    for _ in 0..2 {
        let mut client = server.client();
        client.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<eve@example.com>\r\nRCPT TO:<bob@example.com>\r\nBDAT 3 LAST\r\nx\r\n");
        assert_eq!(client.codes(4), [250, 550, 250, 250]);
        // Stopped and started again, it still hands on.
        drop(client);
        assert_eq!(helo_server_stop(server.0, 20_000), HeloStatus::HeloOk);
        assert_eq!(helo_server_start(server.0), HeloStatus::HeloOk, "{}", last_error());
    }
    drop(server);
    assert_eq!(next.mails().len(), 2);
}
