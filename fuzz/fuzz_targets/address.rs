//! Addresses from any text: refused, or sent exactly as parsed, with nothing in them that could end the command.
#![no_main]

use helo::proto::address::{ForwardPath, Mailbox, ReversePath};
use helo::proto::command::{Command, Verb};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(path) = ForwardPath::parse(text) {
        assert!(text.contains(path.as_str()) && text.contains(path.route()));
        assert!(path.as_str().len() <= 254 && !path.as_str().contains(char::is_control));
        assert_eq!(
            ForwardPath::parse(&format!("<{path}>")).map(|again| again.mailbox().clone()),
            Ok(path.mailbox().clone())
        );
        let mut line = Vec::new();
        Command::Rcpt { to: &path, params: &[] }.encode(&mut line).expect("a parsed path can be sent");
        assert_eq!(line, format!("RCPT TO:<{path}>\r\n").into_bytes());
    }
    if let Ok(path) = ReversePath::parse(text) {
        assert_eq!(path.is_null(), matches!(text, "" | "<>"));
        let mut line = Vec::new();
        Command::Mail { verb: Verb::Mail, from: &path, params: &[] }
            .encode(&mut line)
            .expect("a parsed path can be sent");
        assert_eq!(line.iter().filter(|b| b.is_ascii_control()).count(), 2);
    }
    if let Ok(mailbox) = Mailbox::parse(text) {
        let domain = mailbox.domain().map_or(String::new(), |domain| format!("@{domain}"));
        assert_eq!(format!("{}{domain}", mailbox.local_part()), mailbox.as_str());
    }
});
