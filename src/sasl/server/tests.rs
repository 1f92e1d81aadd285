//! Every client mechanism against our server's, over the text of the wire; and what clients should not say.

use super::super::{self as sasl, BindingKind, Context, Credentials, Mechanism, Proof, test_context};
use super::*;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use proptest::prelude::*;

pub(super) const PASSWORD: &str = "wonder";
const TOKEN: &str = "token-of-alice";

/// Users: alice with a password, as it is or as keys; her token; bob, as whom she may act; and what a test adds.
#[derive(Default)]
pub(super) struct Users {
    pub keys: Vec<(&'static str, ScramKeys)>,
    pub passwords_as_keys: bool,
    pub broken: bool,
    pub callback: bool,
}

impl Authority for Users {
    fn look_up(&self, user: &str) -> Result<Option<Stored>, Unavailable> {
        if self.broken {
            return Err(Unavailable);
        }
        let keys: Vec<ScramKeys> = self.keys.iter().filter(|(name, _)| *name == user).map(|(_, k)| k.clone()).collect();
        if !keys.is_empty() {
            return Ok(Some(Stored::Keys(keys)));
        }
        let alices = ["alice", "a,l=ice"].contains(&user);
        Ok(alices.then(|| match self.passwords_as_keys {
            false => Stored::Password(secret(PASSWORD)),
            true => Stored::Keys(
                ScramHash::ALL.map(|hash| ScramKeys::derive(hash, &secret(PASSWORD), b"salty", 4096).unwrap()).to_vec(),
            ),
        }))
    }

    fn keeps_passwords(&self) -> bool {
        !self.passwords_as_keys
    }

    fn check_password(&self, user: &str, password: &Secret) -> Result<Option<bool>, Unavailable> {
        Ok(self.callback.then(|| user == "carol" && password.expose() == "called"))
    }

    fn check_token(&self, user: &str, token: &Secret) -> Result<Option<String>, Unavailable> {
        if self.broken {
            return Err(Unavailable);
        }
        let good = token.expose() == TOKEN && ["alice", "bob", "carol", ""].contains(&user);
        Ok(good.then(|| "alice".to_string()))
    }

    fn admit_guest(&self, word: &str) -> Result<bool, Unavailable> {
        Ok(word != "nobody")
    }

    fn may_act_as(&self, user: &str, other: &str) -> Result<bool, Unavailable> {
        Ok(user == "alice" && other == "bob")
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_string())
}

fn channels() -> Vec<ChannelBinding> {
    vec![
        ChannelBinding { kind: BindingKind::Exporter, data: vec![1; 32] },
        ChannelBinding { kind: BindingKind::ServerEndPoint, data: vec![2; 32] },
    ]
}

pub(super) fn surroundings() -> Surroundings {
    Surroundings { entropy: [7; ENTROPY], bindings: channels(), plus_offered: true, peer: Some("alice".to_string()) }
}

pub(super) fn realm_of(users: Users) -> Realm {
    Realm { iterations: 4096, ..Realm::new(Box::new(users), "mx.example", [9; 32]) }
}

fn credentials(mechanism: &str) -> Credentials {
    match sasl::traits(mechanism).unwrap().proof {
        Proof::Password => Credentials::new("alice", secret(PASSWORD)),
        Proof::Token => Credentials::token("alice", secret(TOKEN)),
        Proof::Connection => Credentials::connection(),
        Proof::Nothing => Credentials::guest("alice"),
    }
}

fn begin(mechanism: &str, users: Users) -> Exchange {
    Exchange::new(mechanism, Arc::new(realm_of(users)), surroundings()).unwrap()
}

/// A client and a server, as AUTH carries them: what the server came to, and whether the client is content with it.
fn meet(client: &mut dyn Mechanism, server: &mut Exchange, with_auth: bool) -> (Step, bool) {
    let initial = if with_auth { client.initial() } else { None };
    let initial = initial.map(|octets| wire::encode_initial(octets).unwrap());
    let mut step = server.begin(initial.as_deref());
    for _ in 0..5 {
        let Step::Challenge(text) = &step else {
            let content = client.is_complete();
            return (step, content);
        };
        let reply = step.reply();
        assert_eq!((reply.code(), reply.lines().next().unwrap()), (334, text.as_bytes()));
        let challenge = wire::decode_challenge(text.as_bytes()).unwrap();
        let Ok(response) = client.respond(&challenge) else { return (step, false) };
        step = server.respond(&wire::encode_response(response).unwrap());
    }
    panic!("the exchange does not end");
}

fn with(mechanism: &str, credentials: &Credentials, users: Users, with_auth: bool) -> (Step, bool) {
    let channels = channels();
    let context = Context { channel: channels.first(), offered: &["SCRAM-SHA-256-PLUS".to_string()], ..test_context() };
    let mut client = sasl::client(mechanism, credentials, &context).unwrap();
    meet(&mut *client, &mut begin(mechanism, users), with_auth)
}

#[test]
fn every_mechanism_lets_the_right_one_in() {
    let mut seen = 0;
    for name in mechanisms() {
        for with_auth in [true, false] {
            for passwords_as_keys in [true, false] {
                if name == "CRAM-MD5" && passwords_as_keys {
                    continue; // it cannot
                }
                let users = Users { passwords_as_keys, ..Users::default() };
                let (step, content) = with(name, &credentials(name), users, with_auth);
                let Step::Accepted(identity) = step else { panic!("{name}: {step:?}") };
                assert!(content, "{name}: the client does not believe it");
                assert_eq!((identity.user.as_str(), identity.acts_as), ("alice", None), "{name}");
                assert_eq!(identity.guest, name == "ANONYMOUS");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 11 * 4 - 2);
}

#[test]
fn no_mechanism_lets_the_wrong_one_in() {
    for name in mechanisms().filter(|name| !["EXTERNAL", "ANONYMOUS"].contains(name)) {
        let good = credentials(name);
        let cases = [
            Credentials { password: secret("wonders"), ..good.clone() },
            Credentials { password: secret("Wonder"), ..good.clone() },
            Credentials { user: "mallory".to_string(), ..good.clone() },
            Credentials { user: "Alice".to_string(), ..good },
        ];
        for bad in cases {
            for passwords_as_keys in [true, false] {
                let (step, content) = with(name, &bad, Users { passwords_as_keys, ..Users::default() }, true);
                assert_eq!(step, Step::Refused(Failure::Wrong), "{name} {bad:?}");
                assert_eq!(step.reply().text(), "535 5.7.8 Authentication credentials invalid");
                assert!(!(content && name.starts_with("SCRAM")), "{name}");
            }
        }
    }
    let (step, _) = with("ANONYMOUS", &Credentials::guest("nobody"), Users::default(), true);
    assert_eq!(step, Step::Refused(Failure::Wrong));
    let strange = Surroundings { peer: None, ..surroundings() };
    let mut server = Exchange::new("EXTERNAL", Arc::new(realm_of(Users::default())), strange).unwrap();
    assert_eq!(server.begin(Some("=")), Step::Refused(Failure::Wrong));
}

#[test]
fn a_name_with_commas_and_equals_signs() {
    for name in ["SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "PLAIN", "LOGIN", "CRAM-MD5"] {
        let (step, content) = with(name, &Credentials::new("a,l=ice", secret(PASSWORD)), Users::default(), true);
        assert!(matches!(&step, Step::Accepted(who) if who.user == "a,l=ice") && content, "{name}: {step:?}");
    }
}

#[test]
fn who_may_act_as_whom() {
    let can =
        ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "OAUTHBEARER", "EXTERNAL"];
    for name in can {
        let acting = |other: &str| {
            let credentials = Credentials { authzid: Some(other.to_string()), ..credentials(name) };
            with(name, &credentials, Users::default(), true).0
        };
        let acts_as = |step: &Step| match step {
            Step::Accepted(who) if who.user == "alice" => who.acts_as.clone(),
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(acts_as(&acting("bob")).as_deref(), Some("bob"), "{name}");
        assert_eq!(acts_as(&acting("alice")), None, "{name}: herself");
        assert_eq!(acting("carol"), Step::Refused(Failure::Wrong), "{name}");
    }
}

#[test]
fn a_callback_that_says_yes_or_no() {
    for name in ["PLAIN", "LOGIN"] {
        let users = || Users { callback: true, ..Users::default() };
        let (step, _) = with(name, &Credentials::new("carol", secret("called")), users(), true);
        assert!(matches!(step, Step::Accepted(_)), "{name}");
        let (step, _) = with(name, &Credentials::new("alice", secret(PASSWORD)), users(), true);
        assert_eq!(step, Step::Refused(Failure::Wrong), "{name}: the callback has the last word");
    }
}

#[test]
fn users_that_cannot_be_looked_up_are_told_to_come_again() {
    for name in mechanisms().filter(|name| !["EXTERNAL", "ANONYMOUS"].contains(name)) {
        let (step, _) = with(name, &credentials(name), Users { broken: true, ..Users::default() }, true);
        assert_eq!(step, Step::Refused(Failure::Unavailable), "{name}");
        assert_eq!(step.reply().text(), "454 4.7.0 Temporary authentication failure");
    }
}

/// RFC 4616, section 4, and what PLAIN is not.
#[test]
fn plain_to_the_letter() {
    let hear = |message: &[u8]| begin("PLAIN", Users::default()).respond(&wire::encode_challenge(message));
    assert!(matches!(hear(b"\0alice\0wonder"), Step::Accepted(_)));
    assert!(matches!(hear(b"bob\0alice\0wonder"), Step::Accepted(who) if who.acts_as.as_deref() == Some("bob")));
    let rows: [&[u8]; 9] = [
        b"",
        b"alice",
        b"alice\0wonder",
        b"\0\0wonder",
        b"\0alice\0",
        b"\0alice\0wonder\0",
        b"\0al\nice\0wonder",
        b"\0alice\0won\xff",
        b"b\x01b\0alice\0wonder",
    ];
    for message in rows {
        assert_eq!(hear(message), Step::Refused(Failure::Malformed), "{}", message.escape_ascii());
    }
}

#[test]
fn login_with_and_without_the_name_in_front() {
    let mut login = begin("LOGIN", Users::default());
    assert_eq!(login.begin(None), Step::Challenge("VXNlcm5hbWU6".to_string()));
    assert_eq!(login.respond("YWxpY2U="), Step::Challenge("UGFzc3dvcmQ6".to_string()));
    assert!(matches!(login.respond("d29uZGVy"), Step::Accepted(_)));
    assert_eq!(login.respond("d29uZGVy"), Step::Refused(Failure::Malformed), "it is over");
    let mut login = begin("LOGIN", Users::default());
    assert_eq!(login.begin(Some("YWxpY2U=")), Step::Challenge("UGFzc3dvcmQ6".to_string()));
    assert_eq!(login.respond("d29uZGVyeg=="), Step::Refused(Failure::Wrong));
    let mut login = begin("LOGIN", Users::default());
    login.begin(Some("="));
    assert_eq!(login.respond("d29uZGVy"), Step::Refused(Failure::Malformed), "nobody");
}

/// RFC 7628, sections 4.1 and 4.3: with the token refused.
#[test]
fn oauth_refusals_are_json() {
    let realm = Realm {
        oauth_scope: "mail \"all\"".to_string(),
        oauth_discovery: "https://example.com/.well-known/openid-configuration".to_string(),
        ..realm_of(Users::default())
    };
    let realm = Arc::new(realm);
    let mut server = Exchange::new("oauthbearer", realm.clone(), surroundings()).unwrap();
    let token = "n,a=user@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u{1}\u{1}";
    let Step::Challenge(json) = server.respond(&wire::encode_challenge(token.as_bytes())) else { panic!() };
    assert_eq!(
        wire::decode_challenge(json.as_bytes()).unwrap(),
        br#"{"status":"invalid_token","scope":"mail \"all\"","openid-configuration":"https://example.com/.well-known/openid-configuration"}"#
    );
    assert_eq!(server.respond("AQ=="), Step::Refused(Failure::Wrong));
    let mut server = Exchange::new("XOAUTH2", realm, surroundings()).unwrap();
    let Step::Challenge(json) = server.respond(&wire::encode_challenge(b"user=a\x01auth=Bearer x\x01\x01")) else {
        panic!()
    };
    assert!(wire::decode_challenge(json.as_bytes()).unwrap().starts_with(br#"{"status":"401","schemes":"bearer","#));
    assert_eq!(server.respond(""), Step::Refused(Failure::Wrong));
}

#[test]
fn tokens_that_cannot_be_read() {
    let bearer = [
        "",
        "n,,",
        "n,,\u{1}",
        "n,,\u{1}\u{1}",
        "n,,\u{1}auth=Bearer x\u{1}",
        "n,,\u{1}auth=Bearer \u{1}\u{1}",
        "n,,\u{1}auth=Basic x\u{1}\u{1}",
        "n,,\u{1}auth=Bearer x y\u{1}\u{1}",
        "n,,\u{1}host=mx\u{1}\u{1}",
        "n,,\u{1}auth=Bearer a\u{1}auth=Bearer b\u{1}\u{1}",
        "n,a=,\u{1}auth=Bearer x\u{1}\u{1}",
        "n,b=x,\u{1}auth=Bearer x\u{1}\u{1}",
        "p=tls-exporter,,\u{1}auth=Bearer x\u{1}\u{1}",
        "n,a=a\nb,\u{1}auth=Bearer x\u{1}\u{1}",
        "n,,\u{1}=x\u{1}auth=Bearer x\u{1}\u{1}",
    ];
    for message in bearer {
        let step = begin("OAUTHBEARER", Users::default()).respond(&wire::encode_challenge(message.as_bytes()));
        assert_eq!(step, Step::Refused(Failure::Malformed), "{message:?}");
    }
    for message in
        ["", "user=", "user=\u{1}auth=Bearer x\u{1}\u{1}", "user=a\nb\u{1}auth=Bearer x\u{1}\u{1}", "user=a\u{1}\u{1}"]
    {
        let step = begin("XOAUTH2", Users::default()).respond(&wire::encode_challenge(message.as_bytes()));
        assert_eq!(step, Step::Refused(Failure::Malformed), "{message:?}");
    }
    let whose = begin("OAUTHBEARER", Users::default())
        .respond(&wire::encode_challenge(format!("n,,\u{1}auth=bearer {TOKEN}\u{1}\u{1}").as_bytes()));
    assert!(matches!(whose, Step::Accepted(who) if who.user == "alice"), "the token alone says whose it is");
}

#[test]
fn cram_md5_to_the_letter() {
    let mut server = begin("CRAM-MD5", Users::default());
    let Step::Challenge(first) = server.begin(None) else { panic!() };
    let challenge = wire::decode_challenge(first.as_bytes()).unwrap();
    assert!(challenge.starts_with(b"<") && challenge.ends_with(b"@mx.example>"));
    assert_eq!(server.respond(&wire::encode_challenge(b"alice 00")), Step::Refused(Failure::Wrong));
    for message in ["", "alice", " 0123456789abcdef0123456789abcdef", "al\u{0}ice 0"] {
        let mut server = begin("CRAM-MD5", Users::default());
        server.begin(None);
        let step = server.respond(&wire::encode_challenge(message.as_bytes()));
        assert_eq!(step, Step::Refused(Failure::Malformed), "{message:?}");
    }
    let step = begin("CRAM-MD5", Users::default()).begin(Some("YWxpY2U="));
    assert_eq!(step, Step::Refused(Failure::Malformed), "the server begins");
}

#[test]
fn keys_as_a_line_of_text() {
    // Calculated with Python's hashlib: "pencil" with the salt of RFC 7677.
    let line = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
                wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    let keys: ScramKeys = line.parse().unwrap();
    assert_eq!(keys.to_string(), line);
    assert!(keys.fit(&secret("pencil")) && !keys.fit(&secret("pencils")));
    let salt = wire::decode_response("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
    assert_eq!(ScramKeys::derive(ScramHash::Sha256, &secret("pencil"), &salt, 4096).unwrap(), keys);
    assert_eq!(format!("{keys:?}"), "SCRAM-SHA-256$<hidden>");
    let bad = [
        String::new(),
        line.replace("SHA-256", "MD5"),
        line.replace("SHA-256", "SHA-1"),
        line.replace("4096", "4095"),
        line.replace("4096", "+4096"),
        line.replace("4096", "4000000000"),
        line.replace("W22ZaJ0SNY7soEsUEjb6gQ==", ""),
        line.replace("WG5d", "WG5"),
        line.replace(":wfPL", "wfPL"),
        format!("{line} "),
    ];
    for bad in bad {
        assert_eq!(bad.parse::<ScramKeys>(), Err(NotKeys), "{bad}");
    }
    assert!(ScramKeys::derive(ScramHash::Sha1, &secret("x"), b"", 4096).is_err());
    assert!(ScramKeys::derive(ScramHash::Sha1, &secret("x"), b"salt", 1).is_err());
    assert!(ScramKeys::derive(ScramHash::Sha1, &secret("a\u{7}b"), b"salt", 4096).is_err());
}

#[test]
fn unknown_mechanisms_and_the_offer() {
    let realm = Arc::new(realm_of(Users::default()));
    assert_eq!(Exchange::new("DIGEST-MD5", realm, surroundings()).err(), Some(SaslError::UnknownMechanism));
    assert_eq!(offer("x"), None);
    for name in mechanisms() {
        let offered = offer(&name.to_lowercase()).unwrap();
        assert_eq!((offered.name.as_str(), offered.client_first), (name, name != "CRAM-MD5"));
        assert_eq!(offered.binds_channel, name.ends_with("-PLUS"));
    }
    assert!(offer("PLAIN").unwrap().sends_password && !offer("SCRAM-SHA-1").unwrap().sends_password);
}

#[test]
fn what_is_not_base64_ends_the_exchange() {
    for text in ["A", "=", "YWxpY2U", "YWxpY2U= ", "*", "YW=xpY2U=", "\u{e9}", &"A".repeat(wire::MAX_TEXT + 4)] {
        for name in mechanisms() {
            let mut server = begin(name, Users::default());
            server.begin(None);
            assert_eq!(server.respond(text), Step::Refused(Failure::Malformed), "{name} {text:?}");
            assert_eq!(server.respond(""), Step::Refused(Failure::Malformed), "{name}: it is over");
        }
    }
    assert_eq!(Step::Refused(Failure::Malformed).reply().code(), 501);
}

/// Messages that go a good part of the way.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        "[nyp],?(a=[a-z=,]{0,5})?,n=[a-z=,]{0,6},r=[ -~]{0,9}".prop_map(String::into_bytes),
        "c=(biws|[A-Za-z0-9=]{0,8}),r=[ -~]{0,9},p=[A-Za-z0-9+/=]{0,44}".prop_map(String::into_bytes),
        "(user=|n,,|n,a=)[a-z]{0,5}\u{1}auth=Bearer [ -~]{0,9}\u{1}{0,2}".prop_map(String::into_bytes),
        "[a-z]{0,5}\u{0}(alice|[a-z]{0,5})\u{0}[a-z]{0,7}\u{0}?".prop_map(String::into_bytes),
        Just(Vec::new()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_client_makes_a_mechanism_panic_or_go_on_for_ever(
        messages in proptest::collection::vec(messages(), 6),
        begins in any::<bool>(),
    ) {
        for name in mechanisms().filter(|name| !["EXTERNAL", "ANONYMOUS"].contains(name)) {
            let mut server = begin(name, Users { passwords_as_keys: true, ..Users::default() });
            if begins {
                server.begin(None);
            }
            let texts = messages.iter().map(|message| wire::encode_challenge(message));
            let steps: Vec<Step> = texts.map(|text| server.respond(&text)).collect();
            let over = steps.iter().position(|step| !matches!(step, Step::Challenge(_)));
            prop_assert!(over.is_some_and(|over| over <= 3), "{}: {:?}", name, steps);
            prop_assert!(!steps.iter().any(|step| matches!(step, Step::Accepted(_))), "{}: {:?}", name, steps);
        }
    }
}
