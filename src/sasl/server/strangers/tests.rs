//! Whoever asks learns the same of strangers and of users: what is said, in how many replies, and for how much work.

use super::super::super::scram::work_done;
use super::super::super::{self as sasl, Context, Credentials, Mechanism, test_context, wire};
use super::super::tests::surroundings;
use super::super::{Authority, Exchange, Step, Unavailable};
use super::*;
use crate::sasl::Secret;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;

/// Users by name.
struct File(BTreeMap<String, Stored>);

impl Authority for File {
    fn look_up(&self, user: &str) -> Result<Option<Stored>, Unavailable> {
        Ok(self.0.get(user).cloned())
    }

    fn keeps_passwords(&self) -> bool {
        self.0.values().any(|stored| matches!(stored, Stored::Password(_)))
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_string())
}

fn keys(salt_len: usize, iterations: u32, hashes: &[ScramHash]) -> Stored {
    work_done::pretend();
    let salt = vec![b's'; salt_len];
    let keys = hashes.iter().map(|hash| ScramKeys::derive(*hash, &secret("wonder"), &salt, iterations).unwrap());
    Stored::Keys(keys.collect())
}

fn realm(users: &[(&str, Stored)]) -> Arc<Realm> {
    work_done::pretend();
    let file = File(users.iter().map(|(name, stored)| (name.to_string(), stored.clone())).collect());
    let (iterations, likeness) = (5000, Likeness::of(file.0.values(), 5000));
    Arc::new(Realm { iterations, likeness, ..Realm::new(Box::new(file), "mx.example", [9; 32]) })
}

/// A file of everything at once.
fn mixed() -> Arc<Realm> {
    use ScramHash::{Sha1, Sha256};
    realm(&[
        ("anna", Stored::Password(secret("wonder"))),
        ("berta", keys(12, 4096, &[Sha256])),
        ("carla", keys(24, 6000, &[Sha1, Sha256])),
        ("dora", keys(20, 4500, &[Sha1])),
    ])
}

/// What the server says to a client with this name and a wrong password, and the work that it does for it.
fn heard(realm: &Arc<Realm>, mechanism: &str, user: &str, password: &str) -> (Vec<String>, [u32; 2]) {
    let credentials = match mechanism {
        "OAUTHBEARER" | "XOAUTH2" => Credentials::token(user, secret(password)),
        "EXTERNAL" => Credentials { authzid: Some(user.to_string()), ..Credentials::connection() },
        _ => Credentials::new(user, secret(password)),
    };
    let channels = surroundings().bindings;
    let context = Context { channel: channels.first(), offered: &["SCRAM-SHA-256-PLUS".to_string()], ..test_context() };
    let mut client: Box<dyn Mechanism> = sasl::client(mechanism, &credentials, &context).unwrap();
    let mut server = Exchange::new(mechanism, realm.clone(), surroundings()).unwrap();
    let initial = client.initial().map(|octets| wire::encode_initial(octets).unwrap());
    work_done::take();
    let mut step = server.begin(initial.as_deref());
    let mut said = vec![step.reply().text()];
    let mut work = [0; 2];
    while let Step::Challenge(text) = &step {
        let done = work_done::take();
        work = [work[0] + done[0], work[1] + done[1]];
        let response = client.respond(&wire::decode_challenge(text.as_bytes()).unwrap()).unwrap();
        work_done::take(); // the client's own
        step = server.respond(&wire::encode_response(response).unwrap());
        said.push(step.reply().text());
    }
    let done = work_done::take();
    (said, [work[0] + done[0], work[1] + done[1]])
}

/// What SCRAM shows this name: the length of the salt, and the iterations.
fn shows(realm: &Arc<Realm>, mechanism: &str, user: &str) -> (usize, u32) {
    let first = wire::encode_response(format!("n,,n={user},r=abc").into_bytes()).unwrap();
    let told = super::super::Surroundings { plus_offered: false, ..surroundings() };
    let step = Exchange::new(mechanism, realm.clone(), told).unwrap().respond(&first);
    let Step::Challenge(text) = step else { panic!("{mechanism} {user}: {step:?}") };
    let text = String::from_utf8(wire::decode_challenge(text.as_bytes()).unwrap().to_vec()).unwrap();
    let mut fields = text.split(',').skip(1);
    let salt = wire::decode_response(fields.next().unwrap().strip_prefix("s=").unwrap()).unwrap();
    (salt.len(), fields.next().unwrap().strip_prefix("i=").unwrap().parse().unwrap())
}

#[test]
#[cfg(feature = "saslprep")] // it has names beyond ASCII, too
fn whoever_fails_costs_the_same_work_and_hears_as_many_replies() {
    for realm in [
        mixed(),
        realm(&[("anna", Stored::Password(secret("wonder")))]),
        realm(&[
            ("berta", keys(12, 4096, &[ScramHash::Sha256])),
            ("carla", keys(16, 4097, &[ScramHash::Sha1, ScramHash::Sha256])),
        ]),
    ] {
        for mechanism in super::super::mechanisms().filter(|name| *name != "ANONYMOUS") {
            let names = ["anna", "berta", "carla", "dora", "nobody", "somebody", "\u{fc}berall", "\u{ad}\u{ad}"];
            let names = names.into_iter().filter(|name| {
                // Our own client does not send a name that SASLprep leaves nothing of.
                !name.starts_with('\u{ad}') || !mechanism.starts_with("SCRAM")
            });
            // Neither does our own client send passwords in SCRAM that SASLprep refuses, or tokens beyond ASCII.
            for password in ["wrong", "\u{627}1"] {
                if password != "wrong" && !["PLAIN", "LOGIN", "CRAM-MD5"].contains(&mechanism) {
                    continue;
                }
                let heard: Vec<_> = names
                    .clone()
                    .map(|name| {
                        let (said, work) = heard(&realm, mechanism, name, password);
                        (name, said.len(), said.last().unwrap().clone(), work)
                    })
                    .collect();
                for other in &heard {
                    assert_eq!(
                        (other.1, &other.2, other.3),
                        (heard[0].1, &heard[0].2, heard[0].3),
                        "{mechanism}: {} and {}",
                        other.0,
                        heard[0].0
                    );
                }
            }
        }
    }
}

/// The right password is not made to wait.
#[test]
fn who_has_the_right_password_costs_what_it_takes() {
    let realm = mixed();
    for (user, plain) in [("anna", [0, 5000]), ("berta", [0, 4096]), ("carla", [0, 6000]), ("dora", [4500, 0])] {
        let (said, work) = heard(&realm, "PLAIN", user, "wonder");
        assert!(said[0].starts_with("235"), "{user}: {said:?}");
        assert_eq!(work, plain, "{user}");
    }
    let (said, work) = heard(&realm, "SCRAM-SHA-256-PLUS", "berta", "wonder");
    assert!(said.last().unwrap().starts_with("235") && work == [0, 0], "{said:?} {work:?}");
}

#[test]
fn strangers_are_shown_what_users_are_shown_as_often() {
    let realm = mixed();
    for (mechanism, users, of_users) in [
        ("SCRAM-SHA-256", ["anna", "berta", "carla"], [(16, 5000), (12, 4096), (24, 6000)]),
        ("SCRAM-SHA-1", ["anna", "carla", "dora"], [(16, 5000), (24, 6000), (20, 4500)]),
    ] {
        assert_eq!(users.map(|user| shows(&realm, mechanism, user)), of_users);
        let mut counts = [0; 3];
        for number in 0..3000 {
            let shown = shows(&realm, mechanism, &format!("stranger{number}"));
            let place = of_users.iter().position(|of| *of == shown);
            counts[place.unwrap_or_else(|| panic!("{mechanism} shows {shown:?}, which no user has"))] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{mechanism}: {counts:?}");
        // Whoever has keys for the other digest alone is shown one of them, too.
        let lacking = if mechanism == "SCRAM-SHA-1" { "berta" } else { "dora" };
        assert!(of_users.contains(&shows(&realm, mechanism, lacking)));
    }
    // Both digests go together as they do for users.
    for number in 0..300 {
        let [one, two] = ["SCRAM-SHA-1", "SCRAM-SHA-256"].map(|name| shows(&realm, name, &format!("x{number}")));
        let carlas = [one, two].map(|shown| shown == (24, 6000));
        let annas = [one, two].map(|shown| shown == (16, 5000));
        let by_itself = [one == (20, 4500), two == (12, 4096)];
        assert!(carlas == [true; 2] || annas == [true; 2] || by_itself != [false; 2], "{one:?} {two:?}");
    }
}

#[test]
fn a_name_is_shown_the_same_for_good() {
    let (one, again) = (mixed(), mixed());
    for number in 0..50 {
        let name = format!("stranger{number}");
        assert_eq!(
            heard(&one, "SCRAM-SHA-256", &name, "x").0[0].split(',').nth(1).map(String::from),
            heard(&again, "SCRAM-SHA-256", &name, "x").0[0].split(',').nth(1).map(String::from)
        );
        assert_eq!(shows(&one, "SCRAM-SHA-256", &name), shows(&again, "SCRAM-SHA-256", &name));
    }
    // One more user moves few strangers.
    let users = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("user{number}")).collect();
        let of =
            |(number, name): (usize, &String)| (name.clone(), keys(12 + 4 * (number % 3), 4096, &[ScramHash::Sha256]));
        let users: Vec<_> = names.iter().enumerate().map(of).collect();
        realm(&users.iter().map(|(name, stored)| (name.as_str(), stored.clone())).collect::<Vec<_>>())
    };
    let (before, after) = (users(30), users(31));
    let moved = (0..1000).filter(|number| {
        let name = format!("stranger{number}");
        shows(&before, "SCRAM-SHA-256", &name) != shows(&after, "SCRAM-SHA-256", &name)
    });
    assert!(moved.count() < 80);
}

/// A program that looks users up itself: nobody knows all of them.
#[test]
fn without_a_list_strangers_are_like_the_first_who_was_looked_up() {
    let file = File(BTreeMap::from([("berta".to_string(), keys(12, 4242, &ScramHash::ALL))]));
    let realm = Arc::new(Realm::new(Box::new(file), "mx.example", [9; 32]));
    assert_eq!(shows(&realm, "SCRAM-SHA-256", "nobody"), (16, realm.iterations()));
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-1"] {
        assert_eq!(shows(&realm, mechanism, "berta"), (12, 4242));
        assert_eq!(shows(&realm, mechanism, "nobody"), (12, 4242));
    }
}

#[test]
fn choices_by_weight() {
    let of = Weighted::of([('a', 1), ('b', 2), ('c', 1)]);
    let quarter = u64::MAX / 4;
    let at = [0, quarter - 9, quarter + 9, 2 * quarter, 3 * quarter - 9, 3 * quarter + 9, u64::MAX];
    assert_eq!(at.map(|point| of.at(point).unwrap()), ['a', 'a', 'b', 'b', 'b', 'c', 'c']);
    assert_eq!(Weighted::<char>::default().at(7), None);
}

#[test]
fn long_salts_are_no_repetition() {
    let realm = mixed();
    let salt = realm.salt(ScramHash::Sha256, "nobody", 100);
    assert_eq!(salt.len(), 100);
    assert_ne!(salt[..32], salt[32..64]);
}
