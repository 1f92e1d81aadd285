//! What stands for TLS in a build without it: a handshake that cannot be begun.

use super::{LACKING, Options};
use crate::error::{Cause, Error, Phase, Result};
use crate::net::transport::{Readiness, Source, Transport};
use crate::net::wait::{Interest, Waker};
use core::convert::Infallible;

/// Nothing: no certificate is looked at in this build.
pub fn distrust_environment() {}

/// How a server shows itself, of which there is no way in this build.
#[derive(Clone, Debug)]
pub struct ServerConfig(Infallible);

/// A handshake, of which there are none in this build.
pub struct Handshake(Infallible);

impl Handshake {
    /// An error, always.
    pub fn client(_: Box<dyn Transport>, _: Option<&str>, _: &Options) -> Result<Handshake> {
        Err(Error::new(Phase::Tls, Cause::NotSupported, LACKING))
    }

    /// Never called: there is no configuration.
    pub fn server(_: Box<dyn Transport>, config: &ServerConfig) -> Result<Handshake> {
        match config.0 {}
    }

    /// Never called: there is none.
    pub fn version_and_cipher(&self) -> (String, String) {
        match self.0 {}
    }

    /// Never called: there is none.
    pub fn advance(&mut self) -> Result<Option<Box<dyn Transport>>> {
        match self.0 {}
    }

    /// Never called: there is none.
    pub fn is_lack(&self) -> bool {
        match self.0 {}
    }

    /// Never called: there is none.
    pub fn taken(&self) -> usize {
        match self.0 {}
    }

    /// Never called: there is none.
    pub fn waits<'a>(&'a self, _: &mut Vec<(Source<'a>, Interest)>) {
        match self.0 {}
    }

    /// Never called: there is none.
    pub fn set_waker(&mut self, _: &Waker) {
        match self.0 {}
    }

    /// Never called: there is none.
    pub fn woken(&mut self, _: Readiness) {
        match self.0 {}
    }

    /// Never called: there is none.
    pub fn abort(&mut self) {
        match self.0 {}
    }

    /// Never called: there is none.
    pub fn peer(&self) -> String {
        match self.0 {}
    }

    /// Never called: there is none.
    pub fn certificate(&self) -> Option<String> {
        match self.0 {}
    }

    /// Never called: there is none.
    pub fn agreed(&self) -> String {
        match self.0 {}
    }
}
