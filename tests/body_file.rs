//! Messages out of files, through the engine: what MAIL says of their size, and files that somebody writes to meanwhile.

mod support;

use helo::client::body::Body;
use helo::client::delivery::{self, Mail, Options, Outcome, Recipient, Report, WINDOW_BYTES, WINDOW_MAILS};
use helo::client::envelope::BodyKind;
use helo::client::settings::Timeouts;
use helo::client::trace::Observer;
use helo::client::{Level, Settings};
use helo::error::Cause;
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::proto::address::{ForwardPath, ReversePath};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::sink::{self, Keep, Sink};

const LEVELS: [Level; 3] = [Level::None, Level::Envelope, Level::Full];

struct Quiet;

impl Report for Quiet {
    fn outcome(&mut self, _mail: usize, _recipient: usize, _outcome: &Outcome) {}
}

/// Looks at nothing.
#[derive(Clone)]
struct Nobody;

impl Observer for Nobody {
    fn sent(&mut self, _bytes: &[u8]) {}
    fn received(&mut self, _bytes: &[u8]) {}
}

/// Changes a file as soon as the second mail's MAIL has gone out.
#[derive(Clone)]
struct Changes(Arc<Mutex<dyn FnMut() + Send>>);

impl Observer for Changes {
    fn sent(&mut self, bytes: &[u8]) {
        if bytes.starts_with(b"MAIL FROM:<s1@") {
            (self.0.lock().unwrap())();
        }
    }
    fn received(&mut self, _bytes: &[u8]) {}
}

/// A file of this test's own, gone with it.
struct Own(PathBuf);

impl Own {
    fn new(name: &str, text: &[u8]) -> Own {
        let path = std::env::temp_dir().join(format!("helo-body-file-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Own(path)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn mail(number: usize, path: &Path) -> Mail {
    Mail {
        from: ReversePath::parse(&format!("s{number}@example.org")).unwrap(),
        parameters: Vec::new(),
        recipients: vec![Recipient { to: ForwardPath::parse("r@example.org").unwrap(), parameters: Vec::new() }],
        body: Body::file(path.to_owned()),
        kind: BodyKind::Unknown,
    }
}

/// Delivers over one connection at a time, each watched by a copy of `observer`.
fn deliver(sink: &Sink, level: Level, mails: &mut [Mail], observer: impl Observer + Clone + 'static) -> Vec<Outcome> {
    let mut observe = || Box::new(observer.clone()) as Box<dyn Observer>;
    let mut target = || Some(Target::Host { host: sink.address().ip().to_string(), port: sink.address().port() });
    let timeouts = Timeouts::all(Duration::from_secs(20));
    let settings = Settings { helo_name: "me.example".into(), timeouts, ..Settings::default() };
    let options = Options {
        target: &mut target,
        settings,
        level,
        connections: 1,
        window_mails: WINDOW_MAILS,
        window_bytes: WINDOW_BYTES,
        observer: Some(&mut observe),
    };
    delivery::run(mails, options, &mut Quiet, &Cancel::new(), &mut ())
        .into_iter()
        .map(|mut one| one.remove(0))
        .collect()
}

fn servers() -> [sink::Options; 2] {
    let keep = || sink::Options { keep: Keep::Bodies, ..sink::Options::default() };
    [keep(), keep().without("CHUNKING").without("BINARYMIME")]
}

fn size_of(sink: &Sink, number: usize) -> String {
    let mails = sink.mails();
    let mail = mails.iter().find(|mail| mail.sender == format!("s{number}@example.org")).unwrap();
    let size = mail.parameters.split(' ').find_map(|word| word.strip_prefix("SIZE="));
    assert!(size.is_none_or(|size| size == mail.length.to_string()), "{} for {}", mail.parameters, mail.length);
    size.unwrap_or_default().to_owned()
}

#[test]
fn the_size_is_what_arrives_whatever_the_line_ends_are() {
    let texts: [(&str, String, u64); 8] = [
        ("crlf", "a\r\nb\r\n".into(), 6),
        ("lf", "a\nb\n".into(), 6),
        ("cr", "a\rb\r".into(), 6),
        ("open", "a\nb".into(), 6),
        ("dots", ".\n..\n.a\n".into(), 11),
        ("empty", String::new(), 0),
        ("large", "0123456789\n".repeat(200_000), 2_400_000),
        ("brim", "x".repeat(256 * 1024), 256 * 1024 + 2),
    ];
    for level in LEVELS {
        for options in servers() {
            let sink = Sink::start(options);
            let files: Vec<Own> =
                texts.iter().map(|(name, text, _)| Own::new(&format!("{level:?}-{name}"), text.as_bytes())).collect();
            let mut mails: Vec<Mail> = files.iter().enumerate().map(|(number, file)| mail(number, &file.0)).collect();
            let outcomes = deliver(&sink, level, &mut mails, Nobody);
            assert!(outcomes.iter().all(Outcome::is_delivered), "{outcomes:?}");
            for (number, (name, _, size)) in texts.iter().enumerate() {
                assert_eq!(size_of(&sink, number), size.to_string(), "{name} {level:?}");
            }
        }
    }
}

/// With MAIL out, somebody writes on: what was there is what is sent.
#[test]
fn a_file_that_grows_ends_where_it_did() {
    for level in LEVELS {
        for options in servers() {
            for size in [100, 300_000] {
                let sink = Sink::start(options.clone());
                let (fixed, text) = (Own::new("fixed", b"fixed\n"), "line\n".repeat(size / 5));
                let growing = Own::new("growing", text.as_bytes());
                let path = growing.0.clone();
                let grow = Changes(Arc::new(Mutex::new(move || {
                    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"too late\n").unwrap();
                })));
                let mut mails = [mail(0, &fixed.0), mail(1, &growing.0), mail(2, &fixed.0)];
                let outcomes = deliver(&sink, level, &mut mails, grow);
                assert!(outcomes.iter().all(Outcome::is_delivered), "{outcomes:?}");
                assert!(std::fs::read(&growing.0).unwrap().ends_with(b"too late\n"));
                assert_eq!(size_of(&sink, 1), (size / 5 * 6).to_string());
                let stored = sink.mails();
                let body = &stored.iter().find(|mail| mail.sender == "s1@example.org").unwrap().body;
                assert!(*body == text.replace('\n', "\r\n").into_bytes(), "{level:?}");
            }
        }
    }
}

/// Half of a message is no message. (What fits the buffer is read before MAIL, and sent as it was.)
#[test]
fn a_file_that_shrinks_is_not_delivered_and_the_others_are() {
    for level in LEVELS {
        for options in servers() {
            let sink = Sink::start(options);
            let fixed = Own::new("steady", b"fixed\n");
            let shrinking = Own::new("shrinking", "line\n".repeat(200_000).as_bytes());
            let path = shrinking.0.clone();
            let shrink = Changes(Arc::new(Mutex::new(move || {
                OpenOptions::new().write(true).open(&path).unwrap().set_len(500_000).unwrap();
            })));
            let mut mails = [mail(0, &fixed.0), mail(1, &shrinking.0), mail(2, &fixed.0)];
            let outcomes = deliver(&sink, level, &mut mails, shrink);
            let delivered: Vec<bool> = outcomes.iter().map(Outcome::is_delivered).collect();
            assert_eq!(delivered, [true, false, true], "{level:?} {outcomes:?}");
            assert_eq!(outcomes[1].failure.map(|failure| failure.1), Some(Cause::Source));
            assert!(outcomes[1].text.contains("shorter"), "{}", outcomes[1].text);
            assert!(sink.mails().iter().all(|mail| mail.sender != "s1@example.org"), "half a message was delivered");
        }
    }
}

/// A file that is not there is found out before the server hears of its mail.
#[test]
fn a_missing_file_costs_its_mail_and_no_connection() {
    for level in LEVELS {
        for options in servers() {
            let sink = Sink::start(options);
            let fixed = Own::new("there", b"fixed\n");
            let mut mails = [mail(0, &fixed.0), mail(1, Path::new("/no/such/file")), mail(2, &fixed.0)];
            let outcomes = deliver(&sink, level, &mut mails, Nobody);
            let delivered: Vec<bool> = outcomes.iter().map(Outcome::is_delivered).collect();
            assert_eq!(delivered, [true, false, true], "{level:?} {outcomes:?}");
            assert_eq!(outcomes[1].failure.map(|failure| failure.1), Some(Cause::Source));
            assert!(sink.mails().iter().all(|mail| mail.connection == 1), "one connection for all");
        }
    }
}

/// A list of many files holds no descriptor for each mail that waits for its answer.
#[cfg(target_os = "linux")]
#[test]
fn descriptors_are_given_back_when_a_file_is_read() {
    #[derive(Clone, Debug, Default)]
    struct Most(Arc<AtomicUsize>);
    impl Observer for Most {
        fn sent(&mut self, _bytes: &[u8]) {
            let open = std::fs::read_dir("/proc/self/fd").unwrap().filter(|entry| {
                let target = entry.as_ref().ok().and_then(|entry| std::fs::read_link(entry.path()).ok());
                target.is_some_and(|target| target.to_string_lossy().contains("many-of-them"))
            });
            self.0.fetch_max(open.count(), Ordering::Relaxed);
        }
        fn received(&mut self, _bytes: &[u8]) {}
    }
    let sink = Sink::start(sink::Options::default());
    let file = Own::new("many-of-them", b"text\n");
    let most = Most::default();
    let mut mails: Vec<Mail> = (0..200).map(|number| mail(number, &file.0)).collect();
    let outcomes = deliver(&sink, Level::Full, &mut mails, most.clone());
    assert!(outcomes.iter().all(Outcome::is_delivered));
    assert!(most.0.load(Ordering::Relaxed) <= 2, "{most:?}");
}

/// A pipe and a device have no size, and go out as they are.
#[cfg(unix)]
#[test]
fn a_pipe_has_no_size() {
    let pipe = Own::new("pipe", b"");
    std::fs::remove_file(&pipe.0).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe.0).status().unwrap().success());
    for options in servers() {
        let sink = Sink::start(options);
        let path = pipe.0.clone();
        let writer = std::thread::spawn(move || File::options().write(true).open(path).unwrap().write_all(b"piped\n"));
        let mut mails = [mail(0, &pipe.0), mail(1, Path::new("/dev/null"))];
        let outcomes = deliver(&sink, Level::Envelope, &mut mails, Nobody);
        writer.join().unwrap().unwrap();
        assert!(outcomes.iter().all(Outcome::is_delivered), "{outcomes:?}");
        assert_eq!((size_of(&sink, 0), size_of(&sink, 1)), (String::new(), String::new()));
        assert_eq!(sink.mails()[0].body, b"piped\r\n");
    }
}
