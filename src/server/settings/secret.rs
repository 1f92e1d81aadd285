//! What the salts that strangers are shown are made of. Who knows it can tell strangers from users; when it changes, those
//! salts change and the users' do not, which tells as much. So it is secret, and lasts as long as can be:
//!
//! - with the key `login-secret` a file holds it, which is made if it is missing;
//! - else it is made of the machine's own number, which lasts over restarts and which no stranger knows;
//! - where the machine has none, of the number of this run of the system; and where there is no such number, it lasts as
//!   long as the process.

use crate::net::fork;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;
use zeroize::Zeroizing;

/// The shortest secret that a file may hold, and the largest file.
const SHORTEST: usize = 16;
const FILE_MAX: usize = 4096;

/// The secret of a server of this name.
pub(super) fn secret(file: Option<&Path>, server: &str) -> Result<[u8; 32], String> {
    let own = match file {
        Some(path) => {
            let kept = of_file(path).map_err(|why| format!("login-secret: {}: {why}", path.display()))?;
            Some(kept)
        }
        None => machine(),
    };
    match own {
        Some(own) => derived(&own, server),
        None => derived(&STANDARD.encode(of_process()?), server),
    }
}

/// One for as long as the process lives, also when its users are read again.
fn of_process() -> Result<[u8; 32], String> {
    static KEPT: OnceLock<[u8; 32]> = OnceLock::new();
    let fresh = random()?;
    let _pass = fork::pass();
    Ok(*KEPT.get_or_init(|| fresh))
}

fn random() -> Result<[u8; 32], String> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|why| format!("no random numbers from the system: {why}"))?;
    Ok(secret)
}

/// The machine's number itself is never used for anything that is shown.
fn derived(own: &str, server: &str) -> Result<[u8; 32], String> {
    let mac = Hmac::<Sha256>::new_from_slice(own.as_bytes()).map_err(|why| why.to_string())?;
    let mac = mac.chain_update(b"libhelo: what strangers are shown\0").chain_update(server.as_bytes());
    Ok(mac.finalize().into_bytes().into())
}

/// The line that the file holds. A missing file is made, for its owner only.
fn of_file(path: &Path) -> Result<Zeroizing<String>, String> {
    if !path.exists() {
        let line = Zeroizing::new(format!("{}\n", STANDARD.encode(random()?)));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(mut file) => {
                let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
                written.map_err(|why| format!("it cannot be written: {why}"))?;
            }
            // Another server was quicker.
            Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(why) => return Err(format!("it is not there and cannot be made: {why}")),
        }
    }
    let text = super::users::read(path, FILE_MAX)?;
    let line = text.trim();
    if line.len() < SHORTEST {
        return Err(format!("it holds less than {SHORTEST} characters: remove it, and it is made anew"));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// A number of this machine that lasts, or of this run of its system.
#[cfg(not(windows))]
fn machine() -> Option<Zeroizing<String>> {
    let places = ["/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid", "/proc/sys/kernel/random/boot_id"];
    places.into_iter().find_map(|path| std::fs::read_to_string(path).ok().and_then(|text| number(&text)))
}

#[cfg(windows)]
fn machine() -> Option<Zeroizing<String>> {
    use winreg::RegKey;
    use winreg::enums::HKEY_LOCAL_MACHINE;
    let key = RegKey::predef(HKEY_LOCAL_MACHINE).open_subkey(r"SOFTWARE\Microsoft\Cryptography").ok()?;
    let id: String = key.get_value("MachineGuid").ok()?;
    number(&id)
}

/// At least 128 bits in hexadecimal digits, with or without hyphens, that are not all the same.
fn number(text: &str) -> Option<Zeroizing<String>> {
    let digits: String = text.trim().chars().filter(|c| *c != '-').collect();
    let first = digits.chars().next()?;
    let sound =
        digits.len() >= 32 && digits.chars().all(|c| c.is_ascii_hexdigit()) && digits.chars().any(|c| c != first);
    sound.then(|| Zeroizing::new(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_and_read_ever_after() {
        let path = std::env::temp_dir().join(format!("helo-login-secret-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let made = secret(Some(&path), "mx.example").unwrap();
        assert_eq!(secret(Some(&path), "mx.example").unwrap(), made);
        assert_ne!(secret(Some(&path), "mx.example.org").unwrap(), made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(secret(Some(&path), "mx.example").unwrap_err().contains("chmod 600"));
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        std::fs::write(&path, "short\n").unwrap();
        assert!(secret(Some(&path), "mx.example").unwrap_err().contains("16 characters"));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_machine_without_a_number_of_its_own() {
        for none in
            ["", "\n", "uninitialized\n", "00000000000000000000000000000000\n", "3d1219c7c4c5404aaa1f6d2a48adfd\n"]
        {
            assert_eq!(number(none), None, "{none:?}");
        }
        assert!(number("3d1219c7c4c5404aaa1f6d2a48adfda4\n").is_some());
        assert!(number("0b27ab0b-6b3d-4a3c-9d5e-0a5d2b7f3f6e\n").is_some());
    }

    #[test]
    fn where_the_machine_has_none_the_processs_lasts() {
        assert_eq!(of_process().unwrap(), of_process().unwrap());
    }

    /// Over restarts of the process, on every machine that has a number.
    #[test]
    fn without_a_file_it_stays_the_same() {
        if machine().is_some() {
            assert_eq!(secret(None, "mx.example").unwrap(), secret(None, "mx.example").unwrap());
        }
    }
}
