//! Domains as they are compared: one spelling for all the ways to write one.
//!
//! A domain with letters beyond ASCII has two spellings in mail: the letters themselves (RFC 6531), and the form of the DNS,
//! where each such part is `xn--` and Punycode (RFC 3492, RFC 5890). Both are one domain, and so are capital and small
//! letters, an accented letter of one sign or of two, and a dot at the end. The form of the DNS is the one that is compared.
//!
//! Nothing is mapped that could make one registered domain of two: an ß is no ss, and no letter beyond ASCII becomes one of
//! ASCII.

/// This domain or address literal in the one spelling that is compared: ASCII in small letters, without the dot at the end.
pub(super) fn canonical(domain: &str) -> String {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    if domain.is_ascii() {
        return domain.to_ascii_lowercase();
    }
    // These are dots too, in the scripts that have them (RFC 3490 section 3.1).
    let labels = domain.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']);
    let labels: Vec<String> = labels.map(to_ascii).collect();
    labels.join(".")
}

/// The same in letters, where some of it is `xn--`; none where nothing is.
#[cfg_attr(not(unix), allow(dead_code))] // for the Maildir
pub(super) fn in_letters(canonical: &str) -> Option<String> {
    if !canonical.contains(PREFIX) {
        return None;
    }
    let mut found = false;
    let labels = canonical.split('.').map(|label| {
        let letters = label.strip_prefix(PREFIX).and_then(decode);
        // What is no spelling of these letters is another name.
        let letters = letters.filter(|letters| to_ascii(letters) == label);
        found |= letters.is_some();
        letters.unwrap_or_else(|| label.to_owned())
    });
    let labels: Vec<String> = labels.collect();
    found.then(|| labels.join("."))
}

/// A letter made small. Those beyond ASCII that would become ASCII (the Kelvin sign a k) stay as they are: they are
/// somebody else's name.
pub(super) fn small(c: char) -> impl Iterator<Item = char> {
    let foreign = !c.is_ascii() && c.to_lowercase().any(|lower| lower.is_ascii());
    let kept = foreign.then_some(c);
    kept.into_iter().chain(c.to_lowercase().filter(move |_| !foreign))
}

const PREFIX: &str = "xn--";

fn to_ascii(label: &str) -> String {
    if label.is_ascii() {
        return label.to_ascii_lowercase();
    }
    let letters: Vec<char> = composed(label).chars().flat_map(small).collect();
    // Small letters may be composed otherwise than the capitals were.
    let letters: Vec<char> = composed(&letters.into_iter().collect::<String>()).chars().collect();
    match encode(&letters) {
        Some(code) => format!("{PREFIX}{code}"),
        None => letters.into_iter().collect(),
    }
}

/// In Unicode's normalization form C. What would become ASCII stays as it is.
#[cfg(feature = "saslprep")]
fn composed(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let composed: String = text.nfc().collect();
    let ascii = |text: &str| text.bytes().filter(u8::is_ascii).count();
    if ascii(&composed) > ascii(text) { text.to_owned() } else { composed }
}

#[cfg(not(feature = "saslprep"))]
fn composed(text: &str) -> String {
    text.to_owned()
}

/// The numbers of RFC 3492, section 5.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const BIAS: u32 = 72;
const FIRST: u32 = 128;

/// Section 6.1.
fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

fn threshold(k: u32, bias: u32) -> u32 {
    k.saturating_sub(bias).clamp(T_MIN, T_MAX)
}

/// Section 6.3. None when the numbers would become too large, which those of a domain do not.
fn encode(letters: &[char]) -> Option<String> {
    let digit = |value: u32| {
        char::from_digit(value, BASE).map(|_| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[value as usize]))
    };
    let mut code: String = letters.iter().filter(|c| c.is_ascii()).collect();
    let basic = u32::try_from(code.len()).ok()?;
    let mut handled = basic;
    if basic > 0 {
        code.push('-');
    }
    let (mut n, mut delta, mut bias) = (FIRST, 0_u32, BIAS);
    while (handled as usize) < letters.len() {
        let next = letters.iter().map(|c| u32::from(*c)).filter(|point| *point >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(handled + 1)?)?;
        n = next;
        for point in letters.iter().map(|c| u32::from(*c)) {
            if point < n {
                delta = delta.checked_add(1)?;
            }
            if point == n {
                let (mut q, mut k) = (delta, BASE);
                loop {
                    let t = threshold(k, bias);
                    if q < t {
                        break;
                    }
                    code.push(digit(t + (q - t) % (BASE - t))?);
                    q = (q - t) / (BASE - t);
                    k += BASE;
                }
                code.push(digit(q)?);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        n = n.checked_add(1)?;
    }
    Some(code)
}

/// Section 6.2. None when it is no Punycode.
#[cfg_attr(not(unix), allow(dead_code))]
fn decode(code: &str) -> Option<String> {
    let (basic, rest) = code.rsplit_once('-').unwrap_or(("", code));
    let mut letters: Vec<char> = basic.chars().collect();
    let (mut n, mut i, mut bias) = (FIRST, 0_u32, BIAS);
    let mut digits = rest.chars().peekable();
    while digits.peek().is_some() {
        let (before, mut weight, mut k) = (i, 1_u32, BASE);
        loop {
            let value = match digits.next()? {
                c @ 'a'..='z' => u32::from(c) - u32::from('a'),
                c @ '0'..='9' => u32::from(c) - u32::from('0') + 26,
                _ => return None,
            };
            i = i.checked_add(value.checked_mul(weight)?)?;
            let t = threshold(k, bias);
            if value < t {
                break;
            }
            weight = weight.checked_mul(BASE - t)?;
            k += BASE;
        }
        let count = u32::try_from(letters.len()).ok()? + 1;
        bias = adapt(i - before, count, before == 0);
        n = n.checked_add(i / count)?;
        i %= count;
        letters.insert(i as usize, char::from_u32(n)?);
        i += 1;
    }
    Some(letters.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// From RFC 3492 (7.1), RFC 5891 and the lists of test domains.
    #[test]
    fn known_spellings() {
        for (letters, ascii) in [
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.Example.", "xn--bcher-kva.example"),
            #[cfg(feature = "saslprep")] // what composes letters
            ("bu\u{308}cher.example", "xn--bcher-kva.example"),
            ("straße.example", "xn--strae-oqa.example"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
            ("παράδειγμα.δοκιμή", "xn--hxajbheg2az3al.xn--jxalpdlp"),
            ("мойдомен.рф", "xn--d1acklchcc.xn--p1ai"),
            ("münchen.ü.example", "xn--mnchen-3ya.xn--tda.example"),
            ("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"),
            ("pročprostěnemluvíčesky", "xn--proprostnemluvesky-uyb24dma41a"),
        ] {
            assert_eq!(canonical(letters), ascii, "{letters}");
            assert_eq!(canonical(&ascii.to_ascii_uppercase()), ascii);
            if letters.chars().all(|c| !c.is_uppercase() && c != '\u{308}' && c != '。') {
                assert_eq!(in_letters(ascii).as_deref(), Some(letters));
            }
        }
        for (as_given, one) in [("Example.COM.", "example.com"), ("[IPv6:2001:DB8::1]", "[ipv6:2001:db8::1]"), ("", "")]
        {
            assert_eq!(canonical(as_given), one);
            assert_eq!(in_letters(one), None);
        }
    }

    #[test]
    fn no_two_domains_become_one() {
        let names =
            ["strasse.example", "straße.example", "k.example", "\u{212a}.example", "ⓚ.example", "K\u{308}.example"];
        let all: std::collections::HashSet<String> = names.iter().map(|name| canonical(name)).collect();
        assert_eq!(all.len(), names.len(), "{all:?}");
        // No spelling of anything: capital letters in the code, code for ASCII, garbage.
        for label in ["xn--", "xn--a", "xn--\u{fc}", "xn--abc-", "xn--99999999999", "xn--bcher-kvb-"] {
            if let Some(letters) = in_letters(label) {
                assert_eq!(canonical(&letters), label);
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(label in "[a-zäöüßéж例-]{1,30}") {
            prop_assume!(!label.is_ascii());
            let letters: Vec<char> = label.chars().collect();
            prop_assert_eq!(decode(&encode(&letters).unwrap()), Some(label.clone()));
            prop_assert_eq!(in_letters(&canonical(&label)), Some(composed(&label)));
        }

        #[test]
        fn any_text_ends(text in any::<String>(), code in "[a-z0-9-]{0,40}") {
            let one = canonical(&text);
            prop_assert_eq!(canonical(&one), one.strip_suffix('.').unwrap_or(&one).to_ascii_lowercase());
            let _ = decode(&code);
            let _ = in_letters(&format!("xn--{code}.x"));
        }
    }
}
