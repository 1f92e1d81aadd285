//! Texts that people edit, out of files: UTF-8, with a byte order mark at the beginning or without. Editors on Windows
//! write one, or UTF-16, and their owners do not see it.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

const MARK: &str = "\u{feff}";

/// A text in memory, without the byte order mark that it may begin with.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix(MARK).unwrap_or(text)
}

/// The octets behind a byte order mark; or, of UTF-16 and UTF-32, what is wrong, in words that follow the file's name.
pub fn content(octets: &[u8]) -> Result<&[u8], &'static str> {
    const WIDE: &str = "it is UTF-16 (which editors call Unicode), not UTF-8: save it as UTF-8";
    match octets {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 0, 0xfe, 0xff, ..] => Err(WIDE),
        // Without a mark: every other octet is NUL, as far as letters of ASCII are concerned.
        [0, first, 0, second, ..] | [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Err(WIDE),
        _ => Ok(octets.strip_prefix(MARK.as_bytes()).unwrap_or(octets)),
    }
}

/// The text in these octets; or why there is none, in words that follow the file's name.
pub fn of_octets(octets: &[u8]) -> Result<&str, String> {
    let content = content(octets)?;
    str::from_utf8(content).map_err(|why| {
        let line = content[..why.valid_up_to()].iter().filter(|octet| **octet == b'\n').count() + 1;
        format!("it is not UTF-8 text (line {line}): save it as UTF-8")
    })
}

/// The text of an open file of at most `limit` octets, wiped after use; or why there is none.
pub fn of_file(file: File, limit: usize) -> Result<Zeroizing<String>, String> {
    // In its full size from the start: growing would leave parts of a secret behind.
    let size = file.metadata().map_or(0, |about| about.len()).min(limit as u64) as usize;
    let mut octets = Zeroizing::new(Vec::with_capacity(size + 1));
    file.take(limit as u64 + 1).read_to_end(&mut octets).map_err(|why| why.to_string())?;
    if octets.len() > limit {
        return Err(match limit >> 20 {
            0 => format!("it is larger than {} KiB", limit >> 10),
            size => format!("it is larger than {size} MiB"),
        });
    }
    Ok(Zeroizing::new(of_octets(&octets)?.to_owned()))
}

/// The text of a file of at most `limit` octets; or why there is none, in words that follow the file's name.
pub fn read(path: &Path, limit: usize) -> Result<Zeroizing<String>, String> {
    of_file(File::open(path).map_err(|why| why.to_string())?, limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mark_at_the_beginning_is_left_out() {
        let rows: [(&[u8], &str); 6] = [
            (b"", ""),
            (b"a = b\n", "a = b\n"),
            (b"\xef\xbb\xbfa = b\r\n", "a = b\r\n"),
            (b"\xef\xbb\xbf", ""),
            (b"a\xef\xbb\xbfb", "a\u{feff}b"),
            (b"\xef\xbb\xbf\xef\xbb\xbfa", "\u{feff}a"),
        ];
        for (octets, text) in rows {
            assert_eq!(of_octets(octets).unwrap(), text);
            assert_eq!(without_mark(str::from_utf8(octets).unwrap()), text);
        }
    }

    #[test]
    fn other_encodings_are_named() {
        let wide: [&[u8]; 7] = [
            b"\xff\xfea\0=\0",
            b"\xfe\xff\0a\0=",
            b"\xff\xfe",
            b"\xff\xfe\0\0a\0\0\0",
            b"\0\0\xfe\xff\0\0\0a",
            b"a\0=\0b\0",
            b"\0a\0=\0b",
        ];
        for octets in wide {
            assert!(of_octets(octets).unwrap_err().starts_with("it is UTF-16 "), "{}", octets.escape_ascii());
        }
        assert_eq!(of_octets(b"a\nb\ngr\xfcn").unwrap_err(), "it is not UTF-8 text (line 3): save it as UTF-8");
        assert_eq!(of_octets(b"\xef\xbb\xbfgr\xfcn").unwrap_err(), "it is not UTF-8 text (line 1): save it as UTF-8");
    }

    #[test]
    fn files_are_bounded() {
        let path = std::env::temp_dir().join(format!("helo-text-{}", std::process::id()));
        std::fs::write(&path, b"\xef\xbb\xbfhello").unwrap();
        assert_eq!(read(&path, 8).unwrap().as_str(), "hello");
        assert_eq!(read(&path, 7).unwrap_err(), "it is larger than 0 KiB");
        std::fs::remove_file(&path).unwrap();
        assert!(read(&path, 8).is_err());
    }
}
