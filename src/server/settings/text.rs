//! The text of a configuration file, line by line, and the values that stand in it.

use crate::policy::text::without_mark;
use ini::{Ini, ParseOption};
use std::time::Duration;

/// The largest configuration text.
const TEXT_MAX: usize = 1 << 20;

/// A key, its value and where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The line, counted from 1.
    pub line: usize,
    /// The key as it stands there.
    pub key: String,
    /// The value as it stands there.
    pub value: String,
}

/// The keys and values of a configuration text, in their order, as they stand there. The error names the line.
pub fn entries(text: &str) -> Result<Vec<Entry>, String> {
    if text.len() > TEXT_MAX {
        return Err("it is larger than 1 MiB".to_owned());
    }
    let mut found = Vec::new();
    // A key stands in one line, so that each line is a text of its own.
    for (line, text) in (1..).zip(without_mark(text).lines()) {
        if text.trim().is_empty() {
            continue;
        }
        // Values are taken as they stand: a password may hold quotes and backslashes.
        let parse = ParseOption { enabled_quote: false, enabled_escape: false, ..ParseOption::default() };
        let ini = Ini::load_from_str_opt(text, parse).map_err(|why| format!("line {line}: {}", why.msg))?;
        for (section, keys) in &ini {
            if let Some(section) = section {
                return Err(format!("line {line}: there are no sections here, but [{section}] is one"));
            }
            found.extend(keys.iter().map(|(key, value)| Entry { line, key: key.to_owned(), value: value.to_owned() }));
        }
    }
    Ok(found)
}

/// A flag's value.
pub fn flag(value: &str) -> Result<bool, String> {
    match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    }
}

/// A number that fits.
pub fn number<T: std::str::FromStr>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{value} is no number that can be used here"))
}

/// A time in seconds.
pub fn seconds(value: &str) -> Result<Duration, String> {
    number::<u32>(value).map(|seconds| Duration::from_secs(seconds.into()))
}

/// A size in octets: a number alone counts `unit` octets; behind it K, M, G or T, of either case, with `B` or `iB` or
/// without, are 1024 octets, 1024 times these, and so on.
pub fn size(value: &str, unit: u64) -> Result<u64, String> {
    let wrong = || format!("{value} is no size: write a number, alone or with K, M or G behind it, as 10M");
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let named = value[digits.len()..].trim_start().to_ascii_lowercase();
    let unit = match named.strip_suffix("ib").or_else(|| named.strip_suffix('b')).unwrap_or(&named) {
        "" if named.is_empty() => unit,
        "" if named == "b" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "t" => 1 << 40,
        _ => return Err(wrong()),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(unit).ok_or_else(wrong)
}

/// The rights of a file as `chmod` writes them: 660, 0660.
pub fn mode(value: &str) -> Result<u32, String> {
    let digits = value.strip_prefix("0o").unwrap_or(value);
    let mode = u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o777 && !digits.starts_with('+'));
    mode.ok_or_else(|| format!("{value} are no rights of a file: write them as 660"))
}

/// What stands in a list, between commas and blanks.
pub fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split([',', ' ']).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_and_without_a_unit() {
        for (text, octets) in [
            ("0", 0),
            ("1000", 1000),
            ("10K", 10 << 10),
            ("10k", 10 << 10),
            ("10M", 10 << 20),
            ("10 M", 10 << 20),
            ("10MB", 10 << 20),
            ("10MiB", 10 << 20),
            ("2g", 2 << 30),
            ("1T", 1 << 40),
            ("7B", 7),
        ] {
            assert_eq!(size(text, 1), Ok(octets), "{text}");
        }
        assert_eq!((size("64", 1 << 20), size("64K", 1 << 20)), (Ok(64 << 20), Ok(64 << 10)));
        for bad in
            ["", "M", "-1", "+1", "1.5M", "1X", "1MM", "10iM", "1 0M", "99999999999G", "18446744073709551616", "ib"]
        {
            assert!(size(bad, 1).is_err(), "{bad}");
        }
    }

    #[test]
    fn rights_as_chmod_writes_them() {
        assert_eq!((mode("660"), mode("0660"), mode("0o600")), (Ok(0o660), Ok(0o660), Ok(0o600)));
        for bad in ["", "rw", "888", "1777", "-1", "+1"] {
            assert!(mode(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn each_key_has_its_line() {
        let text = "\u{feff}# where\r\nport = 0\r\n\r\nname: x\n; more\n  listen = *:25 \n";
        let found: Vec<(usize, String, String)> =
            entries(text).unwrap().into_iter().map(|entry| (entry.line, entry.key, entry.value)).collect();
        let wanted = [(2, "port", "0"), (4, "name", "x"), (6, "listen", "*:25")];
        assert_eq!(found, wanted.map(|(line, key, value)| (line, key.to_owned(), value.to_owned())));
        assert!(entries("port = 0\n\n[section]\n").unwrap_err().starts_with("line 3: "));
        assert!(entries("port = 0\nno value\n").unwrap_err().starts_with("line 2: "));
    }
}
