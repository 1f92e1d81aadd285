//! smtp_fw_helo: through a SOCKS proxy, as the fields of fw_param say.

use crate::api::*;
use crate::child;
use crate::support::listeners::refusing;
use crate::support::scripted::ScriptedServer;
use crate::support::socks::{Options, Request, SocksProxy};
use crate::support::temp::TempDir;
use helo::faces::distinct::firewall::{FW_ADDR_DNS, FW_ADDR_IP4, FW_ADDR_IP6, FW_VERSION4, FW_VERSION5, fw_param};
use std::ffi::{CString, c_char, c_int};
use std::net::SocketAddr;

/// The fields of fw_param as a program fills them; `None` is NULL.
#[derive(Clone)]
struct Fields {
    methods: Option<&'static str>,
    n_methods: u8,
    kind: c_int,
    domain_name: Option<&'static str>,
    fw_host: Option<&'static str>,
    dest_host: Option<&'static str>,
    fw_port: u16,
    dest_port: u16,
    username: Option<&'static str>,
    passwd: Option<&'static str>,
    version: c_int,
}

impl Fields {
    /// Version 5 without authentication, to an IPv4 address.
    fn new(proxy: SocketAddr, server: SocketAddr) -> Fields {
        Fields {
            methods: Some("0"),
            n_methods: 1,
            kind: FW_ADDR_IP4,
            domain_name: None,
            fw_host: Some("127.0.0.1"),
            dest_host: Some("127.0.0.1"),
            fw_port: proxy.port(),
            dest_port: server.port(),
            username: None,
            passwd: None,
            version: FW_VERSION5,
        }
    }

    fn open(&self) -> (&'static str, Conn) {
        let strings = [self.methods, self.domain_name, self.fw_host, self.dest_host, self.username, self.passwd];
        let strings = strings.map(|text| text.map(|text| CString::new(text).unwrap()));
        let pointer = |at: usize| strings[at].as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
        // SAFETY: all zeros is a valid fw_param; the reserve has no other name.
        let mut fw: fw_param = unsafe { std::mem::zeroed() };
        fw.methods = pointer(0);
        fw.n_methods = self.n_methods;
        fw.addr_type = self.kind as u8;
        fw.domain_name = pointer(1);
        fw.fw_host = pointer(2);
        fw.dest_host = pointer(3);
        fw.fw_port = self.fw_port;
        fw.dest_port = self.dest_port;
        fw.username = pointer(4);
        fw.passwd = pointer(5);
        fw.socks_ver = self.version;
        fw.reserved.fill(b'?' as c_char);
        let (code, conn) = fw_helo("here.example", &fw, Hooks::default().keep());
        (name(code), conn)
    }
}

/// Opens through a proxy, and what the proxy was asked.
#[track_caller]
fn through(options: Options, fields: impl FnOnce(Fields) -> Fields) -> Request {
    let server =
        ScriptedServer::start("S: 220 ready\nC: EHLO here.example\nS: 250 mx\nC: QUIT\nS: 221 bye\nWAIT close");
    let proxy = SocksProxy::start(options);
    let (code, conn) = fields(Fields::new(proxy.address(), server.address())).open();
    assert_eq!(code, "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
    let requests = proxy.requests();
    assert_eq!(requests.len(), 1);
    requests[0].clone()
}

fn with_login() -> Options {
    Options { login: Some(("joe".into(), "pass".into())), ..Options::default() }
}

#[test]
fn version_5_to_an_address() {
    let asked = through(Options::default(), |fields| fields);
    assert_eq!((asked.version, asked.host.as_str(), asked.by_name), (5, "127.0.0.1", false));
}

#[test]
fn version_5_to_a_name_that_the_firewall_looks_up() {
    let asked = through(Options::default(), |fields| Fields {
        kind: FW_ADDR_DNS,
        domain_name: Some("localhost"),
        dest_host: None,
        ..fields
    });
    assert_eq!((asked.version, asked.host.as_str(), asked.by_name), (5, "localhost", true));
}

#[test]
fn version_5_with_user_and_password() {
    for (methods, count) in [("2", 1), ("02", 2), ("12", 2), ("012", 3), ("20 and more", 2)] {
        let asked = through(with_login(), |fields| Fields {
            methods: Some(methods),
            n_methods: count,
            username: Some("joe"),
            passwd: Some("pass"),
            ..fields
        });
        assert_eq!((asked.user.as_deref(), asked.password.as_deref()), (Some("joe"), Some("pass")), "{methods}");
    }
}

#[test]
fn version_4_and_its_names() {
    let asked = through(Options::default(), |fields| Fields {
        version: FW_VERSION4,
        username: Some("joe"),
        methods: None,
        n_methods: 0,
        ..fields
    });
    assert_eq!((asked.version, asked.by_name, asked.user.as_deref()), (4, false, Some("joe")));
    let asked = through(Options::default(), |fields| Fields {
        version: FW_VERSION4,
        kind: FW_ADDR_DNS,
        domain_name: Some("localhost"),
        ..fields
    });
    assert_eq!((asked.version, asked.by_name), (4, true));
}

#[test]
fn both_versions_find_out_which_it_is() {
    for spoken in [4, 5] {
        let asked = through(Options { versions: vec![spoken], ..Options::default() }, |fields| Fields {
            version: FW_VERSION4 | FW_VERSION5,
            ..fields
        });
        assert_eq!(asked.version, spoken);
    }
}

#[test]
fn what_the_firewall_refuses_is_a_failure_in_the_librarys_words() {
    let nobody = refusing();
    for options in [
        Options { refuse: Some(2), ..Options::default() },
        Options { versions: vec![4], ..Options::default() },
        with_login(),
    ] {
        let proxy = SocksProxy::start(options);
        let (code, conn) = Fields::new(proxy.address(), nobody).open();
        assert_eq!(code, "SMTP_FAILURE");
        let (words, code) = conn.reply();
        assert!(words.starts_with("000-libhelo: connect: proxy failed: ") && code == 0, "{words}");
        assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    }
}

#[test]
fn a_firewall_that_is_not_there() {
    let nobody = refusing();
    let fields = Fields::new(nobody, nobody);
    assert_eq!(fields.open(), ("SMTP_HOST_NOT_RESPONDING", NO_CONN));
    let (code, conn) = Fields { fw_host: Some("no-such-host.invalid"), ..fields }.open();
    assert_eq!((code, conn), ("SMTP_UNKNOWN_HOST", NO_CONN));
}

#[test]
fn fields_that_make_no_sense() {
    let proxy = SocksProxy::start(Options::default());
    let good = Fields::new(proxy.address(), refusing());
    let failures = [
        Fields { methods: Some("1"), ..good.clone() },
        Fields { methods: Some("x"), ..good.clone() },
        Fields { methods: Some(""), n_methods: 0, ..good.clone() },
        Fields { methods: Some("0"), n_methods: 2, ..good.clone() },
        Fields { methods: Some("2"), ..good.clone() },
        Fields { methods: Some("2"), username: Some("joe"), ..good.clone() },
        Fields { version: 0, ..good.clone() },
        Fields { version: 8, ..good.clone() },
        Fields { kind: 0, ..good.clone() },
        Fields { kind: 2, ..good.clone() },
        Fields { version: FW_VERSION4, kind: FW_ADDR_IP6, dest_host: Some("::1"), ..good.clone() },
    ];
    for (at, fields) in failures.into_iter().enumerate() {
        let (code, conn) = fields.open();
        assert_eq!(code, "SMTP_FAILURE", "number {at}");
        assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    }
    let unknown = [
        Fields { methods: None, ..good.clone() },
        Fields { fw_host: None, ..good.clone() },
        Fields { dest_host: None, ..good.clone() },
        Fields { dest_host: Some("mail.example"), ..good.clone() },
        Fields { dest_host: Some("::1"), ..good.clone() },
        Fields { kind: FW_ADDR_IP6, ..good.clone() },
        Fields { kind: FW_ADDR_DNS, ..good.clone() },
        Fields { kind: FW_ADDR_DNS, domain_name: Some("two\r\nwords"), ..good.clone() },
    ];
    for (at, fields) in unknown.into_iter().enumerate() {
        let (code, conn) = fields.open();
        let expected = if at == 0 { "SMTP_FAILURE" } else { "SMTP_UNKNOWN_HOST" };
        assert_eq!(code, expected, "number {at}");
        conn.quit();
    }
    assert!(proxy.requests().is_empty(), "nobody was asked for anything");
}

/// The numbers of another header, which the policy names.
#[test]
fn a_program_with_other_numbers() {
    if !child::is_this() {
        let folder = TempDir::new();
        let policy = folder.join("helo.conf");
        let numbers = "FW_VERSION4 = 16\nFW_VERSION5 = 32\nFW_ADDR_IP4 = 10\nFW_ADDR_DNS = 11\nFW_ADDR_IP6 = 12\n";
        std::fs::write(&policy, format!("[distinct.constants]\n{numbers}")).unwrap();
        child::run("firewall::a_program_with_other_numbers", &[("HELO_CONFIG", policy.as_os_str())]);
        return;
    }
    for version in [32, 16, 48] {
        let asked = through(Options::default(), |fields| Fields { kind: 10, version, ..fields });
        assert_eq!(asked.version, if version == 16 { 4 } else { 5 });
    }
    // Our own numbers stand for nothing in that header.
    let nobody = refusing();
    for (kind, version) in [(FW_ADDR_IP4, 32), (10, FW_VERSION5), (10, 64)] {
        let (code, _) = Fields { kind, version, ..Fields::new(nobody, nobody) }.open();
        assert_eq!(code, "SMTP_FAILURE", "{kind} {version}");
    }
}
