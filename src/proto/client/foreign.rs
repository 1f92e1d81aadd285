//! What a server speaks that does not speak SMTP, in words: for the errors of those who have the wrong port.

use alloc::format;
use alloc::string::String;

/// The name of TLS, which is no wrong port but a wrong mode.
pub const TLS: &str = "TLS";

/// No more characters of what came are shown.
const SHOWN_MAX: usize = 120;

/// What came in place of a reply, as an error's text shows it: escaped, cut, and with the protocol that it looks like.
/// Empty where nothing came.
pub fn described(stray: &[u8]) -> String {
    if stray.is_empty() {
        return String::new();
    }
    let shown = shown(stray);
    match protocol(stray) {
        Some(name) => format!("it said \"{shown}\", which looks like {name}: is it the right port?"),
        None => format!("it said \"{shown}\""),
    }
}

/// The protocol that greets or answers like this.
pub fn protocol(stray: &[u8]) -> Option<&'static str> {
    // The beginning of a record (alert, handshake) of SSL 3.0 or TLS, and of the old hello.
    if matches!(stray, [20..=23, 3, 0..=4, ..]) || matches!(stray, [0x80, _, 1, ..]) {
        return Some(TLS);
    }
    const FRONTS: [(&[u8], &str); 14] = [
        (b"SSH-", "SSH"),
        (b"+OK", "POP3"),
        (b"-ERR", "POP3 or Redis"),
        (b"* OK", "IMAP"),
        (b"* BYE", "IMAP"),
        (b"* PREAUTH", "IMAP"),
        (b"* BAD", "IMAP"),
        (b"HTTP/", "HTTP"),
        (b"<", "HTTP or XML"),
        (b"RFB ", "VNC"),
        (b"@RSYNCD", "rsync"),
        (b"AMQP", "AMQP"),
        (b"\xff\xfd", "Telnet"),
        (b"\xff\xfb", "Telnet"),
    ];
    FRONTS.iter().find(|(front, _)| stray.starts_with(front)).map(|(_, name)| *name)
}

/// The text with everything escaped that is no printable ASCII.
fn shown(stray: &[u8]) -> String {
    let end = stray.iter().rposition(|octet| !matches!(octet, b'\r' | b'\n')).map_or(0, |last| last + 1);
    let mut text = String::new();
    for &octet in &stray[..end] {
        if text.len() >= SHOWN_MAX {
            text.push_str("...");
            break;
        }
        match octet {
            b'\r' => {}
            b'\n' => text.push_str(" / "),
            b'"' | b'\\' | b' '..=b'~' => text.push(char::from(octet)),
            _ => text.push_str(&format!("\\x{octet:02x}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_shown_in_one_short_line_of_printable_text() {
        for (stray, text) in [
            (
                &b"SSH-2.0-OpenSSH_9.6\r"[..],
                "it said \"SSH-2.0-OpenSSH_9.6\", which looks like SSH: is it the right port?",
            ),
            (b"+OK ready <1@x>", "it said \"+OK ready <1@x>\", which looks like POP3: is it the right port?"),
            (b"* OK IMAP4", "it said \"* OK IMAP4\", which looks like IMAP: is it the right port?"),
            (b"220-mx\r\n521 no", "it said \"220-mx / 521 no\""),
            (b"\x1b[31m\x00\x80", "it said \"\\x1b[31m\\x00\\x80\""),
            (b"", ""),
        ] {
            assert_eq!(described(stray), text);
        }
        let long = described(&[b'x'; 4000]);
        assert!(long.len() < 150 && long.contains("xxx..."), "{long}");
        for alert in [&[21, 3, 3, 0, 2, 2, 70][..], &[22, 3, 1, 2, 0], &[21, 3, 0, 0, 2]] {
            assert!(described(alert).contains("looks like TLS"), "{alert:?}");
        }
        assert_eq!(protocol(b"220 mx"), None);
    }
}
