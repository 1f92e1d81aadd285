//! Folders of mailboxes: no address leads out of the spool's root, two addresses share a folder exactly when they differ
//! in nothing but quotes, the case of their letters and the spelling of a domain, and never an ASCII local part with
//! another.
#![no_main]

use helo::proto::address::ForwardPath;
use helo::server::spool::maildir::FolderName;
use libfuzzer_sys::fuzz_target;
use std::path::{Component, Path};

fn folder(address: &str) -> Option<(ForwardPath, FolderName)> {
    let path = ForwardPath::parse(address).ok()?;
    let folder = FolderName::of(&path)?;
    Some((path, folder))
}

/// The local part as it is meant, and the domain.
fn meaning(path: &ForwardPath) -> (String, String) {
    let local = path.mailbox().local_part();
    let mut out = String::new();
    match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        None => out.push_str(local),
        Some(inner) => {
            let mut chars = inner.chars();
            while let Some(c) = chars.next() {
                out.extend(if c == '\\' { chars.next() } else { Some(c) });
            }
        }
    }
    // A dot at the end of a domain is the same domain.
    let domain = path.mailbox().domain().unwrap_or_default();
    (out, domain.strip_suffix('.').unwrap_or(domain).to_owned())
}

/// Letters made small, as long as that makes no ASCII of what is none.
fn small(text: &str) -> String {
    let one = |c: char| {
        let lower: String = c.to_lowercase().collect();
        if c.is_ascii() || !lower.contains(|c: char| c.is_ascii()) { lower } else { c.to_string() }
    };
    text.chars().map(one).collect()
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (one, two) = text.split_once('\n').unwrap_or((text, "alice@example.com"));
    let Some((path, name)) = folder(one) else { return };
    let way = Path::new(name.as_str());
    assert!(way.components().all(|part| matches!(part, Component::Normal(_))), "{name:?}");
    assert!(way.components().count() <= 2 && !name.as_str().contains(['\\', '\0', '\n']));
    assert!(!way.components().any(|part| part.as_os_str().len() > 255));
    if path.is_ascii() {
        assert!(name.as_str().is_ascii());
    }
    let Some((other_path, other)) = folder(two) else { return };
    let same = |path: &ForwardPath| {
        let (local, domain) = meaning(path);
        (small(&local), small(&domain))
    };
    let ((local, domain), (other_local, other_domain)) = (same(&path), same(&other_path));
    let shown = || format!("{one:?} {two:?}: {name:?} {other:?}");
    if local == other_local && domain == other_domain {
        assert!(name == other, "{}", shown());
    } else if local != other_local || (domain.is_ascii() && other_domain.is_ascii()) {
        // (A domain with letters beyond ASCII shares its folder with its other spellings.)
        assert!(name != other, "{}", shown());
    }
});
