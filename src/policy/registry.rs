//! The registry of Windows, when there is no policy file: the path of the Distinct manual, `Timeout` and `DebugLevel` as
//! it has them, and the keys of the file beside them.
//!
//! ```text
//! HKEY_LOCAL_MACHINE\SOFTWARE\Distinct\DLLS\SMTP32
//!     Timeout       REG_DWORD  20
//!     DebugLevel    REG_DWORD  1
//!     helo_name     REG_SZ     gateway.example.com
//! HKEY_LOCAL_MACHINE\SOFTWARE\Distinct\DLLS\SMTP32\host mailhost 10.1.*
//!     server        REG_SZ     smtps://smtp.example.com
//!     user          REG_SZ     alice
//!     password_file REG_SZ     C:\ProgramData\helo\alice.txt
//! ```
//!
//! A key below stands for a section and has its name; keys come in the order of their names. Values that are no keys of
//! the policy are another program's and are not looked at. Every user of the machine can read this part of the registry,
//! so passwords are refused in it.

use super::{Policy, PolicyError, Rights};

/// Where the entries are that hold as there is no file and the program has chosen nothing, for people; `None` where there are
/// none, and on other systems than Windows.
pub fn registry_in_force() -> Option<String> {
    #[cfg(windows)]
    return system::place().map(|path| format!(r"HKEY_LOCAL_MACHINE\{path} (the registry; there is no file)"));
    #[cfg(not(windows))]
    None
}

#[cfg(not(windows))]
pub(super) fn policy(_: Rights) -> Result<std::sync::Arc<Policy>, PolicyError> {
    Ok(std::sync::Arc::default())
}

#[cfg(windows)]
pub(super) use system::policy;

/// Where the entries are, below HKEY_LOCAL_MACHINE.
#[cfg(any(windows, test))]
const PATH: &str = r"SOFTWARE\Distinct\DLLS\SMTP32";

/// A part of the registry that stands for a section: its name, empty for the general one, and its values.
#[cfg(any(windows, test))]
#[derive(Debug, Default)]
struct Part {
    name: String,
    values: Vec<(String, String)>,
}

#[cfg(any(windows, test))]
fn from_parts(parts: &[Part], rights: Rights) -> Result<Policy, PolicyError> {
    use super::file::{Fault, Reading, Section};
    use super::keys;

    let mut reading = Reading::new(rights);
    let mut place = String::new();
    let read = parts.iter().try_for_each(|part| {
        place = if part.name.is_empty() { String::new() } else { format!(r"\{}", part.name) };
        let section = match part.name.as_str() {
            "" => Section::General,
            name => match Section::named(name) {
                Ok(section) => section,
                // Another program's.
                Err(_) => return Ok(()),
            },
        };
        let constants = matches!(section, Section::Constants);
        reading.begin(section);
        for (name, value) in &part.values {
            // As the manual spells it; its Timeout is the file's timeout already.
            let key = if name.eq_ignore_ascii_case("DebugLevel") { "debug_level" } else { name };
            if constants || keys::is_known(key) {
                reading.set(key, value, 0)?;
            }
        }
        if let Some(secret) = reading.secret() {
            let why = "stands where every user of this machine can read it: use password_file".to_owned();
            return Err(Fault { line: 0, key: secret.key.to_owned(), why });
        }
        Ok(())
    });
    let error = |fault: Fault, place: &str| PolicyError {
        path: format!(r"HKEY_LOCAL_MACHINE\{PATH}{place}"),
        line: 0,
        key: fault.key,
        why: fault.why,
    };
    read.map_err(|fault| error(fault, &place))?;
    reading.finish().map_err(|fault| error(fault, ""))
}

#[cfg(windows)]
mod system {
    use super::{PATH, Part, from_parts};
    use crate::policy::{Policy, PolicyError, Rights};
    use std::sync::Arc;
    use winreg::enums::{HKEY_LOCAL_MACHINE, RegType};
    use winreg::types::FromRegValue;
    use winreg::{RegKey, RegValue};

    /// The most that is looked at.
    const VALUES_MAX: usize = 1000;
    const PARTS_MAX: usize = 1000;

    /// What the registry says now. It is asked each time: that costs less than keeping watch on it.
    pub(in crate::policy) fn policy(rights: Rights) -> Result<Arc<Policy>, PolicyError> {
        let Some((_, key)) = open() else { return Ok(Arc::default()) };
        let mut parts = vec![Part { name: String::new(), values: values(&key) }];
        // Counted before it is looked whether they could be read: of a key that somebody deletes meanwhile no end is told.
        let mut names: Vec<String> = key.enum_keys().take(PARTS_MAX).flatten().collect();
        names.sort();
        for name in names {
            if let Ok(below) = key.open_subkey(&name) {
                parts.push(Part { name, values: values(&below) });
            }
        }
        let whence = crate::policy::origin::Whence::Registry;
        from_parts(&parts, rights).map(|policy| Arc::new(Policy { whence, ..policy }))
    }

    /// The entries, and where they are.
    fn open() -> Option<(String, RegKey)> {
        // An installer of 32 bits has written to the part for such programs, which others find below this name.
        let places = [PATH.to_owned(), PATH.replacen("SOFTWARE", r"SOFTWARE\WOW6432Node", 1)];
        let machine = RegKey::predef(HKEY_LOCAL_MACHINE);
        places.into_iter().find_map(|path| Some((path.clone(), machine.open_subkey(path).ok()?)))
    }

    /// Where the entries are, if there are any.
    pub(super) fn place() -> Option<String> {
        open().map(|(path, _)| path)
    }

    fn values(key: &RegKey) -> Vec<(String, String)> {
        let values = key.enum_values().take(VALUES_MAX).flatten();
        values.filter_map(|(name, value)| Some((name, text(&value)?))).collect()
    }

    fn text(value: &RegValue<'_>) -> Option<String> {
        match value.vtype {
            RegType::REG_DWORD => u32::from_reg_value(value).ok().map(|number| number.to_string()),
            // What an installer left behind the end of a text is none of it.
            RegType::REG_SZ | RegType::REG_EXPAND_SZ => {
                String::from_reg_value(value).ok().and_then(|text| text.split('\0').next().map(str::to_owned))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
