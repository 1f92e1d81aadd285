//! Any client against the server's side of every mechanism: it refuses, shortly, and ends; nobody comes in who does not
//! know the password.
#![no_main]

use helo::sasl::server::{Authority, Exchange, Realm, ScramHash, ScramKeys, Step, Stored, Surroundings, Unavailable};
use helo::sasl::{BindingKind, ChannelBinding, ENTROPY, Secret, server};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

/// One user, whose password is nobody's to guess.
struct Alice;

static KEYS: LazyLock<Vec<ScramKeys>> = LazyLock::new(|| {
    let password = Secret::new("not to be guessed by a fuzzer 0f8c21".into());
    let derive = |hash| ScramKeys::derive(hash, &password, b"salt", 4096).expect("a sound password");
    ScramHash::ALL.map(derive).to_vec()
});

impl Authority for Alice {
    fn look_up(&self, user: &str) -> Result<Option<Stored>, Unavailable> {
        assert!(!user.chars().any(char::is_control));
        Ok((user == "alice").then(|| Stored::Keys(KEYS.clone())))
    }

    fn check_password(&self, user: &str, _: &Secret) -> Result<Option<bool>, Unavailable> {
        assert!(!user.chars().any(char::is_control));
        Ok(Some(false)) // salting each guess would take all the time
    }
}

fuzz_target!(|text: &[u8]| {
    let text = String::from_utf8_lossy(text);
    let realm = Arc::new(Realm::new(Box::new(Alice), "mx.example", [1; 32]));
    for name in server::mechanisms() {
        let surroundings = Surroundings {
            entropy: [7; ENTROPY],
            bindings: vec![ChannelBinding { kind: BindingKind::Exporter, data: vec![7; 32] }],
            plus_offered: true,
            peer: None,
        };
        let mut exchange = Exchange::new(name, realm.clone(), surroundings).expect("the table is right");
        let mut lines = text.split('\n');
        let mut step = exchange.begin(lines.next().filter(|line| !line.is_empty()));
        let mut asked = 0;
        for line in lines {
            if !matches!(step, Step::Challenge(_)) {
                break;
            }
            asked += 1;
            step = exchange.respond(line);
        }
        assert!(asked <= 3, "{name}");
        assert!(!matches!(step, Step::Accepted(_)), "{name}: {step:?}");
        assert!(step.reply().code() >= 334);
    }
});
