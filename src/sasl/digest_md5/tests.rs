use super::super::{Secret, client, test_context};
use super::*;
use alloc::string::ToString;

fn chris() -> Credentials {
    Credentials::new("chris", Secret::new("secret".to_string()))
}

fn text(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap()
}

const IMAP_CHALLENGE: &[u8] = b"realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",\
    algorithm=md5-sess,charset=utf-8";

fn imap() -> DigestMd5 {
    DigestMd5::new(&chris(), "imap/elwood.innosoft.com".into(), "OA6MHXh6VqTrRk".into())
}

/// RFC 2831, section 4, the IMAP example.
#[test]
fn rfc_2831_imap_example() {
    let mut digest = imap();
    assert_eq!(
        text(digest.respond(IMAP_CHALLENGE).unwrap()),
        "charset=utf-8,username=\"chris\",realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",\
         cnonce=\"OA6MHXh6VqTrRk\",nc=00000001,qop=auth,digest-uri=\"imap/elwood.innosoft.com\",\
         response=d388dad90d4bbd760a152321f2143af7"
    );
    assert!(!digest.is_complete());
    assert_eq!(digest.respond(b"rspauth=ea40f60335c427b5527b84dbabcdfffd").unwrap(), b"");
    assert!(digest.is_complete());
    assert!(digest.respond(b"").is_err());
}

/// RFC 2831, section 4, the ACAP example.
#[test]
fn rfc_2831_acap_example() {
    let mut digest = DigestMd5::new(&chris(), "acap/elwood.innosoft.com".into(), "OA9BSuZWMSpW8m".into());
    let challenge = b"realm=\"elwood.innosoft.com\",nonce=\"OA9BSXrbuRhWay\",qop=\"auth\",algorithm=md5-sess,\
        charset=utf-8";
    let response = text(digest.respond(challenge).unwrap());
    assert!(response.contains("response=6084c6db3fede7352c551284490fd0fc"), "{response}");
    digest.respond(b"rspauth=2f0b3d7c3c2e486600ef710726aa2eae").unwrap();
    assert!(digest.is_complete());
}

#[test]
fn a_server_that_does_not_prove_itself_is_refused() {
    for proof in ["rspauth=ea40f60335c427b5527b84dbabcdfffe", "rspauth=", "other=1", "", "rspauth=\"ea40f603"] {
        let mut digest = imap();
        digest.respond(IMAP_CHALLENGE).unwrap();
        assert!(
            matches!(digest.respond(proof.as_bytes()), Err(SaslError::BadChallenge(_) | SaslError::Unreadable(_))),
            "{proof}"
        );
        assert!(!digest.is_complete());
    }
}

#[test]
fn the_run_has_its_own_nonce_and_names_the_server() {
    let context = Context { host: "mx.example", ..test_context() };
    let mut digest = client("DIGEST-MD5", &chris(), &context).unwrap();
    assert_eq!(digest.initial(), None);
    let response = text(digest.respond(IMAP_CHALLENGE).unwrap());
    assert!(response.contains(&format!("cnonce=\"{}\"", context.nonce())), "{response}");
    assert!(response.contains("digest-uri=\"smtp/mx.example\""), "{response}");
}

#[test]
fn without_a_realm_none_is_sent_and_quotes_are_escaped() {
    let mut credentials = chris();
    credentials.user = "ch\"r\\is".into();
    credentials.authzid = Some("bob".into());
    let mut digest = client("DIGEST-MD5", &credentials, &test_context()).unwrap();
    let response = text(digest.respond(b"nonce=\"a\\\"b\",algorithm=md5-sess").unwrap());
    assert!(response.starts_with("username=\"ch\\\"r\\\\is\",nonce=\"a\\\"b\",cnonce="), "{response}");
    assert!(response.ends_with(",authzid=\"bob\""), "{response}");
}

/// "ü" is one octet in ISO 8859-1 and two in UTF-8; it is digested as the former in both cases.
#[test]
fn letters_are_digested_in_latin_1_where_that_has_them() {
    let respond = |password: &str, charset: &str| {
        let credentials = Credentials::new("chris", Secret::new(password.to_string()));
        let mut digest = DigestMd5::new(&credentials, "smtp/x".into(), "c".into());
        let challenge = format!("nonce=n,algorithm=md5-sess{charset}");
        digest
            .respond(challenge.as_bytes())
            .map(|response| text(response).split_once("response=").unwrap().1.to_owned())
    };
    assert_eq!(respond("gr\u{fc}n", "").unwrap(), respond("gr\u{fc}n", ",charset=utf-8").unwrap());
    assert!(respond("\u{416}", ",charset=utf-8").is_ok());
    assert!(matches!(respond("\u{416}", ""), Err(SaslError::BadCredentials(_))));
}
