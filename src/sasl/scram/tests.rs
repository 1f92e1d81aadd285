use super::super::{ChannelBinding, Secret, client, test_context};
use super::*;
use alloc::string::ToString;
use alloc::vec;

fn user() -> Credentials {
    Credentials::new("user", Secret::new("pencil".to_string()))
}

fn scram<D: Hash>(bound: Bound<'_>, nonce: &str) -> Scram<D> {
    Scram::new("SCRAM", &bound, &user(), nonce.to_string()).unwrap()
}

fn text(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap()
}

const NONCE: &str = "fyko+d2lbbFgONRv9qkxdawL";
const SERVER_FIRST: &[u8] = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";

/// RFC 5802, section 5.
#[test]
fn rfc_5802_example() {
    let mut scram = scram::<Sha1>(Bound::No, NONCE);
    assert_eq!(text(scram.initial().unwrap()), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    assert_eq!(
        text(scram.respond(SERVER_FIRST).unwrap()),
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
    );
    assert!(!scram.is_complete());
    assert_eq!(scram.respond(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=").unwrap(), b"");
    assert!(scram.is_complete());
    assert!(scram.respond(b"").is_err());
}

/// RFC 7677, section 3.
#[test]
fn rfc_7677_example() {
    let mut scram = scram::<Sha256>(Bound::No, "rOprNGfwEbeRWgbNEkqO");
    assert_eq!(text(scram.respond(b"").unwrap()), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    let challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    assert_eq!(
        text(scram.respond(challenge).unwrap()),
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
         p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    scram.respond(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").unwrap();
    assert!(scram.is_complete());
}

/// No RFC has an example with channel binding: these are the users and nonces of the two above, with the octets 0 to 31
/// for the channel, calculated with Python's hashlib.
#[test]
fn bound_to_the_channel() {
    let data: Vec<u8> = (0..32).collect();
    let mut end_point = scram::<Sha1>(Bound::To(BindingKind::ServerEndPoint, &data), NONCE);
    end_point.initial();
    assert_eq!(
        text(end_point.respond(SERVER_FIRST).unwrap()),
        "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,\
         r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=z8dLQJmun2sA+XpCkRPSWO61Enc="
    );
    end_point.respond(b"v=if1R+hByy96r9wlpTEFxowaJvkg=").unwrap();
    assert!(end_point.is_complete());

    let mut exporter = scram::<Sha256>(Bound::To(BindingKind::Exporter, &data), "rOprNGfwEbeRWgbNEkqO");
    exporter.initial();
    let challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    let last = text(exporter.respond(challenge).unwrap());
    assert!(last.starts_with("c=cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f,"), "{last}");
    assert!(last.ends_with(",p=QC6CS20quADQRb3mT99YUH+n3VJxUvzuK0K0E1Vrs2M="), "{last}");
    exporter.respond(b"v=2GiAgapEppLVlUXbxUDksL3VgYHzuqiK5tR4mhJGgvs=").unwrap();
    assert!(exporter.is_complete());
}

#[test]
fn a_server_that_does_not_prove_itself_is_refused() {
    let verdicts =
        ["v=rmF9pqV8S7suAoZWja4dJRkFsKR=", "v=rmF9pqV8S7suAoZWja4dJRkFsKA=", "v=", "v=AAAA", "x", "", "\u{1}"];
    for verdict in verdicts {
        let mut scram = scram::<Sha1>(Bound::No, NONCE);
        scram.initial();
        scram.respond(SERVER_FIRST).unwrap();
        assert!(
            matches!(scram.respond(verdict.as_bytes()), Err(SaslError::BadChallenge(_) | SaslError::Unreadable(_))),
            "{verdict}"
        );
        assert!(!scram.is_complete());
    }
}

#[test]
fn a_servers_no_is_kept_and_answered() {
    let mut scram = scram::<Sha1>(Bound::No, NONCE);
    scram.initial();
    scram.respond(SERVER_FIRST).unwrap();
    assert_eq!(scram.respond(b"e=invalid-proof,x=y").unwrap(), b"");
    assert_eq!(scram.refusal(), Some("invalid-proof"));
    assert!(!scram.is_complete());
    assert!(scram.respond(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=").is_err());
}

#[test]
fn hostile_challenges_are_refused() {
    let long = "x".repeat(FIELD_MAX);
    let salt = STANDARD.encode(vec![0; FIELD_MAX + 1]);
    let cases = [
        // Iterations: too many to bear, too few to protect, no number.
        format!("r={NONCE}x,s=QSXCR+Q6sek8bf92,i=4000000000"),
        format!("r={NONCE}x,s=QSXCR+Q6sek8bf92,i=1000001"),
        format!("r={NONCE}x,s=QSXCR+Q6sek8bf92,i=99999999999999999999999"),
        format!("r={NONCE}x,s=QSXCR+Q6sek8bf92,i=1"),
        format!("r={NONCE}x,s=QSXCR+Q6sek8bf92,i=0"),
        format!("r={NONCE}x,s=QSXCR+Q6sek8bf92,i=4095"),
        format!("r={NONCE}x,s=QSXCR+Q6sek8bf92,i=+4096"),
        format!("r={NONCE}x,s=QSXCR+Q6sek8bf92,i=-1"),
        format!("r={NONCE}x,s=QSXCR+Q6sek8bf92,i="),
        format!("r={NONCE}x,s=QSXCR+Q6sek8bf92"),
        // Nonces: not ours, nothing added, unprintable, huge.
        "r=other,s=QSXCR+Q6sek8bf92,i=4096".into(),
        format!("r=x{NONCE}x,s=QSXCR+Q6sek8bf92,i=4096"),
        format!("r={NONCE},s=QSXCR+Q6sek8bf92,i=4096"),
        format!("r={NONCE}a b,s=QSXCR+Q6sek8bf92,i=4096"),
        format!("r={NONCE}\u{e9},s=QSXCR+Q6sek8bf92,i=4096"),
        format!("r={NONCE}{long},s=QSXCR+Q6sek8bf92,i=4096"),
        // Salts: none, not base64, huge.
        format!("r={NONCE}x,s=,i=4096"),
        format!("r={NONCE}x,s=A,i=4096"),
        format!("r={NONCE}x,s={salt},i=4096"),
        // Another order, an extension that must be known, nothing at all.
        format!("s=QSXCR+Q6sek8bf92,r={NONCE}x,i=4096"),
        format!("m=new,r={NONCE}x,s=QSXCR+Q6sek8bf92,i=4096"),
        String::new(),
    ];
    for case in &cases {
        let mut scram = scram::<Sha1>(Bound::No, NONCE);
        scram.initial();
        assert!(
            matches!(scram.respond(case.as_bytes()), Err(SaslError::BadChallenge(_) | SaslError::Unreadable(_))),
            "{case}"
        );
    }
    assert_eq!(iteration_count("4096"), Ok(ITERATIONS_MIN));
    assert_eq!(iteration_count("1000000"), Ok(ITERATIONS_MAX));
}

#[test]
fn optional_extensions_are_passed_over_but_signed() {
    let mut plain = scram::<Sha1>(Bound::No, NONCE);
    let mut extended = scram::<Sha1>(Bound::No, NONCE);
    plain.initial();
    extended.initial();
    let plain = text(plain.respond(SERVER_FIRST).unwrap());
    let extended = text(extended.respond(&[SERVER_FIRST, b",x=y"].concat()).unwrap());
    assert_ne!(plain, extended);
}

/// Which GS2 header stands for what the client and the server can.
#[test]
fn the_header_says_how_the_channel_is_bound() {
    let channel = ChannelBinding { kind: BindingKind::Exporter, data: vec![7; 32] };
    let end_point = ChannelBinding { kind: BindingKind::ServerEndPoint, data: vec![9; 32] };
    let weak = ["SCRAM-SHA-1".to_string(), "SCRAM-SHA-256".to_string()];
    let strong = ["SCRAM-SHA-256".to_string(), "scram-sha-256-plus".to_string()];
    let cases = [
        ("SCRAM-SHA-256", None, &weak, "n,,"),
        ("SCRAM-SHA-256", None, &strong, "n,,"),
        ("SCRAM-SHA-256", Some(&channel), &weak, "y,,"),
        ("SCRAM-SHA-256", Some(&channel), &strong, "n,,"),
        ("SCRAM-SHA-256-PLUS", Some(&channel), &strong, "p=tls-exporter,,"),
        ("SCRAM-SHA-1-PLUS", Some(&end_point), &strong, "p=tls-server-end-point,,"),
    ];
    for (name, channel, offered, header) in cases {
        let context = Context { channel, offered, ..test_context() };
        let first = text(client(name, &user(), &context).unwrap().initial().unwrap());
        assert_eq!(first, format!("{header}n=user,r={}", context.nonce()), "{name} {offered:?}");
    }
    let context = Context { offered: &strong, ..test_context() };
    assert_eq!(client("SCRAM-SHA-256-PLUS", &user(), &context).err(), Some(SaslError::NoChannel));
}

#[test]
fn names_are_escaped_and_another_identity_stands_in_the_header() {
    let mut credentials = user();
    credentials.user = "a=b,c".into();
    credentials.authzid = Some("d,e=f".into());
    let mut scram = Scram::<Sha1>::new("SCRAM", &Bound::No, &credentials, NONCE.into()).unwrap();
    let first = text(scram.initial().unwrap());
    assert_eq!(first, format!("n,a=d=2Ce=3Df,n=a=3Db=2Cc,r={NONCE}"));
    let last = text(scram.respond(SERVER_FIRST).unwrap());
    assert!(last.starts_with(&format!("c={},", STANDARD.encode("n,a=d=2Ce=3Df,"))), "{last}");
}

#[test]
#[cfg(feature = "saslprep")]
fn names_and_passwords_are_prepared() {
    let proof = |user: &str, password: &str| {
        let credentials = Credentials::new(user, Secret::new(password.to_string()));
        let mut scram = Scram::<Sha1>::new("SCRAM", &Bound::No, &credentials, NONCE.into()).unwrap();
        (text(scram.initial().unwrap()), text(scram.respond(SERVER_FIRST).unwrap()))
    };
    assert_eq!(proof("\u{2168}", "I\u{ad}X"), proof("IX", "\u{2168}"));
}

#[test]
fn whatever_a_server_says_before_anything_was_said_is_answered_with_the_first_message() {
    for greeting in [&b""[..], b"hello", SERVER_FIRST] {
        let mut scram = scram::<Sha1>(Bound::No, NONCE);
        assert!(!scram.reads_challenge());
        assert!(scram.respond(greeting).unwrap().starts_with(b"n,,n="));
        assert!(scram.reads_challenge() && !scram.has_shown());
        scram.respond(SERVER_FIRST).unwrap();
        assert!(scram.has_shown());
    }
}
