use super::*;
use crate::policy::tests::Folder;
use std::fs;

#[cfg(unix)]
fn private(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn private(_: &Path, _: u32) {}

fn file(path: &Path) -> Supply {
    Supply::new("alice", Proof::Password, &Source::File(path.to_owned()), Rights::Ordinary)
}

fn command(text: &str, rights: Rights) -> Supply {
    Supply::new("alice", Proof::Token, &Source::Command(Secret::new(text.to_owned())), rights)
}

fn supplied(supply: &Supply, renew: bool) -> std::result::Result<String, String> {
    let credentials = supply.supply(renew).map_err(|error| error.to_string())?;
    assert_eq!(credentials.user, "alice");
    Ok(credentials.password.expose().to_owned())
}

#[test]
fn a_file_gives_its_first_line_as_it_is_now() {
    let folder = Folder::new("password-file");
    let path = folder.0.join("password");
    let supply = file(&path);
    assert!(supplied(&supply, false).unwrap_err().contains("(password_file) cannot be read"));
    for (text, first) in
        [("open sesame\n", "open sesame"), ("a b \r\nsecond", "a b "), ("x", "x"), ("\u{feff}s\u{fc}\r\n", "s\u{fc}")]
    {
        fs::write(&path, text).unwrap();
        private(&path, 0o600);
        assert_eq!(supplied(&supply, false).as_deref(), Ok(first), "{text:?}");
        assert_eq!(supplied(&supply, false).as_deref(), Ok(first), "{text:?}");
    }
    for (text, words) in [
        (&b""[..], "its first line is empty"),
        (b"\nx", "its first line is empty"),
        (b"\xff\n", "not UTF-8"),
        (b"a\0b", "holds a NUL"),
        (b"\xef\xbb\xbf\r\nx", "its first line is empty"),
        (b"\xff\xfea\0b\0\r\0\n\0", "it is UTF-16"),
        (b"a\0b\0\r\0\n\0", "it is UTF-16"),
        (&b"x".repeat(9001), "longer than 9000 octets"),
        (&b"x\n".repeat(40_000), "larger than 64 KiB"),
    ] {
        fs::write(&path, text).unwrap();
        let shown = supplied(&supply, false).unwrap_err();
        assert!(shown.contains(words), "{shown}");
    }
}

#[cfg(unix)]
#[test]
fn a_password_that_others_can_read_is_not_used() {
    let folder = Folder::new("open-password");
    let path = folder.0.join("password");
    fs::write(&path, "wonderland").unwrap();
    let supply = file(&path);
    for mode in [0o640, 0o604, 0o620, 0o602] {
        private(&path, mode);
        let words = supplied(&supply, false).unwrap_err();
        assert!(words.contains("others than its owner can read or write: chmod 600 "), "{words}");
        assert!(words.contains(&path.display().to_string()) && !words.contains("wonderland"), "{words}");
    }
    private(&path, 0o600);
    assert_eq!(supplied(&supply, false).as_deref(), Ok("wonderland"));
}

#[cfg(unix)]
#[test]
fn a_command_is_asked_once_until_the_server_refuses_what_it_said() {
    let folder = Folder::new("command");
    let count = folder.0.join("count");
    let text = format!("echo x >> '{0}'; echo token$(wc -l < '{0}' | tr -d ' ')", count.display());
    let supply = command(&text, Rights::Ordinary);
    assert_eq!(supplied(&supply, false).as_deref(), Ok("token1"));
    assert_eq!(supplied(&supply, false).as_deref(), Ok("token1"));
    assert_eq!(supplied(&supply, true).as_deref(), Ok("token2"));
    assert_eq!(supplied(&supply, false).as_deref(), Ok("token2"));
    assert_eq!(supply.supply(false).unwrap().proof, Proof::Token);
}

#[cfg(unix)]
#[test]
fn several_connections_at_once_ask_the_command_once() {
    let folder = Folder::new("command-once");
    let count = folder.0.join("count");
    let supply = command(&format!("echo x >> '{}'; echo token", count.display()), Rights::Ordinary);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(supplied(&supply, false).as_deref(), Ok("token")));
        }
    });
    assert_eq!(fs::read_to_string(&count).unwrap(), "x\n");
}

#[cfg(unix)]
#[test]
fn a_commands_failure_is_told_without_its_words_and_its_text() {
    let supply = command("echo wonderland; exit 1", Rights::Ordinary);
    let words = supplied(&supply, false).unwrap_err();
    assert!(words.contains("the command of oauth_token_command has failed (exit status: 1)"), "{words}");
    assert!(!words.contains("wonderland") && !format!("{supply:?}").contains("wonderland"), "{words}");
    let words = supplied(&command("echo", Rights::Ordinary), false).unwrap_err();
    assert!(words.contains("has said no token: its first line is empty"), "{words}");
}

#[test]
fn a_program_with_raised_rights_runs_no_command() {
    let words = supplied(&command("echo token", Rights::Raised), false).unwrap_err();
    assert!(words.contains("is not run by a program with more rights"), "{words}");
}
