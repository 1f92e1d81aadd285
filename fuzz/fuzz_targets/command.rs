//! Commands from any text: refused, or one line. Parameters never stand for control characters.
#![no_main]

use helo::proto::command::{Command, Parameter, Verb, xtext, xtext_decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let commands = [
        Command::Ehlo(text),
        Command::Noop(Some(text)),
        Command::Vrfy(text),
        Command::Expn(text),
        Command::Help(Some(text)),
        Command::Auth { mechanism: "PLAIN", initial: Some(text) },
        Command::Auth { mechanism: text, initial: None },
        Command::Raw(text),
    ];
    for command in commands {
        let mut line = Vec::new();
        match command.encode(&mut line) {
            Ok(()) => {
                assert!(line.ends_with(b"\r\n") && line.iter().filter(|b| b.is_ascii_control()).count() == 2);
                assert_eq!(Verb::parse(&line), command.verb());
            }
            Err(_) => assert!(line.is_empty()),
        }
    }
    if let Ok(parameter) = Parameter::parse(text) {
        let value = parameter.value.unwrap_or_default();
        if ["ENVID", "AUTH", "ORCPT"].contains(&parameter.keyword.to_ascii_uppercase().as_str()) {
            assert!(xtext_decode(&value).is_none_or(|plain| !plain.bytes().any(|b| b.is_ascii_control())));
        }
    }
    assert_eq!(xtext_decode(&xtext(text)).as_deref(), Some(text));
});
