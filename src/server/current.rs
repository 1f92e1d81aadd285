//! What may be another from now on: a certificate that was renewed, users that were added.

use crate::net::lock::Mutex;
use std::sync::Arc;

/// What is in force now. Clones change together. Whoever has got it keeps what it was.
pub struct Current<T>(Arc<Mutex<Arc<T>>>);

impl<T> Current<T> {
    /// This is in force.
    pub fn new(now: impl Into<Arc<T>>) -> Current<T> {
        Current(Arc::new(Mutex::new(now.into())))
    }

    /// What is in force.
    pub fn get(&self) -> Arc<T> {
        self.0.lock().clone()
    }

    /// From now on this is.
    pub fn put(&self, next: impl Into<Arc<T>>) {
        *self.0.lock() = next.into();
    }
}

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Current(self.0.clone())
    }
}

impl<T> From<T> for Current<T> {
    fn from(now: T) -> Self {
        Current::new(now)
    }
}
