//! What the machine has, and what this process may have of it.

use std::path::{Path, PathBuf};

/// How much memory there is for this process, in octets: what the machine has, or less where a control group or a limit of
/// the process says so. None where the system does not tell.
pub(super) fn memory() -> Option<u64> {
    [of_machine(), of_group(), of_process()].into_iter().flatten().min()
}

/// How much address space the process may have, where that is limited (`ulimit -v`).
pub(super) fn address_space() -> Option<u64> {
    #[cfg(target_os = "linux")]
    return rustix::process::getrlimit(rustix::process::Resource::As).current;
    #[cfg(not(target_os = "linux"))]
    None
}

fn of_process() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, getrlimit};
        [Resource::As, Resource::Data].into_iter().filter_map(|which| getrlimit(which).current).min()
    }
    #[cfg(not(target_os = "linux"))]
    None
}

fn of_machine() -> Option<u64> {
    meminfo(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

/// `MemTotal:       16384 kB`
fn meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The least that a control group of this process, or one around it, allows.
fn of_group() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    limits_of(&groups, Path::new("/sys/fs/cgroup")).into_iter().filter_map(|path| limit(&path)).min()
}

/// The files in which limits stand, by what `/proc/self/cgroup` says: `0::/a/b` of version 2, `4:memory:/a/b` of version 1.
/// Within a container the group is the root of what is to be seen.
fn limits_of(groups: &str, root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(number), Some(kinds), Some(group)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (base, file) = match kinds {
            "" if number == "0" => (root.to_owned(), "memory.max"),
            _ if kinds.split(',').any(|kind| kind == "memory") => (root.join("memory"), "memory.limit_in_bytes"),
            _ => continue,
        };
        let group = Path::new(group.trim_start_matches('/'));
        found.extend(group.ancestors().map(|group| base.join(group).join(file)));
    }
    found
}

fn limit(path: &Path) -> Option<u64> {
    // "max" is no number: no limit.
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_limits_stand() {
        let shown = |groups: &str| -> Vec<String> {
            limits_of(groups, Path::new("/g"))
                .iter()
                .map(|path| path.display().to_string().replace('\\', "/"))
                .collect()
        };
        assert_eq!(shown("0::/a/b\n"), ["/g/a/b/memory.max", "/g/a/memory.max", "/g/memory.max"]);
        assert_eq!(shown("0::/\n"), ["/g/memory.max"]);
        assert_eq!(
            shown("5:cpu,cpuacct:/x\n4:memory:/a\n1:name=systemd:/y\nnonsense\n"),
            ["/g/memory/a/memory.limit_in_bytes", "/g/memory/memory.limit_in_bytes"]
        );
    }

    #[test]
    fn what_the_system_says() {
        assert_eq!(meminfo("MemFree: 1 kB\nMemTotal:       16384 kB\n"), Some(16 << 20));
        assert_eq!(meminfo("MemTotal: x kB\n"), None);
        assert!(cfg!(not(target_os = "linux")) || memory().is_some_and(|octets| octets > 64 << 20));
    }
}
