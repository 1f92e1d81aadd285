//! Mails that are kept: in a Maildir of helo-server, beside a loop that does only what cannot be left out (write, sync,
//! rename, sync the folder) on the same disk in the same rounds.

use super::load::{self, Script, Way};
use super::{Measured, Subject, kilo, middle, ratio};
use crate::support::program::Program;
use crate::table::{Table, grouped};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const ROUNDS: usize = 3;
/// Short, since all that is stored has to be removed.
const TURN: Duration = Duration::from_millis(200);

/// More threads than the server has workers would be more than it may use.
const THREADS_MAX: usize = 32;

pub fn measure(table: &mut Table) {
    // Nothing is removed before the end: ext4 without a journal goes round inodes that were freed a moment ago, and
    // takes a millisecond for it.
    let mut folders = Vec::new();
    let sizes = [1024, 100 * 1024];
    let synced = sizes.into_iter().flat_map(|size| [1, 16, 200].map(|connections| (true, size, connections)));
    // One without sync will do: it is not what anybody should run.
    for (sync, size, connections) in synced.chain([(false, 1024, 16)]) {
        let [ours, loops] = compare(sync, size, connections, &mut folders);
        let how = if sync { "synced" } else { "without sync" };
        let what = format!("mails of {} into a Maildir, {how}, {connections} at a time", kilo(size));
        let beside = format!(
            "{:.2} x a bare loop of the same calls ({}/s); processor time {:.0} µs a mail",
            ratio(&ours, &loops, |turn| turn.rate),
            grouped(middle(loops.iter().map(|turn| turn.rate))),
            middle(ours.iter().map(|turn| turn.cost))
        );
        table.row(what, format!("{}/s", grouped(middle(ours.iter().map(|turn| turn.rate)))), beside);
    }
    eprintln!("(removing those mails may take a minute)");
}

fn compare(sync: bool, size: usize, connections: usize, folders: &mut Vec<Folder>) -> [Vec<Measured>; 2] {
    let script = Script::new(Way::Pipelined, size);
    let message = crate::native::message(size);
    let (mut ours, mut loops) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let folder = Folder::new();
        let mail = folder.0.join("mail");
        let mut arguments =
            vec!["--port", "0", "--quiet", "--max-mails", "0", "--maildir", mail.to_str().expect("UTF-8")];
        arguments.extend((!sync).then_some("--no-sync"));
        let server = Program::start(&arguments);
        let subject = Subject { address: server.address("smtp"), process: server.child.id() };
        ours.push(super::turn(&subject, |subject| load::run(subject.address, &script, connections, TURN)));
        drop(server);
        let rate = bare(&folder.0, &message, sync, connections.min(THREADS_MAX));
        loops.push(Measured { rate, cost: 0.0 });
        folders.push(folder);
    }
    [ours, loops]
}

/// Files a second that threads make in the way that a Maildir has it.
fn bare(root: &Path, message: &[u8], sync: bool, threads: usize) -> f64 {
    let (tmp, new) = (root.join("tmp"), root.join("new"));
    for folder in [&tmp, &new] {
        std::fs::create_dir(folder).expect("a folder");
    }
    let (made, begin) = (AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (tmp, new, made) = (&tmp, &new, &made);
            scope.spawn(move || {
                let folder = File::open(new).expect("a folder");
                for number in 0.. {
                    if begin.elapsed() >= TURN {
                        break;
                    }
                    let name = format!("{thread}.{number}");
                    let mut file = File::create_new(tmp.join(&name)).expect("a file");
                    file.write_all(message).expect("written");
                    if sync {
                        file.sync_all().expect("synced");
                    }
                    std::fs::rename(tmp.join(&name), new.join(&name)).expect("renamed");
                    if sync {
                        folder.sync_all().expect("synced");
                    }
                    made.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    made.into_inner() as f64 / begin.elapsed().as_secs_f64()
}

/// A folder on the disk that the library is built on. It goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
