//! The alias file: whose mail goes to whom, a line each, as `/etc/aliases` has it, for Maildirs of several users.

use crate::policy::text;
use crate::proto::address::ForwardPath;
use std::collections::HashMap;
use std::path::Path;

/// Largest file that is read.
const FILE_MAX: usize = 1 << 20;
/// So often an alias may lead to another, and so many mailboxes one may stand for.
const DEPTH: usize = 10;
const TARGETS: usize = 200;

/// Names and whom they stand for.
#[derive(Debug, Default)]
pub(super) struct Aliases(HashMap<String, Vec<String>>);

impl Aliases {
    /// Reads the file; the error names it and the line.
    pub(super) fn of_file(path: &Path) -> Result<Aliases, String> {
        let shown = path.display();
        let text = text::read(path, FILE_MAX).map_err(|why| format!("aliases: {shown}: {why}"))?;
        Aliases::parse(&text).map_err(|why| format!("aliases: {shown}, {why}"))
    }

    /// Reads its text: `name: target, target`, `#` begins a comment, a line that begins with a blank goes on with the one
    /// before.
    fn parse(text: &str) -> Result<Aliases, String> {
        let mut all: HashMap<String, Vec<String>> = HashMap::new();
        let mut last: Option<String> = None;
        for (number, line) in (1..).zip(text.lines()) {
            let fault = |why: &str| format!("line {number}: {why}");
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let targets = if line.starts_with([' ', '\t']) {
                line
            } else {
                let (name, targets) = line.split_once(':').ok_or_else(|| fault("write name: address, address"))?;
                let name = folded(name.trim());
                ForwardPath::received(&name).map_err(|_| fault("the name is no address and no part of one"))?;
                if all.insert(name.clone(), Vec::new()).is_some() {
                    return Err(fault("this name was there before"));
                }
                last = Some(name);
                targets
            };
            let Some(into) = last.as_ref().and_then(|name| all.get_mut(name)) else {
                return Err(fault("nothing is before it that this line could go on with"));
            };
            for target in targets.split(',').map(str::trim).filter(|target| !target.is_empty()) {
                if target.starts_with(['|', '/', ':', '"']) {
                    return Err(fault("programs, files and lists are no targets here: write addresses"));
                }
                ForwardPath::received(target).map_err(|_| fault("a target is no address"))?;
                into.push(target.to_owned());
            }
        }
        if let Some(name) = all.iter().find_map(|(name, targets)| targets.is_empty().then_some(name)) {
            return Err(format!("{name} stands for nobody"));
        }
        Ok(Aliases(all))
    }

    /// Whom a recipient stands for; none where it is no alias.
    pub(super) fn targets(&self, recipient: &ForwardPath) -> Option<Vec<ForwardPath>> {
        let first = self.look_up(recipient)?;
        let mut found: Vec<ForwardPath> = Vec::new();
        let mut open: Vec<(ForwardPath, usize)> = first.into_iter().map(|target| (target, 1)).collect();
        while let Some((target, depth)) = open.pop() {
            match self.look_up(&target).filter(|_| depth < DEPTH) {
                Some(mut next) => {
                    // A name may stand for itself and others.
                    let itself = next.contains(&target);
                    next.retain(|next| *next != target);
                    open.extend(next.into_iter().map(|next| (next, depth + 1)));
                    if itself && !found.contains(&target) {
                        found.push(target);
                    }
                }
                None if found.contains(&target) => {}
                None => found.push(target),
            }
            // So many are more than a mail can go to, which whoever stores it says.
            if found.len() + open.len() > TARGETS {
                found.extend(open.into_iter().map(|(target, _)| target));
                break;
            }
        }
        Some(found)
    }

    fn look_up(&self, name: &ForwardPath) -> Option<Vec<ForwardPath>> {
        let mailbox = name.mailbox();
        let whole = folded(mailbox.as_str());
        let local = || self.0.get(&folded(mailbox.local_part()));
        let targets = self.0.get(&whole).or_else(local)?;
        // A target without a domain is in that of the recipient.
        let of = |target: &String| match mailbox.domain().filter(|_| !target.contains('@')) {
            Some(domain) => ForwardPath::received(&format!("{target}@{domain}")),
            None => ForwardPath::received(target),
        };
        Some(targets.iter().filter_map(|target| of(target).ok()).collect())
    }
}

/// As names are compared: of ASCII letters the small ones, without the dot that may end a domain.
fn folded(name: &str) -> String {
    let small = name.to_ascii_lowercase();
    if small.contains('@') { small.strip_suffix('.').unwrap_or(&small).to_owned() } else { small }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(aliases: &Aliases, to: &str) -> Option<Vec<String>> {
        let found = aliases.targets(&ForwardPath::received(to).unwrap())?;
        let mut found: Vec<String> = found.iter().map(|target| target.mailbox().as_str().to_owned()).collect();
        found.sort();
        Some(found)
    }

    #[test]
    fn whom_names_stand_for() {
        let text = "# roles\nPostmaster: alice\ninfo@example.com: bob@example.com,\n  carol@example.net\n\
                    all: info@example.com, dave\nbob: bob, alice\nring: gnir\ngnir: ring\n";
        let aliases = Aliases::parse(text).unwrap();
        for (to, found) in [
            ("<postmaster@example.com>", &["alice@example.com"][..]),
            ("<POSTMASTER@Example.Com.>", &["alice@Example.Com."]),
            ("<Info@example.com>", &["alice@example.com", "bob@example.com", "carol@example.net"]),
            ("<all@example.com>", &["alice@example.com", "bob@example.com", "carol@example.net", "dave@example.com"]),
            ("<postmaster>", &["alice"]),
            ("<bob@example.org>", &["alice@example.org", "bob@example.org"]),
        ] {
            assert_eq!(
                targets(&aliases, to).as_deref(),
                Some(&found.iter().map(|to| to.to_string()).collect::<Vec<_>>()[..]),
                "{to}"
            );
        }
        assert_eq!(targets(&aliases, "<info@example.net>"), None);
        assert!(targets(&aliases, "<ring@example.com>").is_some(), "a circle ends");
    }

    #[test]
    fn errors_name_the_line() {
        for (text, line) in [
            ("a", "line 1: "),
            ("a: b\na: c", "line 2: "),
            ("\n a", "line 2: "),
            ("a: |sh", "line 1: programs"),
            ("a: /etc/passwd", "line 1: programs"),
            ("a: :include:/x", "line 1: programs"),
            ("a: b c@d", "line 1: "),
            ("a:", "a stands for nobody"),
        ] {
            assert!(Aliases::parse(text).unwrap_err().starts_with(line), "{text}");
        }
    }
}
