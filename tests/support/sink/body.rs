//! The body on its way in: the end of DATA, the stuffed dots, the sum of its bytes.

/// FNV-1a with 64 bits, over bytes in any pieces: enough to see that two bodies are the same.
#[derive(Clone, Copy, Debug)]
pub struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Hash(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    pub fn add(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    }

    pub fn value(self) -> u64 {
        self.0
    }
}

/// The hash of a whole body.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hash = Hash::default();
    hash.add(bytes);
    hash.value()
}

/// Finds the end of DATA and takes the stuffed dots out. Only CRLF.CRLF ends it, and a dot is stuffed only after CRLF.
#[derive(Default)]
pub struct DataScanner {
    /// The last bytes seen, when they may be the beginning of CRLF.CRLF: how many of its bytes have matched. The body
    /// begins as if a CRLF had come before it.
    matched: usize,
}

const END: &[u8; 5] = b"\r\n.\r\n";

impl DataScanner {
    pub fn new() -> Self {
        DataScanner { matched: 2 }
    }

    /// Looks through `input` and gives the bytes of the body to `take`; returns how many bytes of the input were used
    /// and whether the end was among them.
    pub fn scan(&mut self, input: &[u8], mut take: impl FnMut(&[u8])) -> (usize, bool) {
        let mut at = 0;
        while at < input.len() {
            if self.matched == 0 {
                // Everything up to the next CR is body.
                let next = memchr::memchr(b'\r', &input[at..]).map_or(input.len(), |offset| at + offset);
                // A CR LF without a dot after it, the usual line, is skipped here without going through the states.
                let next = skip_plain_lines(input, next);
                take(&input[at..next]);
                at = next;
                if at == input.len() {
                    break;
                }
            }
            let byte = input[at];
            if byte == END[self.matched] {
                self.matched += 1;
                at += 1;
                match self.matched {
                    // The CRLF belongs to the body whether or not it is followed by the end.
                    2 => take(b"\r\n"),
                    5 => return (at, true),
                    _ => {}
                }
                continue;
            }
            match self.matched {
                1 => take(b"\r"),
                // After the dot: a stuffed one, which is dropped; with a CR after it, that is body.
                4 => take(b"\r"),
                _ => {}
            }
            // `byte` itself is looked at again from the beginning.
            self.matched = 0;
        }
        (at, false)
    }
}

/// From a CR at `at` on, goes over CRLFs that no dot follows to the first CR that needs a look, or to the end.
fn skip_plain_lines(input: &[u8], mut at: usize) -> usize {
    while let Some([b'\r', b'\n', third, ..]) = input.get(at..) {
        if *third == b'.' {
            break;
        }
        at = memchr::memchr(b'\r', &input[at + 2..]).map_or(input.len(), |offset| at + 2 + offset);
    }
    at
}
