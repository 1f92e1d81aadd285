//! Authentication against other libraries' server sides, over TLS: GNU SASL with all that it has, bound to the connection
//! (`tls-exporter`) or not; scramp, which knows `tls-server-end-point` only. Each with the right password and a wrong one.
#![cfg(feature = "tls")]

mod support;

use helo::client::{AuthPlan, Owner, Session, Tls, TlsMode, TlsName};
use helo::error::{Cause, Error, Phase};
use helo::net::connect::Target;
use helo::net::tls::Roots;
use helo::net::wait::Cancel;
use helo::sasl::{Credentials, Secret, wire};
use rustls::{ServerConfig, ServerConnection};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use support::cc::{Link, Program};
use support::pipe::Pipe;
use support::skip;
use support::tls::{Authority, Behaviour, Certified, Heard, Judge, PATIENCE, TlsServer};

const NAME: &str = "mail.example.com";
const USER: &str = "alice";
const PASSWORD: &str = "wonderland";

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new("Test authority"));
static CERTIFIED: LazyLock<Certified> = LazyLock::new(|| AUTHORITY.certificate(&[NAME]));

fn base64(octets: &[u8]) -> String {
    wire::encode_response(octets.to_vec()).unwrap()
}

/// RFC 9266: what both ends export from the connection.
fn exporter(tls: &ServerConnection) -> String {
    base64(&tls.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", None).unwrap())
}

/// RFC 5929: the digest of the certificate, which is signed with SHA-256 here.
fn end_point() -> String {
    base64(&Sha256::digest(&CERTIFIED.certificate))
}

/// GNU SASL's server side. None, noted as a skip of `test`, where it is not installed.
fn gsasl(test: &str) -> Option<PathBuf> {
    if !Path::new("/usr/include/gsasl.h").is_file() {
        skip::skip(test, "libgsasl-dev not installed (scripts/setup-tests.sh installs it)");
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/gsasl-server.c");
    let program = Program::new(source).link(Link::Others).argument("-Wl,--no-as-needed").argument("-lgsasl");
    Some(program.build())
}

/// A judge that is a program: `arguments` are those behind mechanism, user and password.
fn judge(program: PathBuf, arguments: impl Fn(&ServerConnection) -> Vec<String> + Send + Sync + 'static) -> Judge {
    Arc::new(move |mechanism, tls| {
        let mut command = Command::new(&program);
        command.args([mechanism, USER, PASSWORD]).args(tls.map(&arguments).unwrap_or_default());
        let mut pipe = Pipe::start(&mut command);
        Box::new(move |line| pipe.ask(line))
    })
}

/// GNU SASL that knows the connection's tls-exporter.
fn bound(program: PathBuf) -> Judge {
    judge(program, |tls| vec![format!("tls-exporter={}", exporter(tls))])
}

/// scramp that knows tls-server-end-point. None, noted as a skip of `test`, where it is not installed.
fn scramp(test: &str) -> Option<Judge> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python3");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/scram-server.py");
    skip::have_file(test, "target/venv/ready").then(|| -> Judge {
        Arc::new(move |mechanism, _| {
            let mut command = Command::new(&python);
            command.arg(&script).args([mechanism, USER, PASSWORD]);
            command.arg(format!("tls-server-end-point={}", end_point()));
            let mut pipe = Pipe::start(&mut command);
            Box::new(move |line| pipe.ask(line))
        })
    })
}

fn password(password: &str) -> Credentials {
    Credentials::new(USER, Secret::new(password.into()))
}

/// How a client logs in.
struct Client {
    credentials: Credentials,
    mechanisms: Vec<&'static str>,
    two_step: bool,
}

impl Client {
    fn new(credentials: Credentials, mechanisms: &[&'static str]) -> Client {
        Client { credentials, mechanisms: mechanisms.to_vec(), two_step: false }
    }

    /// Logs in to a server that offers `offer`; what came of it, and what the server heard behind the hello.
    fn meet(self, offer: &str, judge: Judge, config: Arc<ServerConfig>) -> (Result<(), Error>, Heard) {
        let behaviour = Behaviour { mechanisms: offer.into(), judge: Some(judge), ..Behaviour::good(config) };
        let server = TlsServer::start(behaviour, 1);
        let tls = Tls {
            mode: TlsMode::Always,
            name: TlsName::Given(NAME.into()),
            roots: Some(Roots::from_pem(AUTHORITY.pem.as_bytes()).unwrap()),
            ..Tls::default()
        };
        let Client { credentials, mechanisms, two_step } = self;
        let auth = Some(AuthPlan { mechanisms, two_step, ..AuthPlan::new(credentials, Owner::Site) });
        let settings = helo::client::Settings { tls, auth, ..support::engine::settings(PATIENCE) };
        let target = Target::Host { host: server.address.ip().to_string(), port: server.address.port() };
        let opened = Session::open(target, settings, Cancel::new(), &mut ()).map(|session| session.quit(&mut ()));
        (opened, server.finish().pop().unwrap())
    }
}

/// The lines of the login that the server heard.
fn logins(heard: &Heard) -> Vec<&str> {
    heard
        .encrypted
        .iter()
        .filter_map(|line| line.strip_prefix("AUTH "))
        .map(|line| line.split(' ').next().unwrap())
        .collect()
}

/// How SCRAM's first messages begin: the kind of binding.
fn bindings(heard: &Heard) -> Vec<String> {
    let first = |line: &String| {
        let message = wire::decode_challenge(line.strip_prefix("AUTH ")?.split_once(' ')?.1.as_bytes()).ok()?;
        Some(String::from_utf8(message).ok()?.split(',').next()?.to_owned())
    };
    heard.encrypted.iter().filter_map(first).collect()
}

#[track_caller]
fn assert_refused(outcome: Result<(), Error>, case: &str) -> Error {
    let error = outcome.expect_err(case);
    assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Refused, 535), "{case}: {error}");
    error
}

#[test]
fn gnu_sasl_takes_the_right_password_by_each_mechanism_and_no_other() {
    let Some(program) = gsasl("GNU SASL: each mechanism") else { return };
    let mechanisms = [
        "SCRAM-SHA-256-PLUS",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-256",
        "SCRAM-SHA-1",
        "DIGEST-MD5",
        "CRAM-MD5",
        "PLAIN",
        "LOGIN",
    ];
    for mechanism in mechanisms {
        for two_step in [false, true] {
            let case = format!("{mechanism}, two steps: {two_step}");
            // A server that cannot bind does not mind a client that could.
            let judge =
                if mechanism.ends_with("-PLUS") { bound(program.clone()) } else { judge(program.clone(), |_| vec![]) };
            let login = |text| Client { two_step, ..Client::new(password(text), &[mechanism]) };
            let config = CERTIFIED.server();
            let (opened, heard) = login(PASSWORD).meet(mechanism, judge.clone(), config.clone());
            opened.unwrap_or_else(|error| panic!("{case}: {error}\n{heard:?}"));
            assert_eq!(logins(&heard), [mechanism], "{case}");
            for wrong in ["wonderlanD", "w", &"w".repeat(300)] {
                let (opened, _) = login(wrong).meet(mechanism, judge.clone(), config.clone());
                assert_refused(opened, &case);
            }
        }
    }
}

#[test]
fn gnu_sasl_takes_guests_and_certificates() {
    let Some(program) = gsasl("GNU SASL: guests") else { return };
    for two_step in [false, true] {
        for (credentials, mechanism) in
            [(Credentials::guest(USER), "ANONYMOUS"), (Credentials::connection(), "EXTERNAL")]
        {
            let client = Client { two_step, ..Client::new(credentials, &[mechanism]) };
            let (opened, heard) = client.meet(mechanism, judge(program.clone(), |_| vec![]), CERTIFIED.server());
            opened.unwrap_or_else(|error| panic!("{mechanism}: {error}\n{heard:?}"));
        }
        let client = Client { two_step, ..Client::new(Credentials::guest("bob"), &[]) };
        let (opened, _) = client.meet("ANONYMOUS", judge(program.clone(), |_| vec![]), CERTIFIED.server());
        assert_refused(opened, "an unknown guest");
    }
}

#[test]
fn letters_beyond_ascii_are_the_same_to_both() {
    let Some(program) = gsasl("GNU SASL: letters") else { return };
    // U+2168 is IX after SASLprep, and a soft hyphen nothing.
    for (theirs, ours) in [("IX", "\u{2168}"), ("pass", "pa\u{ad}ss"), ("gr\u{fc}n", "gr\u{fc}n")] {
        for mechanism in ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1"] {
            let program = program.clone();
            let judge: Judge = Arc::new(move |mechanism, tls| {
                let mut command = Command::new(&program);
                command.args([mechanism, USER, theirs]);
                if mechanism.ends_with("-PLUS") {
                    command.args(tls.map(|tls| format!("tls-exporter={}", exporter(tls))));
                }
                let mut pipe = Pipe::start(&mut command);
                Box::new(move |line| pipe.ask(line))
            });
            let (opened, _) = Client::new(password(ours), &[mechanism]).meet(mechanism, judge, CERTIFIED.server());
            opened.unwrap_or_else(|error| panic!("{mechanism} {ours:?}: {error}"));
        }
    }
}

#[test]
fn what_binds_to_the_connection_is_chosen_first() {
    let Some(program) = gsasl("GNU SASL: the strongest") else { return };
    let offer = "PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
    let (opened, heard) = Client::new(password(PASSWORD), &[]).meet(offer, bound(program), CERTIFIED.server());
    opened.unwrap_or_else(|error| panic!("{error}\n{heard:?}"));
    assert_eq!(logins(&heard), ["SCRAM-SHA-256-PLUS"]);
    assert_eq!(bindings(&heard), ["p=tls-exporter"]);
}

/// Somebody in between has another connection to each side: what they export differs.
#[test]
fn another_connection_is_refused() {
    let Some(program) = gsasl("GNU SASL: another connection") else { return };
    for mechanism in ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"] {
        let other = judge(program.clone(), |_| vec![format!("tls-exporter={}", base64(&[7; 32]))]);
        let (opened, heard) = Client::new(password(PASSWORD), &[]).meet(mechanism, other, CERTIFIED.server());
        assert_refused(opened, mechanism);
        assert_eq!(bindings(&heard), ["p=tls-exporter"], "it is not tried another way");
    }
}

/// Somebody in between struck what binds from the server's offer: the client says that it could have, and the server
/// knows that it can.
#[test]
fn an_offer_without_what_binds_is_found_out() {
    let Some(program) = gsasl("GNU SASL: a stricken offer") else { return };
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-1"] {
        let (opened, heard) =
            Client::new(password(PASSWORD), &[]).meet(mechanism, bound(program.clone()), CERTIFIED.server());
        assert_refused(opened, mechanism);
        assert_eq!(bindings(&heard), ["y"]);
        // Where the site has named it, nothing was struck.
        let offer = format!("{mechanism} {mechanism}-PLUS");
        let (opened, heard) =
            Client::new(password(PASSWORD), &[mechanism]).meet(&offer, bound(program.clone()), CERTIFIED.server());
        opened.unwrap_or_else(|error| panic!("{mechanism}: {error}"));
        assert_eq!(bindings(&heard), ["n"]);
    }
}

#[test]
fn a_server_that_lacks_one_kind_of_binding_is_asked_with_the_other() {
    let Some(judge) = scramp("scramp: the other binding") else { return };
    for mechanism in ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"] {
        let offer = format!("PLAIN SCRAM-SHA-1 SCRAM-SHA-256 {mechanism}");
        let (opened, heard) = Client::new(password(PASSWORD), &[]).meet(&offer, judge.clone(), CERTIFIED.server());
        opened.unwrap_or_else(|error| panic!("{error}\n{heard:?}"));
        assert_eq!(logins(&heard), [mechanism; 2]);
        assert_eq!(bindings(&heard), ["p=tls-exporter", "p=tls-server-end-point"]);

        let (opened, heard) = Client::new(password("wrong"), &[]).meet(&offer, judge.clone(), CERTIFIED.server());
        let error = assert_refused(opened, mechanism);
        assert!(error.to_string().contains("invalid-proof"), "{error}");
        assert_eq!(logins(&heard), [mechanism; 2]);

        // TLS 1.2 does not say whether it exports safely (RFC 9266 section 4.2): there the certificate is all there is.
        let (opened, heard) =
            Client::new(password(PASSWORD), &[]).meet(&offer, judge.clone(), CERTIFIED.server_tls12());
        opened.unwrap_or_else(|error| panic!("{error}\n{heard:?}"));
        assert_eq!(bindings(&heard), ["p=tls-server-end-point"]);
    }
}

/// Never without binding instead: that is what somebody in between would want.
#[test]
fn a_server_that_knows_no_kind_of_binding_gets_no_password() {
    let Some(program) = gsasl("GNU SASL: no binding in common") else { return };
    let unknown = judge(program, |_| vec![format!("tls-unique={}", base64(&[7; 12]))]);
    let offer = "PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
    let (opened, heard) = Client::new(password(PASSWORD), &[]).meet(offer, unknown, CERTIFIED.server());
    let error = assert_refused(opened, offer);
    assert!(error.to_string().contains("tls-exporter and tls-server-end-point"), "{error}");
    assert!(error.to_string().contains("a mechanism without -PLUS"), "{error}");
    assert_eq!(logins(&heard), ["SCRAM-SHA-256-PLUS"; 2]);
    assert_eq!(bindings(&heard), ["p=tls-exporter", "p=tls-server-end-point"]);
}
