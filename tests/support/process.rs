//! What a process uses: memory, open descriptors, threads (Linux).

/// The largest resident memory so far, in bytes (`VmHWM`).
pub fn peak_memory() -> u64 {
    status("VmHWM:") * 1024
}

/// The resident memory now, in bytes (`VmRSS`).
pub fn memory() -> u64 {
    status("VmRSS:") * 1024
}

/// The same of another process.
pub fn memory_of(process: u32) -> u64 {
    field(&process.to_string(), "VmRSS:") * 1024
}

/// The largest resident memory of another process so far, in bytes (`VmHWM`).
pub fn peak_memory_of(process: u32) -> u64 {
    field(&process.to_string(), "VmHWM:") * 1024
}

/// A sanitizer watches, which takes memory and time of its own.
pub fn is_sanitized() -> bool {
    std::env::var_os("HELO_SANITIZER").is_some()
}

/// The thread sanitizer watches. It hands a signal on only when the thread that has it makes a call that the sanitizer
/// knows, and a thread that waits for another one makes none.
pub fn holds_signals_back() -> bool {
    std::env::var("HELO_SANITIZER").is_ok_and(|name| name == "thread")
}

/// Lets this process open as many files as it may: `count` at least.
pub fn raise_descriptors(count: u64) -> bool {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).is_ok() && limit.current.is_none_or(|most| most >= count)
}

/// Lowers the peak to what is in use now, so that a test measures itself only. False where the kernel cannot.
pub fn forget_peak() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// How many descriptors are open now.
pub fn open_descriptors() -> usize {
    // Reading the directory opens one itself.
    std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count().saturating_sub(1))
}

/// How many threads this process has now.
pub fn threads() -> u64 {
    status("Threads:")
}

fn status(name: &str) -> u64 {
    field("self", name)
}

fn field(process: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux");
    let line = text.lines().find(|line| line.starts_with(name)).expect("a known field");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}
