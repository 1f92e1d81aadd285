use super::*;
use crate::client::settings::{AuthPlan, Owner, TlsMode};
use crate::proto::reply::Reply;
use crate::sasl::{Credentials, Secret};

fn host(host: &str, port: u16) -> Target {
    Target::Host { host: host.to_owned(), port }
}

fn from_policy() -> Settings {
    Settings { origin: "by /etc/helo.conf [host mailhost]".into(), ..Settings::default() }
}

/// What is advised for a failure at these circumstances.
fn advice(error: &Error, at: Circumstances) -> &'static str {
    advice::of(&error.into(), &at)
}

fn plain(port: u16) -> Circumstances {
    Circumstances { port, ..Circumstances::default() }
}

fn refused(phase: Phase, code: u16, text: &str) -> Error {
    Error::refused(phase, Reply::new(code, text))
}

#[test]
fn all_that_a_person_needs_is_said() {
    let context = Context::of(&from_policy(), &host("mx.example", 587));
    let error = refused(Phase::Rcpt, 550, "5.1.1 no such user");
    let words = context.words(&error, Concerning::Recipient("b@x.test"));
    let expected = "RCPT: refused by the server: 550 5.1.1 no such user; recipient b@x.test; server mx.example:587, by \
                    /etc/helo.conf [host mailhost]; try next: look at the address";
    assert!(words.starts_with(expected), "{words}");
    assert_eq!(context.facts(&error, Concerning::Recipient("b@x.test")), words.split("; try next").next().unwrap());
    let failure = Failure::from(&error);
    assert_eq!(context.words_of(&failure, Concerning::Recipient("b@x.test")), words);
    let said = context.said(&failure, Concerning::Sender(""));
    assert!(said.starts_with("550 5.1.1 no such user; sender <>; server mx.example:587, by "), "{said}");
}

#[test]
fn an_address_has_its_brackets_and_an_unknown_server_is_not_made_up() {
    let words = |target| Context::of(&Settings::default(), &target).whereto();
    assert_eq!(words(host("::1", 25)), "[::1]:25, as the program asked");
    assert_eq!(words(Target::Unix("/run/lmtp".into())), "/run/lmtp, as the program asked");
    let own = Context::of_own_connection(&Settings::default());
    assert_eq!(own.whereto(), "a connection of the program's own, as the program asked");
    assert_eq!(Context::default().whereto(), "");
    let error = Error::new(Phase::Connect, Cause::Policy, "line 2");
    let words = Context::default().words(&error, Concerning::Connection);
    assert!(words.starts_with("connect: policy: line 2; try next: "), "{words}");
}

#[test]
fn the_user_is_named_and_the_password_is_not() {
    let credentials = Credentials::new("alice", Secret::new("hunter2".into()));
    let settings = Settings { auth: Some(AuthPlan::new(credentials, Owner::Program)), ..from_policy() };
    let context = Context::of(&settings, &host("mx.example", 587));
    let words = context.words(&refused(Phase::Auth, 535, "5.7.8 no"), Concerning::Connection);
    assert!(words.contains("; user alice; server mx.example:587, by "), "{words}");
    let later = context.words(&refused(Phase::Rcpt, 550, "no"), Concerning::Connection);
    assert!(!later.contains("alice"), "{later}");
    assert!(!format!("{context:?}{words}").contains("hunter2"));
}

#[test]
fn a_server_with_many_words_does_not_push_the_others_out() {
    let context = Context::of(&from_policy(), &host("mx.example", 587));
    let error = refused(Phase::Mail, 550, &"ü blah".repeat(1000));
    let words = context.words(&error, Concerning::Sender(&"x".repeat(1000)));
    assert!(words.len() < 1950, "{}", words.len());
    for part in ["ü blah", "; server mx.example:587, by /etc", "; try next: "] {
        assert!(words.contains(part), "{part}: {words}");
    }
}

/// A watch that has something to complain of, once.
#[derive(Debug, Default)]
struct Broken(std::sync::atomic::AtomicBool);

impl Watch for Broken {
    fn observer(&self, _: &str, _: u16) -> Option<Box<dyn crate::client::trace::Observer>> {
        None
    }
    fn complaint(&self) -> Option<String> {
        let told = self.0.swap(true, std::sync::atomic::Ordering::Relaxed);
        (!told).then(|| "the trace cannot be written".to_owned())
    }
}

#[test]
fn a_trace_that_fails_is_told_once() {
    let settings = Settings { watches: vec![Arc::new(Broken::default())], ..from_policy() };
    let context = Context::of(&settings, &host("mx.example", 587));
    let error = Error::new(Phase::Connect, Cause::UnknownHost, "no");
    let words = || context.words(&error, Concerning::Connection);
    assert!(words().ends_with("; besides, the trace cannot be written"));
    assert!(!words().contains("trace cannot"));
}

/// The table: cause by cause, what its cure must name.
#[test]
fn each_cause_has_its_own_cure() {
    use Hint::*;
    let error = |phase, cause| Error::new(phase, cause, "");
    let hinted = |hint| error(Phase::Tls, Cause::Tls).hinting(hint);
    let (none, logs_in) = (plain(587), Circumstances { logs_in: true, ..plain(587) });
    let implicit = Circumstances { encryption: TlsMode::Implicit, ..plain(587) };
    let table: Vec<(&str, Error, Circumstances, &str)> = vec![
        ("clear text on 465: silence", error(Phase::Greeting, Cause::TimedOut), plain(465), "tls = implicit"),
        ("clear text on 465: closed", error(Phase::Greeting, Cause::BrokenOff), plain(465), "tls = implicit"),
        ("clear text on 465: noise", error(Phase::Greeting, Cause::Protocol), plain(465), "tls = implicit"),
        ("TLS where 220 was due", hinted(TlsWhereClear), none, "TLS from the first byte on this port: tls = implicit"),
        ("220 where TLS was due", hinted(ClearWhereTls), implicit, "begins in the clear on this port: tls = always"),
        ("silence where TLS was due", error(Phase::Tls, Cause::TimedOut), implicit, "587 and 25 begin in the clear"),
        ("POP3 on the port", hinted(OtherProtocol), none, "another service"),
        ("no STARTTLS", hinted(NoStartTls), none, "no TLS on this port: port = 465 with tls = implicit"),
        ("no version in common", hinted(NoCommonTls), none, "too old"),
        ("another name", hinted(CertificateName), none, "tls_name ="),
        ("expired", hinted(CertificateTime), none, "clock"),
        ("unknown issuer", hinted(CertificateIssuer), none, "tls_ca ="),
        ("self-signed", hinted(SelfSigned), none, "tls_verify = no with tls_pin ="),
        ("another key", hinted(CertificatePin), none, "new key"),
        ("another fault of it", hinted(Certificate), none, "mend its certificate"),
        ("a certificate of this side", hinted(OwnCertificate), none, "tls_certificate"),
        ("an address only", hinted(NoTlsName), none, "tls_name = the name"),
        ("wrong password", refused(Phase::Auth, 535, "5.7.8 no"), none, "look at user and password"),
        ("application's password", refused(Phase::Auth, 534, "5.7.9 no"), none, "made for this application"),
        ("password check is down", refused(Phase::Auth, 454, "4.7.0 no"), none, "cannot check logins"),
        ("unknown mechanism", refused(Phase::Auth, 504, "5.5.4 no"), none, "mechanism ="),
        ("no mechanism in common", hinted(NoMechanism), none, "mechanism ="),
        ("no login at all", hinted(NoAuth), none, "no login here"),
        ("login in the clear", hinted(ClearCredentials), none, "encrypt it"),
        ("refused connection", error(Phase::Connect, Cause::NotResponding), none, "is the port right"),
        ("unknown host", error(Phase::Connect, Cause::UnknownHost), none, "server's name"),
        ("no answer to connect", error(Phase::Connect, Cause::TimedOut), none, "firewall swallow"),
        ("no greeting", error(Phase::Greeting, Cause::TimedOut), none, "greeting_timeout"),
        ("not wanted", refused(Phase::Greeting, 554, "no"), none, "does not want this machine"),
        ("busy", refused(Phase::Greeting, 450, "no"), none, "busy"),
        ("closing", refused(Phase::Mail, 421, "4.3.2 bye"), none, "fewer connections"),
        ("530, no login", refused(Phase::Mail, 530, "5.7.0 Authentication required"), none, "wants a login: user and"),
        ("530, a login", refused(Phase::Mail, 530, "5.7.0 Authentication required"), logs_in, "has not had"),
        ("530, TLS", refused(Phase::Mail, 530, "5.7.0 Must issue a STARTTLS command first"), none, "encryption first"),
        ("538", refused(Phase::Auth, 538, "5.7.11 no"), none, "encryption first"),
        ("550 relaying", refused(Phase::Rcpt, 550, "Relaying denied"), none, "for strangers: a login"),
        ("554 5.7.1", refused(Phase::Rcpt, 554, "5.7.1 <b@x>: Relay access denied"), none, "for strangers: a login"),
        ("551 while logged in", refused(Phase::Rcpt, 551, "we do not relay"), logs_in, "for this user"),
        ("no such user", refused(Phase::Rcpt, 550, "5.1.1 who?"), none, "no such mailbox"),
        ("greylisted", refused(Phase::Rcpt, 450, "4.7.1 wait"), none, "in some minutes"),
        ("too many recipients", refused(Phase::Rcpt, 452, "4.5.3 enough"), none, "another mail"),
        ("mailbox full", refused(Phase::Rcpt, 552, "5.2.2 full"), none, "mailbox is full"),
        ("552 to MAIL", refused(Phase::Mail, 552, "5.3.4 big"), none, "smaller message"),
        ("552 to the message", refused(Phase::Message, 552, "big"), none, "smaller message"),
        ("too big for SIZE", error(Phase::Mail, Cause::Refused).hinting(TooBig), none, "smaller message"),
        ("foreign sender", refused(Phase::Mail, 553, "5.7.1 not owned"), logs_in, "belong to the user"),
        ("spam", refused(Phase::Message, 554, "5.7.1 spam"), none, "change the message"),
        ("no room", refused(Phase::Message, 452, "4.3.1 disk"), none, "short of room"),
        ("no SMTPUTF8", error(Phase::Mail, Cause::NotSupported).hinting(NoUtf8), none, "SMTPUTF8"),
        ("late verdict", error(Phase::Message, Cause::TimedOut), none, "message_timeout"),
        ("unknown outcome", error(Phase::Message, Cause::OutcomeUnknown), none, "before it is sent again"),
        ("proxy", error(Phase::Connect, Cause::Proxy), none, "look at proxy"),
        ("source address", error(Phase::Connect, Cause::NoBind), none, "source_address"),
        ("policy", error(Phase::Connect, Cause::Policy), none, "helo-check"),
    ];
    for (what, error, at, cure) in &table {
        let advice = advice(error, *at);
        assert!(advice.contains(cure), "{what}: {cure:?} is not in {advice:?}");
    }
}

#[test]
fn nothing_is_without_advice() {
    let replies = [0, 221, 354, 421, 450, 452, 454, 500, 501, 503, 504, 521, 530, 535, 550, 552, 554, 555, 599];
    for phase in Phase::ALL {
        for cause in Cause::ALL {
            for code in replies {
                for port in [0, 25, 465, 587] {
                    let failure = Failure { phase, cause, hint: None, code, enhanced: None, said: "x" };
                    let advice = advice::of(&failure, &plain(port));
                    assert!(advice.len() > 20 && !advice.ends_with('.'), "{phase:?} {cause:?} {code}: {advice}");
                }
            }
        }
    }
}

#[test]
fn what_a_stranger_says_first_tells_who_he_is() {
    for (bytes, hint) in [
        (&b"\x15\x03\x01\x00\x02\x02\x46"[..], Some(Hint::TlsWhereClear)),
        (b"\x16\x03\x03", Some(Hint::TlsWhereClear)),
        (b"SSH-2.0-OpenSSH_9\r\n", Some(Hint::OtherProtocol)),
        (b"+OK ready\r\n", Some(Hint::OtherProtocol)),
        (b"* OK IMAP4rev1\r\n", Some(Hint::OtherProtocol)),
        (b"HTTP/1.1 400 Bad Request\r\n", Some(Hint::OtherProtocol)),
        (b"220 mx.example\r\n", None),
        (b"\x15", None),
        (b"", None),
    ] {
        assert_eq!(hint_of_greeting(bytes), hint, "{bytes:?}");
    }
}
