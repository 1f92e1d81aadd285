//! Bodies of 20 MB by DATA (dots are looked for) and by BDAT (they are not).

use crate::native::{deliver, message, sink};
use crate::table::{Table, best, timed};
use helo::faces::helo::HeloLevel;

const SIZE: usize = 20 * 1024 * 1024;
const COUNT: usize = 5;

pub fn measure(table: &mut Table) {
    let body = message(SIZE);
    for (chunking, name) in [(false, "DATA"), (true, "BDAT")] {
        let sink = sink(chunking);
        let time = best(3, || timed(|| deliver(sink.port(), HeloLevel::Envelope, COUNT, &body)));
        assert_eq!(sink.bytes(), (3 * COUNT * SIZE) as u64, "every byte has arrived");
        let rate = (COUNT * SIZE) as f64 / 1e6 / time.as_secs_f64();
        table.row(format!("a body of 20 MB by {name}"), format!("{rate:.0} MB/s"), "");
    }
}
