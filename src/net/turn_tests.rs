use super::transport::Source;
use super::turn;
use super::wait::{Cancel, Interest, Waited, wait};
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(10);

fn count_to(end: u32) -> Rc<Cell<u32>> {
    let runs = Rc::new(Cell::new(0));
    let counted = runs.clone();
    let function = move || {
        counted.set(counted.get() + 1);
        counted.get() < end
    };
    turn::set(Some((Rc::new(function), INTERVAL)));
    runs
}

fn idle(cancel: &Cancel, patience: Duration) -> Waited {
    wait(Source::Notified, Interest::NONE, Some(Instant::now() + patience), cancel, &mut ())
}

#[test]
fn it_is_called_while_its_thread_waits_and_may_end_the_wait() {
    let runs = count_to(3);
    let (started, cancel) = (Instant::now(), Cancel::new());
    assert_eq!(idle(&cancel, Duration::from_secs(30)), Waited::Cancelled);
    assert!(started.elapsed() >= 3 * INTERVAL);
    assert!(cancel.is_cancelled());
    assert_eq!(runs.get(), 3);
    // Another thread has none.
    let other = || idle(&Cancel::new(), 3 * INTERVAL);
    assert_eq!(std::thread::spawn(other).join().expect("no panic"), Waited::Deadline);
    turn::set(None);
    assert_eq!(idle(&Cancel::new(), 3 * INTERVAL), Waited::Deadline);
    assert_eq!(runs.get(), 3);
}

#[test]
fn it_may_wait_itself_and_replace_itself() {
    let runs = Rc::new(Cell::new(0));
    let counted = runs.clone();
    let function = move || {
        counted.set(counted.get() + 1);
        if counted.get() == 1 {
            assert_eq!(idle(&Cancel::new(), 3 * INTERVAL), Waited::Cancelled);
            return true;
        }
        turn::set(None);
        false
    };
    turn::set(Some((Rc::new(function), INTERVAL)));
    assert_eq!(idle(&Cancel::new(), 5 * INTERVAL), Waited::Deadline);
    assert_eq!(runs.get(), 2);
}
