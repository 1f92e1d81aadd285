//! System calls a message, counted by strace in a child process that only delivers.

use crate::native::{LEVELS, deliver, message, sink};
use crate::table::Table;
use helo::faces::helo::HeloLevel;
use std::process::{Command, Stdio};

/// What the child does: `--deliver LEVEL COUNT SIZE PORT`.
pub struct Task {
    level: HeloLevel,
    count: usize,
    size: usize,
    port: u16,
}

/// The task in the arguments, when this process is the child.
pub fn child_task(arguments: &[String]) -> Option<Task> {
    let [option, level, count, size, port, ..] = arguments else { return None };
    if option != "--deliver" {
        return None;
    }
    let (level, _) = LEVELS.into_iter().find(|(_, name)| name == level)?;
    Some(Task { level, count: count.parse().ok()?, size: size.parse().ok()?, port: port.parse().ok()? })
}

impl Task {
    pub fn run(&self) {
        deliver(self.port, self.level, self.count, &message(self.size));
    }
}

pub fn measure(table: &mut Table) {
    for (size, what, count) in [(1024, "1 KB", 1000), (20 * 1024 * 1024, "20 MB", 5)] {
        for (_, name) in LEVELS {
            if size > 1024 && name != "envelope" {
                continue;
            }
            // The difference of two runs: what the process itself costs drops out.
            let calls = counted(name, 2 * count, size).and_then(|many| Ok((many, counted(name, count, size)?)));
            match calls {
                Ok((many, few)) => {
                    let each = many.saturating_sub(few) as f64 / count as f64;
                    table.row(format!("system calls a mail of {what}, {name}"), format!("{each:.2}"), "");
                }
                Err(why) => return table.row("system calls a mail", "-", why),
            }
        }
    }
}

/// System calls of a child that delivers `count` mails.
fn counted(level: &str, count: usize, size: usize) -> Result<u64, String> {
    let sink = sink(true);
    let report = std::env::temp_dir().join(format!("helo-bench-{}.strace", std::process::id()));
    let this = std::env::current_exe().map_err(|why| why.to_string())?;
    let mut command = Command::new("strace");
    command.arg("-f").arg("-c").arg("-o").arg(&report).arg(this).arg("--deliver").arg(level);
    command.args([count.to_string(), size.to_string(), sink.port().to_string()]);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let text = std::fs::read_to_string(&report).unwrap_or_default();
    let _ = std::fs::remove_file(&report);
    if !status.map_err(|_| "strace is not installed")?.success() || sink.count() != count as u64 {
        return Err("strace cannot run here".into());
    }
    // The last line: "100.00    0.012345           3      4100        12 total", the number of errors may be missing.
    let total = text.lines().rev().find(|line| line.trim_end().ends_with("total")).ok_or("strace printed no total")?;
    let calls = total.split_whitespace().nth(3).and_then(|word| word.parse().ok());
    calls.ok_or_else(|| "strace printed no number".to_string())
}
