//! Counts how many servers a mail has passed, while it comes.

use memchr::memchr;

const NAME: &[u8; 8] = b"received";

/// Counts Received fields in the header of a message.
#[derive(Debug, Default)]
pub(super) struct Hops {
    count: usize,
    /// The first octets of the line that has begun.
    front: [u8; NAME.len()],
    front_len: usize,
    /// The line is the field's name and blanks so far, which may stand before the colon (RFC 5322 section 4.5.8).
    named: bool,
    /// The empty line has come.
    header_over: bool,
}

impl Hops {
    /// How many there are so far, with this piece.
    pub fn push(&mut self, mut piece: &[u8]) -> usize {
        while !self.header_over && !piece.is_empty() {
            let end = memchr(b'\n', piece);
            let (line, rest) = piece.split_at(end.map_or(piece.len(), |end| end + 1));
            piece = rest;
            let (name, behind) = line.split_at(line.len().min(NAME.len() - self.front_len));
            for &octet in name {
                self.front[self.front_len] = octet;
                self.front_len += 1;
                self.named = self.front_len == NAME.len() && self.front.eq_ignore_ascii_case(NAME);
            }
            if self.named
                && let Some(octet) = behind.iter().find(|octet| !matches!(octet, b' ' | b'\t'))
            {
                self.count += usize::from(*octet == b':');
                self.named = false;
            }
            if end.is_some() {
                self.header_over = matches!(&self.front[..self.front_len], b"\n" | b"\r\n");
                (self.front_len, self.named) = (0, false);
            }
        }
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_in_the_header_only_at_every_split() {
        let message = "Received: a\r\n b\r\nRECEIVED:x\r\nNot-Received: y\r\n received: z\r\nX: received:\r\n\
                       received:\r\nReceived\r\n\r\nReceived: no\r\n";
        for size in 1..message.len() {
            let mut hops = Hops::default();
            let counts: Vec<usize> = message.as_bytes().chunks(size).map(|piece| hops.push(piece)).collect();
            assert_eq!(counts.last(), Some(&3), "by {size}");
        }
    }

    /// RFC 5322 section 4.5.8 lets blanks stand before the colon.
    #[test]
    fn blanks_before_the_colon() {
        let message = "Received : a\r\nreceived\t \t:b\r\nRECEIVED   :\r\nReceived x: c\r\nReceived\r\n : d\r\n\
                       Receive d: e\r\nReceivedx : f\r\n\r\nReceived : no\r\n";
        for size in 1..message.len() {
            let mut hops = Hops::default();
            let counts: Vec<usize> = message.as_bytes().chunks(size).map(|piece| hops.push(piece)).collect();
            assert_eq!(counts.last(), Some(&3), "by {size}");
        }
    }

    #[test]
    fn messages_without_a_header_or_an_end_of_it() {
        assert_eq!(Hops::default().push(b"\r\nReceived: a\r\n"), 0);
        assert_eq!(Hops::default().push(b"Received: a\r\nReceived:"), 2);
        assert_eq!(Hops::default().push(b"Received"), 0);
        assert_eq!(Hops::default().push(&[b'x'; 100_000]), 0);
    }
}
