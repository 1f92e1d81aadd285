//! The options of the guide's chapter 2, as the program's macros have them.
#![allow(non_camel_case_types, clippy::upper_case_acronyms)]

use crate::client::Timeouts;
use crate::faces::rtos::{ULONG, duration};
use std::time::Duration;

/// What the header hands over of the macros that an application may define before it includes it. Times are in ticks of
/// 10 ms, 0xFFFFFFFF means without end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HELO_NX_SMTP_CLIENT_OPTIONS {
    /// sizeof this struct.
    pub size: ULONG,
    /// NX_SMTP_CLIENT_CONNECTION_TIMEOUT.
    pub connection_timeout: ULONG,
    /// NX_SMTP_CLIENT_DISCONNECT_TIMEOUT: how long the answer to QUIT is waited for, 5 s at most.
    pub disconnect_timeout: ULONG,
    /// NX_SMTP_GREETING_TIMEOUT.
    pub greeting_timeout: ULONG,
    /// NX_SMTP_ENVELOPE_TIMEOUT.
    pub envelope_timeout: ULONG,
    /// NX_SMTP_MESSAGE_TIMEOUT.
    pub message_timeout: ULONG,
    /// NX_SMTP_CLIENT_SEND_TIMEOUT: the longest pause while the message is taken.
    pub send_timeout: ULONG,
    /// NX_SMTP_CLIENT_MAX_USERNAME: the longest user name, and the longest domain.
    pub max_username: ULONG,
    /// NX_SMTP_CLIENT_MAX_PASSWORD: the longest password.
    pub max_password: ULONG,
}

impl Default for HELO_NX_SMTP_CLIENT_OPTIONS {
    /// The guide's defaults.
    fn default() -> Self {
        const SECOND: ULONG = 100;
        HELO_NX_SMTP_CLIENT_OPTIONS {
            size: size_of::<Self>() as ULONG,
            connection_timeout: 10 * SECOND,
            disconnect_timeout: 5 * SECOND,
            greeting_timeout: 10 * SECOND,
            envelope_timeout: 10 * SECOND,
            message_timeout: 30 * SECOND,
            send_timeout: 5 * SECOND,
            max_username: 40,
            max_password: 20,
        }
    }
}

impl HELO_NX_SMTP_CLIENT_OPTIONS {
    /// The limits of time for the engine.
    pub(super) fn timeouts(&self) -> Timeouts {
        Timeouts {
            connect: limit(self.connection_timeout),
            greeting: limit(self.greeting_timeout),
            reply: limit(self.envelope_timeout),
            // One limit for the answer to DATA and for the pauses while the message is taken.
            data: limit(self.envelope_timeout).max(limit(self.send_timeout)),
            message: limit(self.message_timeout),
        }
    }

    /// How long the answer to QUIT is waited for.
    pub(super) fn farewell(&self) -> Duration {
        limit(self.disconnect_timeout)
    }
}

fn limit(ticks: ULONG) -> Duration {
    if ticks == ULONG::MAX { Duration::MAX } else { duration(ticks) }
}
