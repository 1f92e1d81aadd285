//! The users, from a file: `name:password`, or `name:` and the keys of SCRAM, a line each.

use crate::policy::text;
use crate::sasl::Secret;
use crate::sasl::server::{Authority, ITERATIONS, Likeness, Realm, ScramKeys, Stored, Unavailable};
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use zeroize::Zeroizing;

/// Largest file that is read.
const FILE_MAX: usize = 16 << 20;

/// The users of a file, as it was when the server began.
pub struct Users {
    users: HashMap<String, Stored>,
    passwords: bool,
}

/// The realm of a server of this name: see [`secret`](super::secret) for how long what strangers are shown stays the same.
pub(super) fn realm(authority: Box<dyn Authority>, server: &str, kept: Option<&Path>) -> Result<Realm, String> {
    Ok(Realm::new(authority, server, super::secret::secret(kept, server)?))
}

impl Users {
    /// Reads them into the realm of a server of this name; `kept` is the file of its secret, if it has one.
    pub(super) fn realm(path: &Path, server: &str, kept: Option<&Path>) -> Result<Realm, String> {
        let shown = path.display();
        let text = read(path, FILE_MAX).map_err(|why| format!("users: {shown}: {why}"))?;
        let users = Users::parse(&text).map_err(|why| format!("users: {shown}{why}"))?;
        let iterations = users.users.values().filter_map(|stored| match stored {
            Stored::Keys(keys) => keys.iter().map(|keys| keys.iterations).max(),
            Stored::Password(_) => None,
        });
        let iterations = iterations.max().unwrap_or(ITERATIONS);
        let likeness = Likeness::of(users.users.values(), iterations);
        Ok(Realm { iterations, likeness, ..realm(Box::new(users), server, kept)? })
    }

    /// Reads the text of a users file. The error is the rest of a sentence that begins with the file's name: which line
    /// it is, and what is wrong with it. It shows no password.
    pub fn parse(text: &str) -> Result<Users, String> {
        let mut users: HashMap<String, Stored> = HashMap::new();
        let mut passwords = false;
        for (number, line) in (1..).zip(text.lines()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fault = |why: &str| format!(", line {number}: {why}");
            let (name, rest) = line.split_once(':').ok_or_else(|| fault("write name:password"))?;
            if name.is_empty() || name.chars().any(char::is_control) || rest.is_empty() {
                return Err(fault("the name or the password is empty, or the name holds a control character"));
            }
            if rest.starts_with("SCRAM-") {
                let keys: ScramKeys = rest.parse().map_err(|why| fault(&format!("{why}")))?;
                match users.entry(name.to_owned()).or_insert_with(|| Stored::Keys(Vec::new())) {
                    Stored::Keys(all) if !all.iter().any(|known| known.hash == keys.hash) => all.push(keys),
                    _ => return Err(fault("this user has a password or such keys already")),
                }
            } else {
                passwords = true;
                let stored = Stored::Password(Secret::new(rest.to_owned()));
                if users.insert(name.to_owned(), stored).is_some() {
                    return Err(fault("this user was there before"));
                }
            }
        }
        if users.is_empty() { Err(": there are no users in it".to_owned()) } else { Ok(Users { users, passwords }) }
    }
}

impl Authority for Users {
    fn look_up(&self, user: &str) -> Result<Option<Stored>, Unavailable> {
        Ok(self.users.get(user).cloned())
    }

    fn keeps_passwords(&self) -> bool {
        self.passwords
    }

    fn blocks(&self) -> bool {
        false
    }
}

/// Reads a file that nobody else may read.
pub(super) fn read(path: &Path, most: usize) -> Result<Zeroizing<String>, String> {
    let file = File::open(path).map_err(|why| why.to_string())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().map_err(|why| why.to_string())?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(format!("others may read or change it (mode {:o}); chmod 600 first", mode & 0o777));
        }
    }
    text::of_file(file, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==\
                        $WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    /// A file of this test's own, which nobody else may read.
    #[cfg(unix)]
    fn of_file(octets: &[u8]) -> Result<Users, String> {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("helo-users-{}", std::process::id()));
        std::fs::write(&path, octets).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let text = read(&path, FILE_MAX);
        std::fs::remove_file(&path).unwrap();
        Users::parse(&text?)
    }

    #[cfg(unix)]
    #[test]
    fn files_of_windows_editors() {
        let users = of_file(b"\xef\xbb\xbfalice:secret\r\nbob:other\r\n").unwrap();
        let Ok(Some(Stored::Password(password))) = users.look_up("alice") else { panic!("alice has a password") };
        assert_eq!(password.expose(), "secret");
        assert!(of_file(b"\xff\xfea\0:\0b\0").err().unwrap().starts_with("it is UTF-16"));
        assert!(of_file(b"alice:gr\xfcn\n").err().unwrap().starts_with("it is not UTF-8 text (line 1)"));
    }

    #[test]
    fn passwords_and_keys() {
        let users = Users::parse(&format!("# people\nalice:a:b c\n\nbob:{KEYS}\n")).unwrap();
        assert!(users.keeps_passwords());
        let Ok(Some(Stored::Password(password))) = users.look_up("alice") else { panic!("alice has a password") };
        assert_eq!(password.expose(), "a:b c");
        assert!(matches!(users.look_up("bob"), Ok(Some(Stored::Keys(keys))) if keys.len() == 1));
        assert!(matches!(users.look_up("carol"), Ok(None)));
    }

    #[test]
    fn errors_name_the_line_and_no_secret() {
        for (text, line) in
            [("alice", 1), ("a:secret\na:secret", 2), (":secret", 1), ("a:", 1), ("a:SCRAM-SHA-256$secret", 1)]
        {
            let why = Users::parse(text).err().unwrap();
            assert!(why.starts_with(&format!(", line {line}: ")) && !why.contains("secret"), "{why}");
        }
        assert!(Users::parse(&format!("bob:{KEYS}\nbob:{KEYS}")).is_err());
        assert!(Users::parse("# nobody\n").is_err());
    }
}
