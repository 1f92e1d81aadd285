//! Challenges from any text: every mechanism answers or refuses, shortly, and ends; none believes a server that cannot
//! know the password.
#![no_main]

use helo::sasl::{self, BindingKind, ChannelBinding, Context, Credentials, ENTROPY, Proof, Secret, wire};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let channel = ChannelBinding { kind: BindingKind::Exporter, data: vec![7; 32] };
    let context =
        Context { entropy: [0; ENTROPY], host: "mx.example", port: 587, channel: Some(&channel), offered: &[] };
    for name in sasl::mechanisms() {
        let proof = sasl::traits(name).map_or(Proof::Password, |traits| traits.proof);
        let credentials = Credentials { proof, ..Credentials::new("alice", Secret::new(String::from("wonderland"))) };
        let mut mechanism = sasl::client(name, &credentials, &context).expect("the credentials are good");
        let mut answered = 0;
        for line in text.split(|byte| *byte == b'\n') {
            let Ok(challenge) = wire::decode_challenge(line) else { continue };
            let Ok(response) = mechanism.respond(&challenge) else { continue };
            let line = wire::encode_response(response).expect("a response fits");
            assert!(line.len() <= wire::MAX_TEXT && line.is_ascii());
            answered += 1;
        }
        assert!(answered <= 3, "{name}");
        let proves_server = name.starts_with("SCRAM") || name.starts_with("DIGEST");
        assert!(!(proves_server && mechanism.is_complete()), "{name}");
    }
});
