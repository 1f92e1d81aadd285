//! The engine: traces, errors, and what Debug shows.

use crate::judges;
use crate::search::*;
use crate::support::engine::{deliver, small_mails, target};
use crate::support::scripted::ScriptedServer;
use crate::support::socks::{self, SocksProxy};
use crate::support::tls::{Authority, Behaviour, Judge, PATIENCE, TlsServer};
use helo::client::trace::{Observer, Watch};
use helo::client::{AuthPlan, Level, Login, Owner, Session, Settings, Supplier, Tls, TlsMode};
use helo::error::{Error, Result};
use helo::net::options::Proxy;
use helo::net::tls::Identity;
use helo::net::wait::Cancel;
use helo::sasl::{Credentials, Proof, Secret};
use std::sync::{Arc, LazyLock, Mutex};

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new("Test authority"));

/// Keeps all that an observer is shown.
#[derive(Clone, Debug, Default)]
struct Recorder(Arc<Mutex<Vec<u8>>>);

impl Observer for Recorder {
    fn sent(&mut self, bytes: &[u8]) {
        self.0.lock().unwrap().extend_from_slice(bytes);
    }
    fn received(&mut self, bytes: &[u8]) {
        self.sent(bytes);
    }
    fn note(&mut self, text: &str) {
        self.sent(text.as_bytes());
    }
}

impl Watch for Recorder {
    fn observer(&self, host: &str, port: u16) -> Option<Box<dyn Observer>> {
        self.0.lock().unwrap().extend_from_slice(format!("{host}:{port}").as_bytes());
        Some(Box::new(self.clone()))
    }
}

/// Gives a token that has expired, and when asked again a good one.
#[derive(Debug)]
struct Tokens;

impl Supplier for Tokens {
    fn supply(&self, renew: bool) -> Result<Credentials> {
        Ok(token(if renew { RENEWED } else { TOKEN }))
    }
}

fn password(text: &str) -> Credentials {
    Credentials::new(USER, Secret::new(text.into()))
}

fn token(text: &str) -> Credentials {
    Credentials::token(USER, Secret::new(text.into()))
}

/// What a client says of itself: everything with a Debug output.
fn add_settings(seen: &mut Seen, settings: &Settings) {
    seen.add("Debug of Settings", format!("{settings:?} {settings:#?}"));
    seen.add("Debug of AuthPlan", format!("{:?}", settings.auth));
}

fn add_error(seen: &mut Seen, case: &str, error: &Error) {
    seen.add(format!("the error: {case}"), format!("{error} {error:?} {error:#?} {}", error.detail));
    let reply = error.reply.as_ref().map(|reply| reply.text());
    seen.add(format!("the reply: {case}"), reply.unwrap_or_default());
}

const MECHANISMS: [(&str, Proof); 8] = [
    ("PLAIN", Proof::Password),
    ("LOGIN", Proof::Password),
    ("CRAM-MD5", Proof::Password),
    ("DIGEST-MD5", Proof::Password),
    ("SCRAM-SHA-1", Proof::Password),
    ("SCRAM-SHA-256", Proof::Password),
    ("XOAUTH2", Proof::Token),
    ("OAUTHBEARER", Proof::Token),
];

fn behaviour(mechanism: &str, judge: Judge, clear: bool) -> Behaviour {
    let config = AUTHORITY.certificate(&["mx.example"]).server();
    Behaviour { mechanisms: mechanism.into(), judge: Some(judge), offers: !clear, ..Behaviour::good(config) }
}

/// Every mechanism with every server, in the clear and encrypted, with what is right and what is wrong.
#[test]
fn nothing_of_a_login_is_shown() {
    let mut opened = 0;
    for (mechanism, proof) in MECHANISMS {
        for (server, judge) in judges::all() {
            let logins_given: Vec<Login> = match proof {
                Proof::Password => vec![password(PASSWORD).into(), password(WRONG).into()],
                _ => vec![token(TOKEN).into(), Login::Supplied(Arc::new(Tokens))],
            };
            for (number, login) in logins_given.into_iter().enumerate() {
                let (clear, two_step) = (number == 0, number == 1);
                let case = format!("{mechanism}, login {number}, the server {server}");
                let mut seen = Seen::default();
                let (own, watch) = (Recorder::default(), Recorder::default());
                let auth = AuthPlan { mechanisms: vec![mechanism], two_step, ..AuthPlan::new(login, Owner::Program) };
                let settings = Settings {
                    auth: Some(auth),
                    tls: Tls { verify: Some(false), ..Tls::mode(TlsMode::Optional) },
                    watches: vec![Arc::new(watch.clone())],
                    ..crate::support::engine::settings(PATIENCE)
                };
                add_settings(&mut seen, &settings);
                let peer = TlsServer::start(behaviour(mechanism, judge.clone(), clear), 1);
                let mut session = Session::begin(target(peer.address), settings, Cancel::new()).unwrap();
                session.connection_mut().set_observer(Some(Box::new(own.clone())));
                match session.finish_opening(&mut ()) {
                    Ok(()) => {
                        opened += 1;
                        add_settings(&mut seen, session.connection_mut().settings_mut());
                        session.quit(&mut ());
                    }
                    Err(error) => add_error(&mut seen, &case, &error),
                }
                drop(own.0.lock().map(|traced| seen.add("the trace", traced.clone())));
                drop(watch.0.lock().map(|traced| seen.add("the watch", traced.clone())));
                assert!(seen.has(&format!("AUTH {mechanism}")), "{case}");
                seen.assert_clean(&judges::secret_lines(server, &peer.finish()));
            }
        }
    }
    // The honest server lets in: six with the password (but DIGEST-MD5, which it lacks), both with the renewed token.
    assert!(opened >= 5 + 2, "{opened}");
}

#[test]
fn results_of_a_list_show_nothing() {
    for (server, judge) in judges::all() {
        let recorder = Recorder::default();
        let settings = Settings {
            auth: Some(AuthPlan::new(password(WRONG), Owner::Program)),
            watches: vec![Arc::new(recorder.clone())],
            ..crate::support::engine::settings(PATIENCE)
        };
        let peer = TlsServer::start(behaviour("PLAIN", judge, true), 1);
        let outcomes = deliver(peer.address, Level::Envelope, settings, &mut small_mails(1, 2));
        let mut seen = Seen::default();
        seen.add(format!("the outcomes, the server {server}"), format!("{outcomes:?}"));
        seen.add("the trace", recorder.0.lock().unwrap().clone());
        assert!(seen.has("AUTH PLAIN <hidden>"));
        seen.assert_clean(&judges::secret_lines(server, &peer.finish()));
    }
}

#[test]
fn nothing_of_a_proxys_password_is_shown() {
    for (right, theirs) in [(true, PROXY_PASSWORD), (false, "another")] {
        let login = Some(("joe".to_owned(), theirs.to_owned()));
        let peer = SocksProxy::start(socks::Options { login, ..socks::Options::default() });
        let server = ScriptedServer::start(match right {
            true => "S: 220 ready\nC: EHLO me.example\nS: 250 mx\nC: QUIT\nS: 221 bye\nWAIT close",
            false => "",
        });
        let mut proxy: Proxy = helo::policy::url::parse_proxy(&format!("socks5://{}", peer.address())).unwrap();
        (proxy.user, proxy.password) = (Some("joe".into()), Some(Secret::new(PROXY_PASSWORD.into())));
        proxy.methods.password = true;
        let recorder = Recorder::default();
        let mut settings = crate::support::engine::settings(PATIENCE);
        settings.connect.proxy = Some(proxy);
        settings.watches = vec![Arc::new(recorder.clone())];
        let mut seen = Seen::default();
        add_settings(&mut seen, &settings);
        match Session::open(target(server.address()), settings, Cancel::new(), &mut ()) {
            Ok(session) => session.quit(&mut ()),
            Err(error) => add_error(&mut seen, "proxy", &error),
        }
        seen.add("the trace", recorder.0.lock().unwrap().clone());
        seen.assert_clean(&[]);
        let given = peer.requests().into_iter().filter_map(|request| request.password).collect::<Vec<_>>();
        assert!(!right || given == [PROXY_PASSWORD], "{given:?}");
        drop(server.outcome());
    }
}

/// A private key shows neither as the file has it nor as octets.
#[test]
fn nothing_of_a_private_key_is_shown() {
    let certified = AUTHORITY.certificate(&["me.example"]);
    let key = certified.key.serialize_pem();
    let identity = Identity::from_pem(certified.pem.as_bytes(), key.as_bytes()).unwrap();
    let tls = Tls { identity: Some(identity), ..Tls::mode(TlsMode::Always) };
    let settings = Settings { tls, ..Settings::default() };
    let shown = format!("{settings:?} {settings:#?}");
    assert!(shown.contains("<hidden>"), "{shown}");
    let octets = format!("{:?}", certified.key.serialize_der());
    let octets = octets.trim_matches(['[', ']']);
    for secret in key.lines().filter(|line| !line.starts_with('-')).chain([&octets[octets.len() - 60..]]) {
        assert!(!shown.contains(secret), "{shown}");
    }
}
