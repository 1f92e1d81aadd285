//! A text that is never shown and does not stay in memory.

use alloc::string::String;
use core::fmt;
use ctutils::CtEq;
use zeroize::Zeroizing;

/// A password or a token: wiped from memory when dropped, `<hidden>` in every debug output.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; no copy of it is made.
    pub fn new(text: String) -> Self {
        Secret(Zeroizing::new(text))
    }

    /// The text itself. Each use of this is a place where it could leak.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Secret {
    /// In constant time, but for the lengths.
    fn eq(&self, other: &Secret) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).to_bool()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    #[test]
    fn debug_hides_the_text() {
        let secret = Secret::new("open sesame".to_string());
        assert_eq!(format!("{secret:?}"), "<hidden>");
        assert_eq!(secret.expose(), "open sesame");
        assert!(!secret.is_empty() && Secret::default().is_empty());
    }

    #[test]
    fn secrets_are_compared_whole() {
        let secret = |text: &str| Secret::new(text.to_string());
        assert_eq!(secret("open sesame"), secret("open sesame"));
        for other in ["open sesamf", "Open sesame", "open sesame ", "open", ""] {
            assert_ne!(secret("open sesame"), secret(other), "{other:?}");
        }
    }
}
