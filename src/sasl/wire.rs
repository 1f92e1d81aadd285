//! The base64 of AUTH, RFC 4954: strict, and bounded to what an AUTH line may hold.

use super::SaslError;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use zeroize::{Zeroize, Zeroizing};

/// Longest base64 text of a challenge or a response: the line length that RFC 4954 asks both sides to take.
pub const MAX_TEXT: usize = 12288;

/// The octets of a challenge, from the text after `334 `. Nothing after the code is an empty challenge.
pub fn decode_challenge(text: &[u8]) -> Result<Vec<u8>, SaslError> {
    // A single "=" stands for no data in AUTH's own line; some servers send it as a challenge too.
    if text.is_empty() || text == b"=" {
        return Ok(Vec::new());
    }
    if text.len() > MAX_TEXT {
        return Err(SaslError::Unreadable("the server's challenge is longer than 12288 characters"));
    }
    decode(text).ok_or(SaslError::Unreadable("the server's challenge is not base64"))
}

/// As servers write base64 that do not pad it, or leave something over in its last letter.
const LENIENT: GeneralPurpose = {
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&alphabet::STANDARD, config.with_decode_padding_mode(DecodePaddingMode::Indifferent))
};

/// The octets of a text that may be base64, padded or not; `None` if it is not.
pub fn decode_leniently(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > MAX_TEXT { None } else { LENIENT.decode(text).ok() }
}

/// The challenge of a reply whose lines these are: base64, whole or folded over several lines.
pub fn decode_lines<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Result<Vec<u8>, SaslError> {
    decode_challenge(&joined(lines, b""))
}

/// What a server says in these lines, for people and for mechanisms that do not read it: base64 if it is that and stands
/// for text, else the lines as they are.
pub fn words_of_lines<'a>(lines: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let is_text = |octets: &Vec<u8>| {
        let text = core::str::from_utf8(octets).ok();
        text.is_some_and(|text| !text.chars().any(|c| c.is_control() && !c.is_ascii_whitespace()))
    };
    match decode_leniently(&joined(lines.clone(), b"")).filter(is_text) {
        Some(words) => words,
        None => joined(lines, b" "),
    }
}

fn joined<'a>(lines: impl Iterator<Item = &'a [u8]>, between: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    for line in lines.map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()) {
        if !all.is_empty() {
            all.extend_from_slice(between);
        }
        all.extend_from_slice(line);
    }
    all
}

/// The octets of a client's answer to a challenge; `None` if it is not base64.
pub fn decode_response(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    decode(text.as_bytes()).map(Zeroizing::new)
}

/// The octets that came with AUTH itself, where "=" stands for none; `None` if it is not base64.
pub fn decode_initial(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text == "=" { Some(Zeroizing::default()) } else { decode_response(text).filter(|octets| !octets.is_empty()) }
}

/// The line that carries a server's challenge, behind `334 `.
pub fn encode_challenge(challenge: &[u8]) -> String {
    STANDARD.encode(challenge)
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > MAX_TEXT { None } else { STANDARD.decode(text).ok() }
}

/// The line that answers a challenge. `response` is wiped; the caller wipes the line after sending it.
pub fn encode_response(mut response: Vec<u8>) -> Result<String, SaslError> {
    let fits = response.len().div_ceil(3) * 4 <= MAX_TEXT;
    let line = if fits { Ok(STANDARD.encode(&response)) } else { Err(too_long()) };
    response.zeroize();
    line
}

/// The initial response as AUTH's second argument: "=" when there is nothing in it.
pub fn encode_initial(response: Vec<u8>) -> Result<String, SaslError> {
    if response.is_empty() { Ok("=".to_string()) } else { encode_response(response) }
}

fn too_long() -> SaslError {
    SaslError::BadCredentials("user name and password together are too long for an AUTH line")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    #[test]
    fn empty_forms() {
        assert_eq!(decode_challenge(b"").unwrap(), b"");
        assert_eq!(decode_challenge(b"=").unwrap(), b"");
        assert_eq!(encode_initial(vec![]).unwrap(), "=");
        assert_eq!(encode_response(vec![]).unwrap(), "");
    }

    #[test]
    fn malformed_base64_is_refused() {
        for text in ["A", "AB", "ABC", "AB=C", "A===", "QUJD QUJD", "QUJD\r", "QU=D", "====", "\u{e9}", "QUJE="] {
            assert!(decode_challenge(text.as_bytes()).is_err(), "{text:?}");
        }
        assert_eq!(decode_challenge(b"VXNlcm5hbWU6").unwrap(), b"Username:");
    }

    #[test]
    fn a_challenge_may_be_folded_and_words_may_be_anything() {
        let lines = |lines: &'static [&'static str]| lines.iter().map(|line| line.as_bytes());
        assert_eq!(decode_lines(lines(&["VXNl", " cm5hbWU6"])).unwrap(), b"Username:");
        assert_eq!(decode_lines(lines(&["", "VXNlcm5hbWU6", ""])).unwrap(), b"Username:");
        assert!(decode_lines(lines(&["Hello", "VXNlcm5hbWU6"])).is_err());
        let said: [(&'static [&'static str], &str); 8] = [
            (&["VXNlcm5hbWU6"], "Username:"),
            (&["eyJhIjoxfQ"], r#"{"a":1}"#),
            (&["eyJh", "IjoxfQ=="], r#"{"a":1}"#),
            (&["{\"a\":", "1}"], r#"{"a": 1}"#),
            (&["User Name"], "User Name"),
            (&["gone"], "gone"),
            (&[], ""),
            (&["", "="], "="),
        ];
        for (from, words) in said {
            assert_eq!(String::from_utf8(words_of_lines(lines(from))).unwrap(), words, "{from:?}");
        }
    }

    #[test]
    fn both_directions_stop_at_the_line_limit() {
        assert!(decode_challenge(&[b'A'; MAX_TEXT]).is_ok());
        assert!(decode_challenge(&[b'A'; MAX_TEXT + 4]).is_err());
        assert_eq!(encode_response(vec![0; MAX_TEXT / 4 * 3]).unwrap().len(), MAX_TEXT);
        assert!(encode_response(vec![0; MAX_TEXT / 4 * 3 + 1]).is_err());
    }

    #[test]
    fn what_a_client_sends_is_read_to_the_letter() {
        assert_eq!(decode_initial("=").unwrap().as_slice(), b"");
        assert!(decode_initial("").is_none(), "nothing at all is no initial response");
        assert_eq!(decode_response("").unwrap().as_slice(), b"");
        for text in ["=", "A", "QU=D", "QUJD QUJD", " QUJD", "QUJD\u{e9}", &"A".repeat(MAX_TEXT + 4)] {
            assert!(decode_response(text).is_none(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same(octets in proptest::collection::vec(any::<u8>(), 0..500)) {
            let line = encode_response(octets.clone()).unwrap();
            prop_assert_eq!(decode_challenge(line.as_bytes()).unwrap(), octets);
        }

        #[test]
        fn no_text_panics(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode_challenge(&text);
        }
    }
}
