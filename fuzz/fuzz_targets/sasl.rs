//! Challenges from any text: every mechanism answers or refuses, shortly, and ends.
#![no_main]

use helo::sasl::{self, Credentials, Secret, wire};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let credentials = Credentials::new("alice", Secret::new(String::from("wonderland")));
    for name in sasl::mechanisms() {
        let mut mechanism = sasl::client(name, &credentials).expect("the credentials are good");
        let mut answered = 0;
        for line in text.split(|byte| *byte == b'\n') {
            let Ok(challenge) = wire::decode_challenge(line) else { continue };
            let Ok(response) = mechanism.respond(&challenge) else { continue };
            let line = wire::encode_response(response).expect("a response fits");
            assert!(line.len() <= wire::MAX_TEXT && line.is_ascii());
            answered += 1;
        }
        assert!(answered <= 2, "{name}");
    }
});
