//! SASLprep, RFC 4013: one spelling of a name or a password for all the ways to type it.

use super::SaslError;
use alloc::string::{String, ToString};
use zeroize::Zeroizing;

/// The text prepared as SCRAM wants it (RFC 5802 section 5.1).
///
/// Without the feature `saslprep`, whose tables are large, only ASCII passes: the RFC leaves the choice between
/// preparing other letters and refusing them.
pub(super) fn saslprep(text: &str) -> Result<Zeroizing<String>, SaslError> {
    if text.chars().any(|letter| letter.is_ascii_control()) {
        return Err(SaslError::BadCredentials("the user name or the password holds a control character"));
    }
    // Nothing that is printable ASCII changes.
    if text.is_ascii() {
        return Ok(Zeroizing::new(text.to_string()));
    }
    beyond_ascii(text)
}

#[cfg(feature = "saslprep")]
fn beyond_ascii(text: &str) -> Result<Zeroizing<String>, SaslError> {
    let prepared = stringprep::saslprep(text)
        .map_err(|_| SaslError::BadCredentials("the user name or the password holds a letter that SASLprep refuses"))?;
    // A password of nothing but letters that SASLprep drops would be no password.
    if prepared.is_empty() {
        return Err(SaslError::BadCredentials("nothing is left of the user name or the password after SASLprep"));
    }
    Ok(Zeroizing::new(prepared.into_owned()))
}

#[cfg(not(feature = "saslprep"))]
fn beyond_ascii(_text: &str) -> Result<Zeroizing<String>, SaslError> {
    Err(SaslError::BadCredentials("SCRAM with letters beyond ASCII needs a library built with the feature saslprep"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_stays_and_controls_do_not() {
        assert_eq!(saslprep("pass word ~").unwrap().as_str(), "pass word ~");
        assert_eq!(saslprep("").unwrap().as_str(), "");
        for text in ["a\tb", "a\u{7f}", "\u{0007}"] {
            assert!(saslprep(text).is_err(), "{text:?}");
        }
    }

    /// The examples of RFC 4013, section 3.
    #[test]
    #[cfg(feature = "saslprep")]
    fn rfc_4013_examples() {
        let good = [("I\u{ad}X", "IX"), ("user", "user"), ("USER", "USER"), ("\u{aa}", "a"), ("\u{2168}", "IX")];
        for (given, wanted) in good {
            assert_eq!(saslprep(given).unwrap().as_str(), wanted, "{given:?}");
        }
        for bad in ["\u{0007}", "\u{0627}\u{0031}", "\u{ad}"] {
            assert!(saslprep(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    #[cfg(not(feature = "saslprep"))]
    fn without_the_tables_only_ascii_passes() {
        assert!(saslprep("gr\u{fc}n").is_err());
    }
}
