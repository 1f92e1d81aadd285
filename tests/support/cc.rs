//! C programs: built with the system's compiler against this library and its headers, and run with a deadline. Where an
//! installed library is named ([`installed`]) they are built as its users build theirs; only sanitized programs have the one
//! that cargo builds for the tests, whose checks are in.

use super::{installed, skip};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Counts builds, for names of their own.
static BUILDS: AtomicU64 = AtomicU64::new(0);

/// How a program is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// With the shared library, found again at run time by its soname.
    Shared,
    /// With the static library.
    Static,
    /// Not at all: the source is only compiled.
    Nothing,
    /// A program without this library, with others: what the arguments say.
    Others,
}

/// A program to build.
#[derive(Clone, Debug)]
pub struct Program {
    source: PathBuf,
    link: Link,
    sanitized: bool,
    name: String,
    arguments: Vec<OsString>,
}

impl Program {
    /// Of one C source, C11, all warnings being errors, linked with the shared library.
    pub fn new(source: impl Into<PathBuf>) -> Program {
        let source = source.into();
        let folder = source.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        let stem = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = format!("{folder}-{stem}");
        let arguments = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g"].map(OsString::from).to_vec();
        Program { source, link: Link::Shared, sanitized: false, name, arguments }.include(&root().join("tests/c"))
    }

    /// Headers from this folder of `include/` too, such as `distinct`.
    pub fn headers(self, face: &str) -> Program {
        self.include(&headers().join(face))
    }

    /// Headers from any folder too.
    pub fn include(self, folder: &Path) -> Program {
        self.argument("-I").argument(folder)
    }

    /// One more argument for the compiler: a standard, a definition, a second source.
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Program {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// In another standard, such as `gnu89`; where it is one of C++, as a C++ program that casts its callbacks.
    pub fn standard(mut self, standard: &str) -> Program {
        self.name.push_str(&format!("-{}", standard.replace('+', "p")));
        let cpp = standard.contains("++");
        // In place of the one that `new` says.
        self.arguments[0] = format!("-std={standard}").into();
        // Callbacks are passed as one type and called as another: that is the old API.
        if cpp { self.argument("-Wno-cast-function-type").argument("-x").argument("c++") } else { self }
    }

    /// Another way to link.
    pub fn link(mut self, link: Link) -> Program {
        self.link = link;
        self.name.push_str(&format!("-{link:?}").to_lowercase());
        self
    }

    /// With the address and the undefined behaviour sanitizer in the C code; they watch the library's memory too.
    pub fn sanitized(mut self) -> Program {
        self.sanitized = true;
        self.name.push_str("-sanitized");
        self
    }

    /// Compiles it; the path of the program, or of the object file. Panics with the compiler's words.
    #[track_caller]
    pub fn build(&self) -> PathBuf {
        self.try_build().unwrap_or_else(|words| panic!("{} does not compile:\n{words}", self.source.display()))
    }

    /// Compiles it, or gives the compiler's words.
    pub fn try_build(&self) -> Result<PathBuf, String> {
        let folder = work_folder().join("programs");
        std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        let program = folder.join(&self.name);
        // Others may build or run the same program now: it is put in place whole.
        let fresh = folder.join(format!("{}.{}.{}", self.name, std::process::id(), BUILDS.fetch_add(1, Relaxed)));
        let mut command = Command::new(compiler(&self.source));
        command.args(&self.arguments);
        if self.sanitized {
            command.args(["-fsanitize=address,undefined", "-fno-omit-frame-pointer"]);
        }
        command.arg(&self.source).arg("-o").arg(&fresh);
        match self.link {
            Link::Nothing => command.arg("-c"),
            Link::Others => &mut command,
            Link::Shared | Link::Static => command.args(self.libraries()).arg("-lpthread"),
        };
        let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(format!("{command:?}\n{words}"));
        }
        std::fs::rename(&fresh, &program).map_err(|e| format!("{}: {e}", program.display()))?;
        Ok(program)
    }

    /// The linker's arguments for the library.
    fn libraries(&self) -> Vec<OsString> {
        let prefix = installed::prefix().filter(|_| !self.sanitized);
        let folder = prefix.map_or_else(|| installed::built().to_owned(), |prefix| prefix.join("lib"));
        let is_static = self.link == Link::Static;
        let words = match prefix {
            Some(prefix) if is_static => installed::pkg_config(prefix, &["--cflags", "--libs", "--static"]),
            Some(prefix) => installed::pkg_config(prefix, &["--cflags", "--libs"]),
            None if is_static => ["-lhelo", "-ldl", "-lm", "-lrt", "-lgcc_s", "-lutil"].map(String::from).to_vec(),
            None => vec![format!("-L{}", folder.display()), "-lhelo".into()],
        };
        let word = |word: String| match is_static && word == "-lhelo" {
            true => folder.join("libhelo.a").into(),
            false => OsString::from(word),
        };
        let rpath = (!is_static).then(|| format!("-Wl,-rpath,{}", folder.display()).into());
        words.into_iter().map(word).chain(rpath).collect()
    }
}

/// What a program did.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended; `None` when the deadline passed and it was stopped.
    pub status: Option<ExitStatus>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Shows what the program printed and panics unless it ended with 0 and no line `not ok`.
    #[track_caller]
    pub fn expect_success(&self, what: &str) {
        let Outcome { status, stdout, stderr } = self;
        let how = match status {
            None => "was stopped at its deadline".to_owned(),
            Some(status) => format!("{status}"),
        };
        println!("{what}: {how}\n{stdout}{stderr}");
        let failed: Vec<&str> = stdout.lines().filter(|line| line.starts_with("not ok")).collect();
        let fine = status.is_some_and(|status| status.success()) && failed.is_empty();
        assert!(fine, "{what}: {how}\n{}", failed.join("\n"));
    }
}

/// Runs a command until it has ended or `limit` has passed; then it is killed.
pub fn run(command: &mut Command, limit: Duration) -> Outcome {
    let end = Instant::now() + limit;
    // cargo lets it lead to its own folder first, where the library of an older build may be.
    command.env_remove("LD_LIBRARY_PATH");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let stdout = collect(child.stdout.take().expect("piped"));
    let stderr = collect(child.stderr.take().expect("piped"));
    // A program has ended when both its outputs have.
    let mut status = None;
    let [stdout, stderr] = [stdout, stderr].map(|output| {
        let left = end.saturating_duration_since(Instant::now());
        match output.recv_timeout(left) {
            Ok(text) => text,
            Err(RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                status = Some(None);
                output.recv().unwrap_or_default()
            }
            Err(RecvTimeoutError::Disconnected) => String::new(),
        }
    });
    let ended = child.wait().ok();
    Outcome { status: status.unwrap_or(ended), stdout, stderr }
}

fn collect(mut stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// The command that runs a program built [`sanitized`](Program::sanitized): any finding, leaks too, is a failure.
pub fn sanitized_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("ASAN_OPTIONS", "detect_leaks=1:exitcode=98")
        .env("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1");
    command
}

/// The command that runs a program under valgrind: any error and any memory certainly lost is a failure.
pub fn valgrind_command(program: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--error-exitcode=97", "--leak-check=full", "--errors-for-leak-kinds=definite"]);
    command.arg("--num-callers=30").arg(program);
    command
}

/// Whether the compiler can build and run sanitized programs here; otherwise `test` is noted as skipped.
pub fn have_sanitizers(test: &str) -> bool {
    static PROBE: OnceLock<Result<(), String>> = OnceLock::new();
    let probe = PROBE.get_or_init(|| {
        let source = work_folder().join("probe.c");
        std::fs::create_dir_all(work_folder())
            .and_then(|()| std::fs::write(&source, "int main(void) { return 0; }\n"))
            .map_err(|e| e.to_string())?;
        let program = Program::new(&source).sanitized().try_build()?;
        let outcome = run(&mut sanitized_command(&program), Duration::from_secs(60));
        match outcome.status {
            Some(status) if status.success() => Ok(()),
            _ => Err(outcome.stderr),
        }
    });
    if let Err(words) = probe {
        skip::skip(test, &format!("no address and undefined behaviour sanitizer: {}", words.trim()));
    }
    probe.is_ok()
}

/// The source tree.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The headers that users have, one folder a face.
pub fn headers() -> &'static Path {
    static HEADERS: OnceLock<PathBuf> = OnceLock::new();
    HEADERS.get_or_init(|| {
        installed::prefix().map_or_else(|| fresh_headers().to_owned(), |prefix| prefix.join("include/helo"))
    })
}

/// The headers that this build made of the faces.
pub fn fresh_headers() -> &'static Path {
    Path::new(concat!(env!("OUT_DIR"), "/include"))
}

/// The shared library that users have.
pub fn shared_library() -> PathBuf {
    installed::prefix().map_or_else(|| installed::built().to_owned(), |prefix| prefix.join("lib")).join("libhelo.so")
}

/// The profile's folder, `target/debug`: two up from the test, which runs in `deps`.
fn build_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    test.ancestors().nth(2).expect("a test stands in the build's folder").to_owned()
}

/// Where what the tests build goes.
fn work_folder() -> PathBuf {
    build_folder().join("c-tests")
}

/// The system's compiler for a source, or the one that CC or CXX names.
fn compiler(source: &Path) -> OsString {
    let (variable, usual) = match source.extension().and_then(OsStr::to_str) {
        Some("cpp") => ("CXX", "c++"),
        _ => ("CC", "cc"),
    };
    std::env::var_os(variable).unwrap_or_else(|| usual.into())
}
