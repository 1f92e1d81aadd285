//! Status codes and constants, with the values of the original's header. `nx_smtp_client.h` defines them from here.

/// 0xA0: the server refused the name and password.
pub const NX_SMTP_AUTHENTICATION_ERROR: u32 = 0xA0;
/// 0xA1: the mail is larger than the server takes.
pub const NX_SMTP_OVERSIZE_MAIL_DATA: u32 = 0xA1;
/// 0xA2: what the server says is not SMTP.
pub const NX_SMTP_INVALID_SERVER_REPLY: u32 = 0xA2;
/// 0xA3: the system failed, or the site's policy file is wrong.
pub const NX_SMTP_INTERNAL_ERROR: u32 = 0xA3;
/// 0xA4: the server refused what stands in no other row.
pub const NX_SMTP_SERVER_ERROR_CODE_RECEIVED: u32 = 0xA4;
/// 0xA5: a parameter that is not a pointer: empty, too long, not an address, not a port.
pub const NX_SMTP_INVALID_PARAM: u32 = 0xA5;
/// 0xA6: no memory.
pub const NX_SMTP_PACKET_ALLOCATE_ERROR: u32 = 0xA6;
/// 0xA7: no greeting came, or the server is not ready.
pub const NX_SMTP_GREET_REPLY_ERROR: u32 = 0xA7;
/// 0xA8: no answer to EHLO and HELO, or they were refused.
pub const NX_SMTP_HELLO_REPLY_ERROR: u32 = 0xA8;
/// 0xA9: no answer to MAIL, or the sender was refused.
pub const NX_SMTP_MAIL_REPLY_ERROR: u32 = 0xA9;
/// 0xAA: no answer to RCPT, or the recipient was refused.
pub const NX_SMTP_RCPT_REPLY_ERROR: u32 = 0xAA;
/// 0xAB: the message was refused, or the answer to its end did not come: then it may have been delivered, and sending
/// it again may duplicate it.
pub const NX_SMTP_MESSAGE_REPLY_ERROR: u32 = 0xAB;
/// 0xAC: no answer to DATA, or it was refused, or the connection was lost in the message.
pub const NX_SMTP_DATA_REPLY_ERROR: u32 = 0xAC;
/// 0xAD: no answer to AUTH, or the server does not know it.
pub const NX_SMTP_AUTH_REPLY_ERROR: u32 = 0xAD;
/// 0xAE: the server lacks an extension that the mail needs, such as SMTPUTF8.
pub const NX_SMTP_SERVER_ERROR_REPLY: u32 = 0xAE;
/// 0xAF: the system could not send.
pub const NX_SMTP_TRANSMIT_ERROR: u32 = 0xAF;
/// 0xB0: the server's challenge cannot be answered.
pub const NX_SMTP_INVALID_SERVER_CHALLENGE: u32 = 0xB0;
/// 0xB1: kept for old programs; an oversize reply is NX_SMTP_INVALID_SERVER_REPLY here.
pub const NX_SMTP_OVERSIZE_SERVER_REPLY: u32 = 0xB1;
/// 0xB2: the client was not created, or was deleted.
pub const NX_SMTP_CLIENT_NOT_INITIALIZED: u32 = 0xB2;
/// 0xB2: the same, as the original's header spells it.
pub const NX_SMTP_CLIENT_NOT_INTIALIZED: u32 = 0xB2;

/// The magic number of a client.
pub const NX_SMTP_CLIENT_ID: u32 = 0x534D_5450;
/// Priority: shown as one that can wait.
pub const NX_SMTP_MAIL_PRIORITY_LOW: u32 = 1;
/// Priority: not shown.
pub const NX_SMTP_MAIL_PRIORITY_NORMAL: u32 = 2;
/// Priority: shown as urgent.
pub const NX_SMTP_MAIL_PRIORITY_HIGH: u32 = 4;
/// Authentication: LOGIN.
pub const NX_SMTP_CLIENT_AUTH_LOGIN: u32 = 1;
/// Authentication: CRAM-MD5, which does not show the password.
pub const NX_SMTP_CLIENT_AUTH_CRAM_MD5: u32 = 2;
/// Authentication: PLAIN, also for every number that is not in this list.
pub const NX_SMTP_CLIENT_AUTH_PLAIN: u32 = 3;
/// Authentication: none; user name and password may be NULL.
pub const NX_SMTP_CLIENT_AUTH_NONE: u32 = 0xFFFF;
