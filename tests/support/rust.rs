//! What the architecture test must know of a Rust source, read from its tokens: comments and formatting do not matter.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::path::Path;

/// Findings of one file. What stands in `#[cfg(test)]` parts is left out of the first three.
#[derive(Debug, Default)]
pub struct Facts {
    /// Rooms (`net`, `proto`, ...) that paths from the crate's root name.
    pub rooms: BTreeSet<String>,
    /// Lines on which the standard library is named.
    pub std: Vec<usize>,
    /// String literals that are not documentation, with their lines.
    pub literals: Vec<(usize, String)>,
    /// Lines with `unsafe` or a permission for it, tests included.
    pub unsafe_code: Vec<usize>,
    /// Exported functions without a doc comment.
    pub undocumented_exports: Vec<String>,
    /// Exported functions.
    pub exports: BTreeSet<String>,
    /// Lines on which addresses are compared as such, tests included: `fn_addr_eq`, `addr_eq`, `ptr::eq`, `will_wake`.
    pub addresses: Vec<usize>,
}

/// Reads a source that stands at `path` below `src/`.
pub fn facts(path: &Path, text: &str) -> Result<Facts, String> {
    let tokens: TokenStream = text.parse().map_err(|e| format!("{}: {e}", path.display()))?;
    let mut reader = Reader { depth: depth(path), ..Reader::default() };
    // A module of tests may have a file or folder of its own.
    let in_test = path.iter().any(|part| part == "tests" || part == "tests.rs");
    reader.read(tokens, in_test);
    Ok(reader.facts)
}

/// How many modules a file is inside of: `net/mod.rs` 1, `net/tcp.rs` 2.
fn depth(path: &Path) -> usize {
    let file = path.file_stem().unwrap_or_default();
    path.components().count() - usize::from(file == "mod" || file == "lib")
}

#[derive(Default)]
struct Reader {
    facts: Facts,
    /// How many modules the tokens are inside of.
    depth: usize,
}

/// The attributes gathered before an item.
#[derive(Default)]
struct Attributes {
    test: bool,
    documented: bool,
    exported: Option<String>,
}

impl Reader {
    fn read(&mut self, tokens: TokenStream, in_test: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut attributes = Attributes::default();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let in_test = in_test || attributes.test;
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    // #[...] or #![...]
                    let inner = tokens.get(at + 1).is_some_and(|t| is_punct(t, '!'));
                    if let Some(TokenTree::Group(group)) = tokens.get(at + 1 + usize::from(inner))
                        && group.delimiter() == Delimiter::Bracket
                    {
                        self.attribute(group, &mut attributes);
                        at += 2 + usize::from(inner);
                        continue;
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' || punct.as_char() == ',' => {
                    attributes = Attributes::default();
                }
                TokenTree::Ident(ident) => {
                    let word = ident.to_string();
                    self.word(&word, ident.span().start().line, &tokens, at, in_test);
                    if word == "fn"
                        && let Some(name) = tokens.get(at + 1)
                    {
                        self.function(&attributes, &name.to_string());
                    }
                }
                TokenTree::Literal(literal) if !in_test => {
                    let text = literal.to_string();
                    if text.contains('"') {
                        self.facts.literals.push((literal.span().start().line, text));
                    }
                }
                TokenTree::Group(group) => {
                    let body = group.delimiter() == Delimiter::Brace;
                    let module = body && at >= 2 && is_word(&tokens[at - 2], "mod");
                    self.depth += usize::from(module);
                    self.read(group.stream(), in_test);
                    self.depth -= usize::from(module);
                    if body {
                        attributes = Attributes::default();
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Notes what an attribute says, and the permissions that it gives.
    fn attribute(&mut self, group: &Group, attributes: &mut Attributes) {
        let text = group.stream().to_string().replace(' ', "");
        attributes.documented |= text.starts_with("doc=");
        attributes.test |= text == "test" || text.starts_with("cfg(") && names_test(&group.stream());
        if text.contains("no_mangle") {
            attributes.exported = Some(String::new());
        } else if let Some((_, name)) = text.split_once("export_name=\"") {
            attributes.exported = Some(name.split('"').next().unwrap_or_default().to_owned());
        }
        let allows = text.starts_with("allow(") || text.starts_with("expect(") || text.starts_with("warn(");
        if allows && text.contains("unsafe_code") {
            self.facts.unsafe_code.push(group.span_open().start().line);
        }
    }

    /// Notes a word and the path that begins with it.
    fn word(&mut self, word: &str, line: usize, tokens: &[TokenTree], at: usize, in_test: bool) {
        if word == "unsafe" {
            self.facts.unsafe_code.push(line);
        }
        let of_pointers = word == "eq" && at >= 3 && path_goes_on(tokens, at - 3) && is_word(&tokens[at - 3], "ptr");
        if of_pointers || ["fn_addr_eq", "addr_eq", "will_wake"].contains(&word) {
            self.facts.addresses.push(line);
        }
        let begins = at < 2 || !(is_punct(&tokens[at - 1], ':') && is_punct(&tokens[at - 2], ':'));
        // A leading `::` in front of a crate's name still names that crate.
        let begins = begins || at < 3 || !matches!(&tokens[at - 3], TokenTree::Ident(_));
        if in_test || !begins {
            return;
        }
        match word {
            "std" if path_goes_on(tokens, at) => self.facts.std.push(line),
            "extern" if tokens.get(at + 2).is_some_and(|t| is_word(t, "std")) => self.facts.std.push(line),
            "crate" => self.rooms_after(tokens, at),
            "super" => {
                let mut last = at;
                let mut levels = 1;
                while path_goes_on(tokens, last) && tokens.get(last + 3).is_some_and(|t| is_word(t, "super")) {
                    last += 3;
                    levels += 1;
                }
                if levels >= self.depth {
                    self.rooms_after(tokens, last);
                }
            }
            _ => {}
        }
    }

    /// The rooms named after `crate`: `::net::x` or `::{net::x, proto}`.
    fn rooms_after(&mut self, tokens: &[TokenTree], at: usize) {
        if !path_goes_on(tokens, at) {
            return;
        }
        match tokens.get(at + 3) {
            Some(TokenTree::Ident(room)) => drop(self.facts.rooms.insert(room.to_string())),
            Some(TokenTree::Group(group)) => {
                let mut first = true;
                for token in group.stream() {
                    if first && let TokenTree::Ident(room) = &token {
                        self.facts.rooms.insert(room.to_string());
                    }
                    first = is_punct(&token, ',');
                }
            }
            _ => {}
        }
    }

    fn function(&mut self, attributes: &Attributes, name: &str) {
        let Some(exported) = &attributes.exported else { return };
        let name = if exported.is_empty() { name } else { exported };
        self.facts.exports.insert(name.to_owned());
        if !attributes.documented {
            self.facts.undocumented_exports.push(name.to_owned());
        }
    }
}

/// Whether `::` follows.
fn path_goes_on(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |at: usize| tokens.get(at).is_some_and(|t| is_punct(t, ':'));
    colon(at + 1) && colon(at + 2)
}

/// Whether a `cfg` asks for tests; one that excludes them does not.
fn names_test(tokens: &TokenStream) -> bool {
    let text = tokens.to_string();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    words.contains(&"test") && !words.contains(&"not")
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

fn is_word(token: &TokenTree, wanted: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == wanted)
}
