//! Header fields from any text: refused without a trace, or whole lines that nobody can take for another field.
#![no_main]

use helo::message::{Addressee, HeaderBlock};
use helo::proto::address::Mailbox;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, &str)| {
    let (name, text, address) = input;
    let mut block = HeaderBlock::new();
    let mut fields = usize::from(block.field(name, text).is_ok());
    if let Ok(mailbox) = Mailbox::parse(address) {
        let addressee = Addressee { name: text, mailbox: &mailbox };
        fields += usize::from(block.to(&[addressee, addressee]).is_ok());
    }
    let block = block.finish();
    let lines = block.strip_suffix("\r\n\r\n").unwrap_or_default();
    let mut begun = 0;
    for line in lines.split("\r\n").filter(|line| !line.is_empty()) {
        assert!(line.len() <= 998 && !line.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t'));
        begun += usize::from(!line.starts_with([' ', '\t']));
    }
    assert_eq!(begun, fields);
});
