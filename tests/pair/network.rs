//! A way between two ends that takes its time and cuts what it carries.

use crate::random::Random;
use std::collections::VecDeque;
use std::time::Duration;

/// One direction.
pub struct Link {
    segments: VecDeque<(Duration, Vec<u8>)>,
    /// What it holds; who sends more has to wait.
    room: usize,
    held: usize,
    longest: usize,
    delay: Duration,
    ended: bool,
}

impl Link {
    pub fn new(room: usize, longest: usize, delay: Duration) -> Link {
        Link { segments: VecDeque::new(), room, held: 0, longest, delay, ended: false }
    }

    /// Takes what fits, cut at random; says how much.
    pub fn send(&mut self, bytes: &[u8], now: Duration, random: &mut Random) -> usize {
        let taken = bytes.len().min(self.room - self.held);
        let mut rest = &bytes[..taken];
        while !rest.is_empty() {
            let (segment, after) = rest.split_at((1 + random.below(self.longest as u64) as usize).min(rest.len()));
            let last = self.segments.back().map_or(Duration::ZERO, |(time, _)| *time);
            self.segments.push_back((last.max(now + random.delay(self.delay)), segment.to_vec()));
            rest = after;
        }
        self.held += taken;
        taken
    }

    /// Hands over one segment that has arrived, or as much of it as fits.
    pub fn receive(&mut self, most: usize, now: Duration) -> Vec<u8> {
        match self.segments.front_mut() {
            Some((time, segment)) if *time <= now => {
                let part: Vec<u8> = segment.drain(..most.min(segment.len())).collect();
                if segment.is_empty() {
                    self.segments.pop_front();
                }
                self.held -= part.len();
                part
            }
            _ => Vec::new(),
        }
    }

    /// The sender has nothing more to say, ever.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// All has been received, and nothing will come.
    pub fn is_over(&self) -> bool {
        self.ended && self.segments.is_empty()
    }

    /// When something arrives that has not yet.
    pub fn next(&self, now: Duration) -> Option<Duration> {
        self.segments.front().map(|(time, _)| *time).filter(|time| *time > now)
    }
}
