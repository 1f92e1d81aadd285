//! Mails a second into a Maildir: each delivery's own folder sync against shared ones, by the number of deliveries at a
//! time. `cargo bench --bench spool -- FOLDER`: on the disk that is to be measured, not in memory.

use helo::proto::address::{ForwardPath, ReversePath};
use helo::server::spool::maildir::{Maildir, Options, Syncs};
use helo::server::spool::{Envelope, Recipient, Spool};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Each way has its turn so often and so long: whatever else the disk does meets all of them.
const ROUNDS: u32 = 8;
const TURN: Duration = Duration::from_millis(250);

fn main() {
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let folder = folder.map_or_else(std::env::temp_dir, PathBuf::from);
    println!(
        "{:>8} {:>8} {:>10} {:>10} {:>10}  mails/s in {}",
        "octets",
        "threads",
        "single",
        "grouped",
        "never",
        folder.display()
    );
    for size in [1_000, 100_000] {
        for threads in [1, 4, 16, 64] {
            let mut rates = [0.0; 3];
            for _ in 0..ROUNDS {
                for (sync, rate) in [Syncs::Single, Syncs::Grouped, Syncs::Never].into_iter().zip(&mut rates) {
                    *rate += turn(&folder, sync, size, threads) / f64::from(ROUNDS);
                }
            }
            let [single, grouped, never] = rates;
            println!("{size:>8} {threads:>8} {single:>10.0} {grouped:>10.0} {never:>10.0}");
        }
    }
}

fn turn(folder: &Path, sync: Syncs, size: usize, threads: usize) -> f64 {
    let root = folder.join(format!("helo-bench-{}", std::process::id()));
    let spool = Maildir::open(&root, Options { sync, ..Options::default() }).expect("a Maildir");
    let message = b"a line of seventy octets, as mails have them, with its end as two..\r\n".repeat(size / 70 + 1);
    let (stored, start) = (AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while start.elapsed() < TURN {
                    store(&spool, &message);
                    stored.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let rate = stored.into_inner() as f64 / start.elapsed().as_secs_f64();
    std::fs::remove_dir_all(&root).expect("removed");
    rate
}

fn store(spool: &dyn Spool, message: &[u8]) {
    let from = ReversePath::parse("a@example.org").expect("a path");
    let to = Recipient::new(ForwardPath::parse("b@example.com").expect("a path"));
    let mut delivery = spool.begin(&Envelope::new("mx.example.com", from, vec![to])).expect("begun");
    message.chunks(16 * 1024).for_each(|piece| delivery.write(piece).expect("written"));
    delivery.finish().expect("stored");
}
