use super::*;
use alloc::string::String;
use alloc::{format, vec};
use proptest::prelude::*;

fn alice() -> Credentials {
    Credentials::new("alice", Secret::new("wonder".to_string()))
}

/// Credentials that the mechanism takes.
fn credentials_of(name: &str) -> Credentials {
    match traits(name).unwrap().proof {
        Proof::Password => alice(),
        Proof::Token => Credentials::token("alice", Secret::new("wonder".to_string())),
        Proof::Connection => Credentials::connection(),
        Proof::Nothing => Credentials::guest("alice"),
    }
}

const CHANNEL: &ChannelBinding = &ChannelBinding { kind: BindingKind::Exporter, data: Vec::new() };

/// Surroundings in which every mechanism can run.
fn bound_context() -> Context<'static> {
    Context { channel: Some(CHANNEL), ..test_context() }
}

fn chosen(offer: &str, credentials: &Credentials, channel: Option<&ChannelBinding>) -> Option<&'static str> {
    let offered: Vec<String> = offer.split(' ').map(String::from).collect();
    choose(credentials, &Context { offered: &offered, channel, ..test_context() })
}

#[test]
fn names_are_found_in_either_case_and_unknown_ones_say_what_there_is() {
    for name in mechanisms() {
        assert_eq!(client(&name.to_lowercase(), &credentials_of(name), &bound_context()).unwrap().name(), name);
    }
    let error = client("KERBEROS_V4", &alice(), &test_context()).err().unwrap();
    assert_eq!(error, SaslError::UnknownMechanism);
    assert_eq!(
        error.to_string(),
        "unknown authentication mechanism; known are SCRAM-SHA-256-PLUS, SCRAM-SHA-1-PLUS, SCRAM-SHA-256, SCRAM-SHA-1, \
         DIGEST-MD5, CRAM-MD5, PLAIN, LOGIN, OAUTHBEARER, XOAUTH2, EXTERNAL, ANONYMOUS"
    );
}

#[test]
fn the_best_offer_is_chosen() {
    let all = "PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 scram-sha-256 SCRAM-SHA-256-PLUS XOAUTH2 EXTERNAL ANONYMOUS";
    assert_eq!(chosen(all, &alice(), Some(CHANNEL)), Some("SCRAM-SHA-256-PLUS"));
    assert_eq!(chosen(all, &alice(), None), Some("SCRAM-SHA-256"));
    assert_eq!(chosen("LOGIN plain GSSAPI", &alice(), None), Some("PLAIN"));
    assert_eq!(chosen("LOGIN PLAIN cram-md5", &alice(), None), Some("CRAM-MD5"));
    assert_eq!(chosen("GSSAPI", &alice(), None), None);
    assert_eq!(chosen("", &alice(), None), None);
}

#[test]
fn only_what_the_credentials_are_made_for_is_chosen() {
    let all = "ANONYMOUS EXTERNAL XOAUTH2 OAUTHBEARER PLAIN";
    assert_eq!(chosen(all, &credentials_of("XOAUTH2"), None), Some("OAUTHBEARER"));
    assert_eq!(chosen(all, &credentials_of("EXTERNAL"), None), Some("EXTERNAL"));
    assert_eq!(chosen(all, &credentials_of("ANONYMOUS"), None), Some("ANONYMOUS"));
    assert_eq!(chosen(all, &alice(), None), Some("PLAIN"));
    for other in ["ANONYMOUS", "EXTERNAL", "XOAUTH2"] {
        assert_eq!(chosen(other, &alice(), None), None);
        assert_eq!(chosen("PLAIN", &credentials_of(other), None), None);
    }
}

#[test]
fn a_token_is_never_taken_for_a_password() {
    let token = Credentials::token("alice", Secret::new("wonder".to_string()));
    for name in mechanisms().filter(|name| traits(name).unwrap().proof == Proof::Password) {
        let refused = client(name, &token, &bound_context()).err();
        assert!(matches!(refused, Some(SaslError::BadCredentials(_))), "{name}: {refused:?}");
    }
    assert!(client("XOAUTH2", &alice(), &test_context()).is_ok());
}

/// What the table says is what goes out.
#[test]
fn the_table_says_which_mechanisms_show_the_password() {
    let challenge = "r=WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpax,s=QSXCR+Q6sek8bf92,i=4096";
    for name in mechanisms().filter(|name| *name != "ANONYMOUS" && *name != "EXTERNAL") {
        let mut mechanism = client(name, &credentials_of(name), &bound_context()).unwrap();
        let mut said: Vec<Vec<u8>> = mechanism.initial().into_iter().collect();
        for challenge in [challenge, "nonce=n,algorithm=md5-sess", "Password:"] {
            said.extend(mechanism.respond(challenge.as_bytes()));
        }
        let shown = said.iter().any(|message| message.windows(6).any(|part| part == b"wonder"));
        assert!(!said.is_empty(), "{name}");
        assert_eq!(shown, traits(name).unwrap().sends_password, "{name}");
    }
}

#[test]
fn credentials_that_cannot_be_sent_are_refused_by_every_mechanism() {
    let secret = |text: &str| Secret::new(text.to_string());
    let mut other = alice();
    other.authzid = Some("bob\0".to_string());
    let long = "x".repeat(MAX_CREDENTIALS);
    let cases = vec![
        Credentials::new("al\0ice", secret("wonder")),
        Credentials::new("alice", secret("won\0der")),
        Credentials::new("", secret("wonder")),
        Credentials::new(long.clone(), secret("w")),
        Credentials::new("a", secret(&long)),
        other,
    ];
    for credentials in &cases {
        for name in mechanisms() {
            let refused = client(name, credentials, &bound_context()).err();
            assert!(matches!(refused, Some(SaslError::BadCredentials(_))), "{name}: {refused:?}");
        }
    }
}

#[test]
fn which_mechanisms_act_as_another_user() {
    let can: Vec<_> = mechanisms()
        .filter(|name| {
            let credentials = Credentials { authzid: Some("bob".to_string()), ..credentials_of(name) };
            client(name, &credentials, &bound_context()).is_ok()
        })
        .collect();
    let wanted = "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 DIGEST-MD5 PLAIN OAUTHBEARER EXTERNAL";
    assert_eq!(can.join(" "), wanted);
}

#[test]
fn debug_shows_no_password() {
    let shown = format!("{:?}", alice());
    assert!(shown.contains("alice") && !shown.contains("wonder"), "{shown}");
}

/// Challenges that go a good part of the way, with anything in their places.
fn challenges() -> impl Strategy<Value = Vec<u8>> {
    let any_octets = proptest::collection::vec(any::<u8>(), 0..200);
    let scram = "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa[ -~]{0,9},[s,=]{0,3}[A-Za-z0-9=]{0,9},i=(409[0-9]|[0-9]{0,12})";
    let digest = "(realm|nonce|qop|algorithm|charset|rspauth|[a-z]{0,3})=(\"[ -~]{0,9}\"?|md5-sess|utf-8|auth)";
    prop_oneof![
        any_octets,
        scram.prop_map(|text| format!("r={text}").into_bytes()),
        proptest::collection::vec(digest, 0..6).prop_map(|parts| parts.join(",").into_bytes()),
        "[ve]=[A-Za-z0-9+/=]{0,40}".prop_map(String::into_bytes),
        Just(Vec::new()),
    ]
}

proptest! {
    #[test]
    fn no_challenge_makes_a_mechanism_panic_or_go_on_for_ever(
        challenges in proptest::collection::vec(challenges(), 10),
        begin in any::<bool>(),
    ) {
        for name in mechanisms() {
            let mut mechanism = client(name, &credentials_of(name), &bound_context()).unwrap();
            if begin {
                mechanism.initial();
            }
            let answered = challenges.iter().filter(|challenge| mechanism.respond(challenge).is_ok()).count();
            prop_assert!(answered <= 3, "{} answered {} challenges", name, answered);
            let proves_server = name.starts_with("SCRAM") || name.starts_with("DIGEST");
            prop_assert!(!(proves_server && mechanism.is_complete()), "{} believed a server that proved nothing", name);
        }
    }
}
