//! Which folder a recipient's mail goes to. Nothing that a client says becomes a path unchecked.

use crate::proto::address::ForwardPath;
use crate::server::domain::{canonical, in_letters, small};
use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The longest name of one folder that file systems have, in octets.
const PART_MAX: usize = 255;
/// So many folders may lie in each other.
const PARTS_MAX: usize = 8;

/// A folder below the spool's root, such as `example.com/alice`: a relative path that leads nowhere else.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FolderName(String);

impl FolderName {
    /// Parts with `/` between them. None unless each has 1 to 255 octets, none of them a control character, a
    /// backslash or NUL, and does not begin with a dot (`.`, `..` and hidden folders), and there are at most 8.
    pub fn new(name: &str) -> Option<FolderName> {
        let good = |part: &str| {
            (1..=PART_MAX).contains(&part.len())
                && !part.starts_with('.')
                && !part.chars().any(|c| c.is_control() || c == '\\')
        };
        let valid = name.split('/').all(good) && name.split('/').count() <= PARTS_MAX;
        valid.then(|| FolderName(String::from(name)))
    }

    /// `example.com/alice` for `Alice@Example.COM`, `alice` alone for a recipient without a domain.
    ///
    /// Letters are made small and quotes taken off, so that the ways to write one address lead to one folder. What is
    /// neither a letter, a digit nor one of `+-_.=@~` is written as `%2f`, a dot at the front as well, so that two addresses
    /// never share a folder; but a dot at the end of a domain is the same domain, and a domain with letters beyond ASCII has
    /// the folder of its form in the DNS (`xn--...`). None when that is too long for a file system. In a local part such
    /// letters count as they are written: an accented letter of one sign or of two are folders of their own, and no name
    /// with such a letter shares one with an ASCII name. So is what stands behind a `+`: a function of the program's own can
    /// do otherwise.
    pub fn of(recipient: &ForwardPath) -> Option<FolderName> {
        let local = escaped(&unquoted(recipient.mailbox().local_part()));
        match recipient.mailbox().domain() {
            Some(domain) => FolderName::new(&format!("{}/{local}", escaped(&canonical(domain)))),
            None => FolderName::new(&local),
        }
    }

    /// The same folder where somebody has named the domain's in letters, as people write it; none where those are the same.
    pub(super) fn in_letters(recipient: &ForwardPath) -> Option<FolderName> {
        let local = escaped(&unquoted(recipient.mailbox().local_part()));
        let domain = in_letters(&canonical(recipient.mailbox().domain()?))?;
        FolderName::new(&format!("{}/{local}", escaped(&domain)))
    }

    /// The parts, from the root down.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<Path> for FolderName {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl fmt::Debug for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A local part as it is meant: `"a\"b"` is a"b.
fn unquoted(local: &str) -> Cow<'_, str> {
    let Some(inner) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return local.into() };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out.into()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(small) {
        let plain = c.is_ascii_alphanumeric() || "+-_.=@~".contains(c) || (!c.is_ascii() && !c.is_control());
        if plain && !(c == '.' && out.is_empty()) {
            out.push(c);
        } else {
            // What is not plain is ASCII, or a control character of two octets.
            out.push_str(&format!("%{:02x}", u32::from(c)));
        }
    }
    out
}

/// What decides on a recipient's folder; none: there is no such mailbox.
pub type Find = Arc<dyn Fn(&ForwardPath) -> Option<FolderName> + Send + Sync>;

/// Whose mail goes where.
#[derive(Clone)]
pub enum Mailboxes {
    /// The root is one Maildir, for every recipient; each mail is there once.
    One,
    /// Each recipient has a Maildir below the root, by [`FolderName::of`] or a function of the program's own. Each
    /// gets a copy that names no other recipient.
    Each {
        /// The folder of a recipient. It may block.
        find: Find,
        /// Make folders that are missing; otherwise who has none is no mailbox (550). Anyone who may send here can then
        /// make folders: for closed networks, or with a `find` that knows its users.
        create: bool,
    },
}

impl Mailboxes {
    /// A folder for each address, as [`FolderName::of`] has it.
    pub fn each(create: bool) -> Mailboxes {
        Mailboxes::Each { find: Arc::new(FolderName::of), create }
    }
}

impl fmt::Debug for Mailboxes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mailboxes::One => f.write_str("One"),
            Mailboxes::Each { create, .. } => write!(f, "Each {{ create: {create} }}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(address: &str) -> Option<String> {
        FolderName::of(&ForwardPath::parse(address).unwrap()).map(|name| name.0)
    }

    #[test]
    fn folders_of_addresses() {
        for (address, folder) in [
            ("alice@example.com", "example.com/alice"),
            ("Alice@EXAMPLE.com", "example.com/alice"),
            ("\"alice\"@example.com", "example.com/alice"),
            ("alice+tag@example.com", "example.com/alice+tag"),
            ("alice", "alice"),
            ("postmaster@[192.0.2.1]", "%5b192.0.2.1%5d/postmaster"),
            ("\"../../etc/passwd\"@example.com", "example.com/%2e.%2f..%2fetc%2fpasswd"),
            ("\"..\"@example.com", "example.com/%2e."),
            ("..@example.com", "example.com/%2e."),
            ("..", "%2e."),
            (".hidden@example.com", "example.com/%2ehidden"),
            ("a..b.@example.com", "example.com/a..b."),
            ("alice@example.com.", "example.com/alice"),
            ("\"a\\\\b\\\"c\"@example.com", "example.com/a%5cb%22c"),
            ("a%2fb@example.com", "example.com/a%252fb"),
            ("-rf@example.com", "example.com/-rf"),
            ("|sh@example.com", "example.com/%7csh"),
            ("gr\u{dc}n@example.com", "example.com/gr\u{fc}n"),
            // The Kelvin sign and the dotted capital I have small letters of ASCII.
            ("\u{212a}arl@example.com", "example.com/\u{212a}arl"),
            ("K\u{130}m@example.com", "example.com/k\u{130}m"),
        ] {
            assert_eq!(of(address).as_deref(), Some(folder), "{address}");
        }
        assert_eq!(of("\"\"@example.com"), None, "an empty local part is no folder");
        assert!(of(&format!("\"{}\"@example.com", "/".repeat(60))).is_some());
        assert_eq!(of(&format!("a@[x:{}]", "%".repeat(100))), None, "longer than a folder's name may be");
    }

    #[test]
    fn names_that_lead_elsewhere_are_none() {
        for name in ["", "/", "/etc", "a/", "a//b", ".", "..", "a/..", "../a", ".hidden", "a\0b", "a\nb", "a\\b"] {
            assert_eq!(FolderName::new(name), None, "{name:?}");
        }
        assert_eq!(FolderName::new(&"a".repeat(256)), None);
        assert_eq!(FolderName::new(&["a"; 9].join("/")), None);
        assert!(FolderName::new("example.com/alice").is_some());
    }

    proptest! {
        #[test]
        fn two_local_parts_never_share_a_folder(a in "[ -~]{0,12}", b in "[ -~]{0,12}") {
            let quoted = |text: &str| format!("\"{}\"@x", text.replace('\\', "\\\\").replace('"', "\\\""));
            let same = a.to_lowercase() == b.to_lowercase();
            let folders = (of(&quoted(&a)), of(&quoted(&b)));
            prop_assert!(folders.0.is_none() || same == (folders.0 == folders.1), "{:?}", folders);
        }
    }
}
