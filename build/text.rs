//! Work on C text: what cbindgen cannot say, put in afterwards.

use std::collections::BTreeSet;

/// Puts `convention` before the name of each of `functions`: `int smtp_mail(` becomes `int WINAPI smtp_mail(`.
pub fn function_convention(text: &str, functions: &BTreeSet<String>, convention: &str) -> String {
    replace_words(text, |word, before, after| {
        let declares = after.starts_with('(') && !before.trim_end().is_empty();
        (declares && functions.contains(word)).then(|| format!("{convention} {word}"))
    })
}

/// Puts `convention` into the types: `typedef int (*PROC)(` becomes `typedef int (CALLBACK *PROC)(`.
pub fn callback_convention(mut text: String, callbacks: &BTreeSet<String>, convention: &str) -> String {
    for name in callbacks {
        text = text.replace(&format!("(*{name})("), &format!("({convention} *{name})("));
    }
    text
}

/// C89 has no comma after the last enumerator.
pub fn without_trailing_commas(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    for i in 1..lines.len() {
        if lines[i].starts_with('}') && !lines[i - 1].trim_start().starts_with(['*', '/']) {
            lines[i - 1] = lines[i - 1].trim_end_matches(',');
        }
    }
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

/// All identifiers of C text outside comments and string literals.
pub fn identifiers(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    replace_words(text, |word, _, _| {
        found.insert(word.to_owned());
        None
    });
    found
}

/// Goes through the words outside comments and literals and replaces those that `change` wants changed. `change` sees
/// the word, what stands before it on its line, and what follows.
fn replace_words(text: &str, mut change: impl FnMut(&str, &str, &str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if let Some(comment) = rest.strip_prefix("/*") {
            comment.find("*/").map_or(rest.len(), |end| end + 4)
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' || first == '\'' {
            literal_length(rest, first)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let line = out.rsplit('\n').next().unwrap_or_default().to_owned();
            if let Some(new) = change(&rest[..end], &line, &rest[end..]) {
                out.push_str(&new);
                rest = &rest[end..];
                continue;
            }
            end
        } else {
            first.len_utf8()
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// The length of a string or character literal at the start of `text`, or of its line if it does not end there.
fn literal_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return at,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}
