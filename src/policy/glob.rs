//! Hosts against patterns: `*` any text, `?` any one character, no case.

use std::net::IpAddr;

/// A host or a pattern in the form that is compared: small letters, no final dot, no brackets, an address in the one
/// form it has.
pub(super) fn normal(text: &str) -> String {
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    match text.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => text.strip_suffix('.').unwrap_or(text).to_lowercase(),
    }
}

/// Whether a pattern matches the whole text; both in normal form.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stood, and up to where the text is taken by it.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                // No match from here: the last `*` takes one character more.
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                p = at + 1;
                t = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "anything", true),
            ("", "", true),
            ("", "a", false),
            ("mail*", "mailhost", true),
            ("mail*", "email", false),
            ("*.example.com", "smtp.example.com", true),
            ("*.example.com", "example.com", false),
            ("10.1.?.*", "10.1.2.3", true),
            ("10.1.?.*", "10.1.22.3", false),
            ("*a*b*c", "xxaxxbxxbxxc", true),
            ("*a*b*c", "xxaxxcxxb", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn normal_forms() {
        assert_eq!(normal("Mail.Example.COM."), "mail.example.com");
        assert_eq!(normal("[2001:DB8:0::1]"), "2001:db8::1");
        assert_eq!(normal("192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let pattern = "*a".repeat(120) + "b";
        assert!(!matches(&pattern, &"a".repeat(255)));
    }

    proptest! {
        #[test]
        fn a_text_matches_itself_with_any_part_starred(before in "[a-z.]{0,9}", part in "[a-z.]{0,9}", after in "[a-z.]{0,9}") {
            let text = format!("{before}{part}{after}");
            let pattern = format!("{before}*{after}");
            prop_assert!(matches(&text, &text));
            prop_assert!(matches(&pattern, &text));
        }
    }
}
