//! Headers of the PROXY protocol: whatever comes, no octet behind the header is asked for, the end comes within its limits,
//! and what is read of version 1 is what its words say.
#![no_main]

use helo::server::proxy::{Behind, Header, read};
use libfuzzer_sys::fuzz_target;
use std::net::IpAddr;

/// Feeds what is asked for, and no more: what it came to, and how much of the input it took.
fn fed(input: &[u8]) -> (Header, usize) {
    let mut taken = 0;
    loop {
        match read(&input[..taken]) {
            Header::Wants(0) => panic!("nothing is asked for"),
            Header::Wants(more) if taken + more <= input.len() => taken += more,
            other => return (other, taken),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    for start in [&b""[..], b"PROXY TCP4 ", b"PROXY TCP6 ", b"PROXY UNKNOWN", b"\r\n\r\n\0\r\nQUIT\n"] {
        let input = [start, data].concat();
        let (header, taken) = fed(&input);
        assert!(taken <= input.len() && taken <= 16 + 4096);
        let Header::Complete(behind) = header else { continue };
        // The same whatever follows.
        assert_eq!(fed(&[&input[..taken], b"EHLO x\r\n"].concat()), (header, taken));
        let Some(line) = input[..taken].strip_prefix(b"PROXY ") else { continue };
        let line = line.strip_suffix(b"\r\n").expect("a line");
        // What stands behind UNKNOWN is passed over, whatever it is, up to the line's end.
        assert!(taken <= 107 && !line.contains(&b'\n'));
        match behind {
            Behind::Proxy => assert!(line.starts_with(b"UNKNOWN")),
            Behind::Client { from, to } => {
                let line = std::str::from_utf8(line).expect("read as text");
                let words: Vec<&str> = line.split(' ').collect();
                let [family, source, target, source_port, target_port] = words[..] else { panic!("{line:?}") };
                assert_eq!(family == "TCP4", source.parse::<IpAddr>().expect("an address").is_ipv4());
                let address = |text: &str| text.parse::<IpAddr>().expect("an address").to_canonical();
                assert_eq!((address(source), address(target)), (from.ip(), to.ip()));
                // To the letter: no zero in front, no sign.
                assert_eq!((source_port, target_port), (&*from.port().to_string(), &*to.port().to_string()));
            }
        }
    }
});
