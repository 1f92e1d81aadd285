//! Configuration texts of the server, and users files: read whole or not at all, with words on one line that show no
//! password.
#![no_main]

use helo::sasl::server::{Authority, Stored};
use helo::server::settings::{Settings, Users, entries};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&how, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    if how % 2 == 0 {
        let mut settings = Settings::new();
        settings.set("name", "mx.example").expect("a key");
        let before = format!("{settings:?}");
        match settings.read(text) {
            Ok(()) => assert!(entries(text).is_ok()),
            Err(why) => {
                assert_eq!(format!("{settings:?}"), before, "nothing has changed");
                assert!(!why.is_empty() && why.len() < text.len() + 500);
            }
        }
        // The same with another line end.
        let crlf = text.replace('\r', "").replace('\n', "\r\n");
        assert_eq!(entries(&crlf).ok(), entries(&text.replace('\r', "")).ok());
    } else {
        // Passwords that are told from all other words.
        let marked = text.replace(':', ":hunter2");
        match Users::parse(&marked) {
            Ok(users) => {
                let lines = marked.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
                for (name, _) in lines.filter_map(|line| line.split_once(':')) {
                    let stored = users.look_up(name).expect("memory does not fail");
                    assert!(matches!(stored, Some(Stored::Password(_))), "{name:?} is there");
                }
            }
            Err(why) => assert!(!why.contains("hunter2") && !why.contains('\n'), "{why}"),
        }
        let _ = Users::parse(text);
    }
});
