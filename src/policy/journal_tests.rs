use super::*;
use crate::policy::tests::Folder;
use std::os::unix::fs::{PermissionsExt, symlink};

fn place(name: &str) -> (Folder, PathBuf, PathBuf) {
    let folder = Folder::new(name);
    let (path, old) = (folder.0.join("log"), folder.0.join("log.old"));
    (folder, path, old)
}

#[test]
fn lines_are_added_to_a_file_for_its_owner_only() {
    let (_folder, path, old) = place("journal");
    Journal::open(&path, &old).unwrap().write(b"one\n").unwrap();
    Journal::open(&path, &old).unwrap().write(b"two\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_that_is_too_long_makes_place() {
    let (_folder, path, old) = place("journal-long");
    let (mut one, mut other) = (Journal::open(&path, &old).unwrap(), Journal::open(&path, &old).unwrap());
    one.file.set_len(LONGEST - 4).unwrap();
    one.write(b"fit\n").unwrap();
    one.write(b"new\n").unwrap();
    // Another process that has the long file still does not send the new one after it.
    other.write(b"too\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new\ntoo\n");
    assert_eq!(fs::metadata(&old).unwrap().len(), LONGEST);
}

#[test]
fn a_file_that_was_taken_away_is_made_anew() {
    let (_folder, path, old) = place("journal-rotated");
    let mut journal = Journal::open(&path, &old).unwrap();
    fs::rename(&path, &old).unwrap();
    journal.refresh().unwrap();
    journal.write(b"new\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new\n");
}

#[test]
fn links_folders_pipes_and_devices_are_refused() {
    let (folder, path, old) = place("journal-strange");
    let target = folder.0.join("target");
    fs::write(&target, "x").unwrap();
    symlink(&target, &path).unwrap();
    assert!(Journal::open(&path, &old).is_err());
    assert!(Journal::open(&folder.0, &old).is_err());
    assert!(Journal::open(Path::new("/dev/null"), &old).unwrap_err().to_string().contains("not a plain file"));
    let pipe = folder.0.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(Journal::open(&pipe, &old).is_err());
    assert_eq!(fs::read_to_string(&target).unwrap(), "x");
}
