//! A small file system of a test's own, where this user and this machine may mount one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system, gone when it is dropped.
pub struct Mount(PathBuf);

impl Mount {
    /// One in memory with these options (`size=256k`), at this folder; otherwise why there is none.
    pub fn tmpfs(at: &Path, options: &str) -> Result<Mount, String> {
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output();
        match output {
            Ok(output) if output.status.success() => Ok(Mount(at.to_owned())),
            Ok(output) => Err(format!("no tmpfs here: {}", String::from_utf8_lossy(&output.stderr).trim())),
            Err(why) => Err(format!("mount: {why}")),
        }
    }

    /// Changes its options.
    #[track_caller]
    pub fn remount(&self, options: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status();
        assert!(done.unwrap().success(), "remount {options}");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a spool that a test holds still has folders open.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
