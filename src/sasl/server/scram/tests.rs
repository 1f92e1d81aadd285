use super::super::tests::{PASSWORD, Users, realm_of, surroundings};
use super::*;
use alloc::string::ToString;
use alloc::vec;

/// A run with this server nonce, for a user "user" with the password "pencil", kept as keys with this salt.
fn run(hash: ScramHash, nonce: &str, salt: &str) -> (Box<dyn Side>, Realm) {
    let salt = STANDARD.decode(salt).unwrap();
    let keys = ScramKeys::derive(hash, &Secret::new("pencil".to_string()), &salt, 4096).unwrap();
    let realm = realm_of(Users { keys: vec![("user", keys)], ..Users::default() });
    let mut surroundings = surroundings();
    surroundings.plus_offered = false;
    let side: Box<dyn Side> = match hash {
        ScramHash::Sha1 => Box::new(with_nonce::<Sha1>(hash, nonce)),
        ScramHash::Sha256 => Box::new(with_nonce::<Sha256>(hash, nonce)),
    };
    (side, realm)
}

fn with_nonce<D: Hash>(hash: ScramHash, nonce: &str) -> Scram<D> {
    let (nonce, bindings) = (nonce.to_string(), Vec::new());
    Scram { hash, plus: false, plus_offered: false, bindings, nonce, step: Step::First, digest: PhantomData }
}

fn asks(side: &mut dyn Side, realm: &Realm, message: &str) -> String {
    match side.hear(message.as_bytes(), realm) {
        Ok(Next::Ask(challenge)) => String::from_utf8(challenge).unwrap(),
        Ok(Next::Accept(identity)) => panic!("{identity:?} is let in"),
        Err(failure) => panic!("{failure:?}"),
    }
}

/// RFC 5802, section 5, from the server's end.
#[test]
fn rfc_5802_example() {
    let (mut side, realm) = run(ScramHash::Sha1, "3rfcNHYJY1ZVvWVs7j", "QSXCR+Q6sek8bf92");
    let first = asks(&mut *side, &realm, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    assert_eq!(first, "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
    let last = "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";
    assert_eq!(asks(&mut *side, &realm, last), "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    assert!(matches!(side.hear(b"", &realm), Ok(Next::Accept(who)) if who.user == "user" && who.acts_as.is_none()));
    assert!(matches!(side.hear(b"", &realm), Err(Failure::Malformed)), "it is over");
}

/// RFC 7677, section 3, from the server's end.
#[test]
fn rfc_7677_example() {
    let (mut side, realm) = run(ScramHash::Sha256, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "W22ZaJ0SNY7soEsUEjb6gQ==");
    let first = asks(&mut *side, &realm, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    assert_eq!(first, "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    let last = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    assert_eq!(asks(&mut *side, &realm, last), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    assert!(matches!(side.hear(b"", &realm), Ok(Next::Accept(_))));
}

#[test]
fn a_proof_with_one_part_changed_is_wrong() {
    let good = "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";
    let rows = [
        (good.replace("v0X8", "v0X9"), Failure::Wrong),
        (good.replace("I4Ts=", "I4TsAA=="), Failure::Malformed),
        (good.replace("p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "p="), Failure::Wrong),
        (good.replace("p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "p=v0X8"), Failure::Wrong),
        (good.replace("Vs7j", "Vs7k"), Failure::Wrong),
        (good.replace("c=biws", "c=eSws"), Failure::Wrong),
        (good.replace("c=biws", "c="), Failure::Wrong),
        (good.replace("c=biws", "c=!"), Failure::Malformed),
        (good.replace("c=biws,", ""), Failure::Malformed),
        (good.replace(",p=", ",q="), Failure::Malformed),
        (good.replace(",r=", ",x=,r="), Failure::Malformed),
        (String::new(), Failure::Malformed),
        ("\u{1}".to_string(), Failure::Malformed),
    ];
    for (last, wanted) in rows {
        let (mut side, realm) = run(ScramHash::Sha1, "3rfcNHYJY1ZVvWVs7j", "QSXCR+Q6sek8bf92");
        asks(&mut *side, &realm, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
        assert_eq!(side.hear(last.as_bytes(), &realm).err(), Some(wanted), "{last}");
        assert!(matches!(side.hear(good.as_bytes(), &realm), Err(Failure::Malformed)), "there is no second try");
    }
}

#[test]
fn first_messages_that_are_none() {
    let long = alloc::format!("n,,n=user,r={}", "x".repeat(FIELD_MAX + 1));
    let rows = [
        "",
        "n",
        "n,",
        "n,,",
        "n,,n=user",
        "n,,n=user,r=",
        "n,,r=abc,n=user",
        "n,,m=x,n=user,r=abc",
        "n,,n=,r=abc",
        "n,,n=us=er,r=abc",
        "n,,n=us=2c,r=abc",
        "n,a=,n=user,r=abc",
        "n,x=bob,n=user,r=abc",
        "x,,n=user,r=abc",
        "p=tls-exporter,,n=user,r=abc",
        "n,,n=user,r=a b",
        "n,,n=us\ner,r=abc",
        &long,
    ];
    for first in rows {
        let (mut side, realm) = run(ScramHash::Sha256, "nonce", "W22ZaJ0SNY7soEsUEjb6gQ==");
        assert_eq!(side.hear(first.as_bytes(), &realm).err(), Some(Failure::Malformed), "{first:?}");
    }
    let (mut side, realm) = run(ScramHash::Sha256, "nonce", "W22ZaJ0SNY7soEsUEjb6gQ==");
    assert!(side.hear(b"n,,n=user,r=\xff", &realm).is_err());
}

#[test]
fn a_client_that_was_lied_to_about_the_offer_is_refused() {
    let realm = realm_of(Users::default());
    let mut told = surroundings();
    told.plus_offered = true;
    let mut side = begin_sha256(told);
    assert_eq!(side.hear(b"y,,n=alice,r=abc", &realm).err(), Some(Failure::Wrong));
    let mut told = surroundings();
    told.plus_offered = false;
    let mut side = begin_sha256(told);
    assert!(side.hear(b"y,,n=alice,r=abc", &realm).is_ok());
}

#[test]
fn what_it_is_bound_to_has_to_be_here() {
    let realm = realm_of(Users::default());
    for (first, wanted) in [
        ("n,,n=alice,r=abc", Some(Failure::Malformed)),
        ("y,,n=alice,r=abc", Some(Failure::Malformed)),
        ("p=tls-unique,,n=alice,r=abc", Some(Failure::Malformed)),
        ("p=tls-server-end-point,,n=alice,r=abc", None),
        ("p=tls-exporter,,n=alice,r=abc", None),
    ] {
        let mut side = begin_sha256_plus(surroundings());
        assert_eq!(side.hear(first.as_bytes(), &realm).err(), wanted, "{first}");
    }
}

#[test]
fn names_with_commas_and_equals_signs() {
    assert_eq!(name("a=2Cb=3Dc").as_deref(), Ok("a,b=c"));
    assert_eq!(name("=3D2C").as_deref(), Ok("=2C"));
    for bad in ["", "a=", "a=2", "a=2c", "a==", "=3E"] {
        assert_eq!(name(bad), Err(Failure::Malformed), "{bad}");
    }
}

/// Nobody can tell a stranger from a user: not by the salt, which stays the same, not by the replies.
#[test]
fn strangers_are_treated_as_users_are() {
    let realm = realm_of(Users::default());
    let ask = |user: &str| asks(&mut *begin_sha256(surroundings()), &realm, &format!("n,,n={user},r=abc"));
    let salt = |answer: &str| answer.split(",s=").nth(1).unwrap().to_string();
    assert_eq!(ask("mallory"), ask("mallory"));
    assert_ne!(salt(&ask("mallory")), salt(&ask("trudy")));
    assert_eq!(ask("mallory").len(), ask("alice").len());
    let other = Realm::new(Box::new(Users::default()), "mx", [8; 32]);
    let elsewhere = asks(&mut *begin_sha256(surroundings()), &other, "n,,n=mallory,r=abc");
    assert_ne!(salt(&ask("mallory")), salt(&elsewhere), "who does not know the secret cannot foretell the salt");

    let refused = |user: &str| {
        let mut side = begin_sha256(surroundings());
        let first = asks(&mut *side, &realm, &format!("n,,n={user},r=abc"));
        let nonce = first.split(',').next().unwrap();
        let last = format!("c=biws,{nonce},p={}", STANDARD.encode([0; 32]));
        side.hear(last.as_bytes(), &realm).err()
    };
    assert_eq!(refused("mallory"), Some(Failure::Wrong));
    assert_eq!(refused("alice"), Some(Failure::Wrong));
    assert!(!PASSWORD.is_empty());
}
