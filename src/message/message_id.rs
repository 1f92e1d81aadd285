//! Message-ID, RFC 5322 section 3.6.4.

use alloc::string::String;
use core::fmt::Write;

/// A new id from 16 random octets and the name of the sending host, as `<...@domain>`.
///
/// A domain that cannot stand in an id as it is (empty, not ASCII, spaces, ...) is replaced by `localhost`: the random
/// part alone makes the id unique.
pub fn message_id(entropy: [u8; 16], domain: &str) -> String {
    let domain = if is_domain(domain) { domain } else { "localhost" };
    let mut id = String::with_capacity(domain.len() + 35);
    // Writing to a String does not fail.
    let _ = write!(id, "<{:032x}@{domain}>", u128::from_be_bytes(entropy));
    id
}

/// A domain name or an address literal.
fn is_domain(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    match inner {
        Some(address) => {
            !address.is_empty() && address.bytes().all(|b| b.is_ascii_alphanumeric() || b".:-".contains(&b))
        }
        None => {
            text.len() <= 255
                && text.split('.').all(|label| {
                    !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
                })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_kept_where_it_can_be() {
        let entropy = *b"0123456789abcdef";
        let local = "30313233343536373839616263646566";
        for (domain, kept) in [
            ("mail.example.com", "mail.example.com"),
            ("printer_7", "printer_7"),
            ("[192.0.2.1]", "[192.0.2.1]"),
            ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
            ("", "localhost"),
            ("a..b", "localhost"),
            ("a b", "localhost"),
            ("b\u{fc}cher.example", "localhost"),
            ("x>\r\nBcc: y", "localhost"),
            ("[]", "localhost"),
        ] {
            assert_eq!(message_id(entropy, domain), alloc::format!("<{local}@{kept}>"));
        }
    }

    #[test]
    fn every_octet_of_entropy_counts() {
        assert_eq!(message_id([0; 16], "h"), "<00000000000000000000000000000000@h>");
        assert_eq!(message_id([255; 16], "h"), "<ffffffffffffffffffffffffffffffff@h>");
    }
}
