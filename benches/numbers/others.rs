//! Other clients against the same sink, over one connection too.

use crate::table::per_second;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Mails a second, or why there is no number.
pub type Rate = Result<f64, String>;

/// Sends mails over one connection and prints the seconds that took, without Python's own start.
const SMTPLIB: &str = "
import smtplib, sys, time
port, count, size = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
text = 'Subject: bench\\r\\n\\r\\n' + ('x' * 78 + '\\r\\n') * (size // 80)
with smtplib.SMTP('127.0.0.1', port, local_hostname='bench.example') as smtp:
    begin = time.perf_counter()
    for _ in range(count):
        smtp.sendmail('sender@bench.example', ['recipient@bench.example'], text)
    print(time.perf_counter() - begin)
";

/// Postfix's load generator.
pub fn smtp_source(sink: SocketAddr, count: usize, size: usize) -> Rate {
    smtp_source_many(sink, true, 1, count, size)
}

/// The same with several connections at a time, each for all of its mails (`reuse`) or for one.
pub fn smtp_source_many(sink: SocketAddr, reuse: bool, connections: usize, count: usize, size: usize) -> Rate {
    let programs = ["smtp-source", "/usr/sbin/smtp-source", "/usr/lib/postfix/sbin/smtp-source"];
    let run = |program: &str, count: usize| {
        let mut command = Command::new(program);
        // -d: all mails over the same connection.
        command.args(reuse.then_some("-d"));
        command.args(["-s", &connections.to_string(), "-m", &count.to_string(), "-l", &size.to_string()]);
        command.args(["-f", "sender@bench.example", "-t", "recipient@bench.example"]);
        command.arg(format!("{}:{}", sink.ip(), sink.port())).stdout(Stdio::null()).stderr(Stdio::null());
        let begin = Instant::now();
        command.status().is_ok_and(|status| status.success()).then(|| begin.elapsed())
    };
    let program = programs.iter().find(|program| run(program, 1).is_some()).ok_or("not installed")?;
    let time = run(program, count).ok_or("failed")?;
    Ok(per_second(count, time))
}

/// Python's own client.
pub fn smtplib(sink: SocketAddr, count: usize, size: usize) -> Rate {
    let numbers = [usize::from(sink.port()), count, size].map(|number| number.to_string());
    let output = Command::new("python3").arg("-c").arg(SMTPLIB).args(numbers).output();
    let output = output.map_err(|_| "no python3")?;
    let seconds: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().map_err(|_| "failed")?;
    Ok(count as f64 / seconds)
}
