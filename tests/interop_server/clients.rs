//! The clients, and how each is told what to send.

use crate::support::cc::{Link, Outcome, Program, root, run};
use crate::support::helo_server::HeloServer;
use crate::support::skip;
use crate::support::temp::TempDir;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    None,
    Start,
    Implicit,
}

/// What is to be sent, and how.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    pub port: u16,
    pub tls: Tls,
    pub login: Option<(&'a str, &'a str)>,
    pub from: &'a str,
    pub to: &'a [&'a str],
    /// Ask for notifications of success and failure with the header only.
    pub dsn: bool,
    /// The message is no text.
    pub binary: bool,
    pub lmtp: bool,
    pub server: &'a HeloServer,
}

impl<'a> Job<'a> {
    pub fn new(server: &'a HeloServer) -> Job<'a> {
        Job { port: 0, tls: Tls::None, login: None, from: "", to: &[], dsn: false, binary: false, lmtp: false, server }
    }

    /// Who vouches for the server.
    fn authority(&self) -> String {
        self.server.authority().display().to_string()
    }
}

/// What a client can do.
pub struct Client {
    pub name: &'static str,
    /// Sends to the others when a recipient is refused.
    pub partial: bool,
    pub implicit: bool,
    pub utf8: bool,
    pub dsn: bool,
    pub lmtp: bool,
    /// Sends commands without waiting for the answers to those before.
    pub pipelines: bool,
    /// By which it logs in to a server that offers nothing else.
    pub mechanisms: &'static [&'static str],
    /// What it takes where everything is offered.
    pub prefers: &'static str,
    /// The parameters of its MAIL, for a message with eight bits.
    pub declares: &'static [&'static str],
    /// What it says to a server that offers everything.
    pub says: &'static [&'static str],
    programs: &'static [&'static str],
    /// Files that `scripts/setup-tests.sh` makes in the tree, and those of packages.
    made: &'static [&'static str],
    installed: &'static [&'static str],
    /// Its command, in a folder of its own where the message is `message`.
    command: fn(&Job, &Path) -> Command,
}

/// The most that a client can; the table says what each cannot.
const ABLE: Client = Client {
    name: "",
    partial: true,
    implicit: true,
    utf8: true,
    dsn: true,
    lmtp: true,
    pipelines: false,
    mechanisms: &["PLAIN", "LOGIN", "CRAM-MD5"],
    prefers: "CRAM-MD5",
    declares: &[],
    says: &[],
    programs: &[],
    made: &[],
    installed: &[],
    command: curl,
};

const CLIENTS: &[Client] = &[
    Client {
        name: "curl",
        declares: &["SIZE"],
        dsn: false,
        lmtp: false,
        says: &[" SIZE=", "\r\nDATA\r\n"],
        programs: &["curl"],
        ..ABLE
    },
    Client {
        name: "swaks",
        utf8: false,
        dsn: false,
        pipelines: true,
        // All at once, as --pipeline has it.
        says: &["RCPT TO:<refused@plain.store.test>\r\nRCPT TO:", "\r\nDATA\r\n"],
        programs: &["swaks"],
        installed: &["/usr/share/doc/libnet-ssleay-perl/copyright"],
        command: swaks,
        ..ABLE
    },
    Client {
        name: "msmtp",
        partial: false,
        utf8: false,
        pipelines: true,
        mechanisms: &["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"],
        prefers: "PLAIN",
        says: &[" RET=HDRS", "\r\nDATA\r\n"],
        programs: &["msmtp"],
        command: msmtp,
        ..ABLE
    },
    Client {
        name: "smtplib",
        declares: &["BODY", "SIZE"],
        says: &[" size=", " BODY=8BITMIME", "\r\ndata\r\n"],
        programs: &["python3"],
        command: |job, _| scripted("python3", "smtplib_send.py", job),
        ..ABLE
    },
    Client {
        name: "nodemailer",
        declares: &["BODY"],
        pipelines: true,
        prefers: "PLAIN",
        says: &[" BODY=8BITMIME", "\r\nDATA\r\n"],
        programs: &["node"],
        made: &["target/node/ready"],
        command: |job, _| scripted("node", "nodemailer_send.cjs", job),
        ..ABLE
    },
    Client {
        name: "libesmtp",
        declares: &["BODY", "SIZE"],
        implicit: false,
        utf8: false,
        lmtp: false,
        pipelines: true,
        // It looks for sasl-cram-md5.so, and Debian's package has it as sasl-crammd5.so.
        mechanisms: &["PLAIN", "LOGIN"],
        prefers: "PLAIN",
        says: &[" SIZE=", " BODY=8BITMIME", "\r\nBDAT "],
        programs: &["gcc"],
        installed: &["/usr/include/libesmtp.h"],
        command: libesmtp,
        ..ABLE
    },
];

pub fn all() -> impl Iterator<Item = &'static Client> {
    CLIENTS.iter()
}

pub fn named(name: &str) -> &'static Client {
    CLIENTS.iter().find(|client| client.name == name).expect("a client of the table")
}

pub fn succeeded(outcome: &Outcome) -> bool {
    outcome.status.is_some_and(|status| status.success())
}

impl Client {
    /// False, noted as a skip, where it is not installed.
    pub fn can_run(&self) -> bool {
        let test = format!("helo-server and {}", self.name);
        let missing = self.installed.iter().find(|file| !Path::new(file).is_file());
        if let Some(file) = missing {
            skip::skip(&test, &format!("no {file} (scripts/setup-tests.sh installs it)"));
        }
        missing.is_none()
            && skip::have(&test, self.programs)
            && self.made.iter().all(|file| skip::have_file(&test, file))
    }

    /// Sends it. The message is the client's standard input.
    pub fn send(&self, job: &Job, message: &[u8]) -> Outcome {
        let folder = TempDir::new();
        std::fs::write(folder.join("message"), message).expect("a file");
        with_input(&(self.command)(job, folder.path()), &folder.join("message"))
    }
}

/// Runs a command with a file for its standard input.
pub fn with_input(command: &Command, file: &Path) -> Outcome {
    let mut shell = Command::new("sh");
    shell.args(["-c", "input=$1; shift; exec \"$@\" < \"$input\"", "sh"]).arg(file);
    shell.arg(command.get_program()).args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    run(&mut shell, LIMIT)
}

/// A script of `tests/interop/clients`.
fn scripted(interpreter: &str, script: &str, job: &Job) -> Command {
    let mut command = Command::new(interpreter);
    command.arg(root().join("tests/interop/clients").join(script)).args(keys(job));
    command
}

/// What the programs in `tests/interop/clients` are told.
fn keys(job: &Job) -> Vec<String> {
    let tls = match job.tls {
        Tls::None => "none",
        Tls::Start => "start",
        Tls::Implicit => "implicit",
    };
    let mut keys = vec![format!("port={}", job.port), format!("tls={tls}"), format!("from={}", job.from)];
    keys.push(format!("ca={}", job.authority()));
    keys.extend(job.to.iter().map(|to| format!("to={to}")));
    keys.extend(job.login.iter().flat_map(|(user, password)| [format!("user={user}"), format!("password={password}")]));
    keys.extend(job.dsn.then(|| "dsn=an-id".to_owned()));
    keys.extend(job.lmtp.then(|| "protocol=lmtp".to_owned()));
    keys.extend(job.binary.then(|| "body=binary".to_owned()));
    keys.extend(job.to.iter().any(|to| !to.is_ascii()).then(|| "utf8=yes".to_owned()));
    keys
}

fn curl(job: &Job, folder: &Path) -> Command {
    let mut command = Command::new("curl");
    let scheme = if job.tls == Tls::Implicit { "smtps" } else { "smtp" };
    command.args(["--disable", "--silent", "--show-error", "--verbose", "--mail-rcpt-allowfails"]);
    command.args(["--mail-from", job.from, &format!("{scheme}://localhost:{}/client.test", job.port)]);
    command.args(["--cacert", &job.authority(), "--upload-file"]).arg(folder.join("message"));
    for to in job.to {
        command.args(["--mail-rcpt", to]);
    }
    if job.tls == Tls::Start {
        command.arg("--ssl-reqd");
    }
    if let Some((user, password)) = job.login {
        command.args(["--user", &format!("{user}:{password}")]);
    }
    // It knows the characters of an address by the locale.
    command.env("LC_ALL", "C.UTF-8");
    command
}

/// It ends the message that it is given with a CRLF of its own.
fn swaks(job: &Job, folder: &Path) -> Command {
    let message = std::fs::read(folder.join("message")).expect("the message");
    let cut = folder.join("cut");
    std::fs::write(&cut, message.strip_suffix(b"\r\n").unwrap_or(&message)).expect("a file");
    let mut command = Command::new("swaks");
    command.args(["--server", "localhost", "--port", &job.port.to_string(), "--ehlo", "client.test"]);
    command.args(["--from", job.from, "--to", &job.to.join(","), "--suppress-data", "--pipeline"]);
    command.args(["--data", &format!("@{}", cut.display())]);
    if job.lmtp {
        command.args(["--protocol", "LMTP"]);
    }
    match job.tls {
        Tls::None => {}
        Tls::Start => drop(command.arg("--tls")),
        Tls::Implicit => drop(command.arg("--tls-on-connect")),
    }
    if job.tls != Tls::None {
        command.args(["--tls-verify", "--tls-ca-path", &job.authority()]);
    }
    if let Some((user, password)) = job.login {
        command.args(["--auth", "--auth-user", user, "--auth-password", password]);
    }
    command
}

fn msmtp(job: &Job, _: &Path) -> Command {
    let mut command = Command::new("msmtp");
    let on = |on: bool| if on { "on" } else { "off" };
    command.args(["--host=localhost", &format!("--port={}", job.port), "--domain=client.test", "--timeout=30"]);
    command.arg(format!("--tls={}", on(job.tls != Tls::None)));
    command.arg(format!("--tls-starttls={}", on(job.tls == Tls::Start)));
    command.args([format!("--tls-trust-file={}", job.authority()), format!("--from={}", job.from)]);
    if let Some((user, password)) = job.login {
        command.args(["--auth=on", &format!("--user={user}"), &format!("--passwordeval=echo {password}")]);
    }
    if job.lmtp {
        command.arg("--protocol=lmtp");
    }
    if job.dsn {
        command.args(["--dsn-notify=success,failure", "--dsn-return=headers"]);
    }
    command.arg("--").args(job.to);
    command
}

/// libesmtp takes an authority from below HOME, and only from a file that nobody else may read.
fn libesmtp(job: &Job, folder: &Path) -> Command {
    let settings = folder.join(".config/libesmtp");
    std::fs::create_dir_all(&settings).expect("a folder");
    let mut ca = std::fs::OpenOptions::new();
    let mut ca = ca.write(true).create_new(true).mode(0o600).open(settings.join("ca.pem")).expect("a new file");
    let authority = std::fs::read(job.authority()).expect("the server's authority");
    std::io::Write::write_all(&mut ca, &authority).expect("a short file");
    let mut command = Command::new(libesmtp_program());
    command.args(keys(job)).env("HOME", folder).env("XDG_CONFIG_HOME", folder.join(".config"));
    command
}

fn libesmtp_program() -> PathBuf {
    let source = root().join("tests/interop/clients/libesmtp_send.c");
    Program::new(source).link(Link::Others).argument("-Wl,--no-as-needed").argument("-lesmtp").build()
}
