/* Generated from src/faces/helo: do not edit. make headers writes it anew. */
/*
 * libhelo's own API: what the old mail libraries' APIs cannot say.
 *
 *     helo_delivery d = helo_new("smtp://mail.example.com:25");
 *     uint32_t mail;
 *     helo_add_mail(d, "alice@example.com", &mail);
 *     helo_add_recipient(d, mail, "bob@example.org", NULL);
 *     helo_set_body_file(d, mail, "message.eml");
 *     if (helo_run(d) != HELO_OK)
 *         fprintf(stderr, "%s\n", helo_last_error());
 *     helo_free(d);
 *
 * A delivery is a list of mails and how to send it. helo_run() sends the list and gives every recipient a result: by a
 * callback while it runs, and from helo_get_result() afterwards. All functions may be called with anything as a handle
 * and NULL as any pointer; texts are UTF-8, end in a NUL and are copied before the call returns.
 *
 * Programs of the old APIs find here what those cannot say: helo_last_error() and helo_last_failure() tell why any call
 * failed, helo_watch() shows the traffic, helo_on_wait() has them called while a call waits, helo_set_key() and helo_policy_file() change what the site's policy says.
 *
 * The other way round, a program takes mail:
 *
 *     helo_server s = helo_server_new();
 *     helo_server_set(s, "listen", "*:25");
 *     helo_server_set(s, "domains", "example.com");
 *     helo_server_set(s, "maildir", "/var/mail/incoming");
 *     if (helo_server_start(s) != HELO_OK)
 *         fprintf(stderr, "%s\n", helo_last_error());
 *     helo_server_wait(s, HELO_FOREVER);
 *
 * helo_server_set_spool() has functions of the program take the mail instead, helo_server_on_ask() has them decide who may
 * come in, helo_server_set_users() who may log in. A build without the feature native-server lacks these calls.
 *
 * "Outcome unknown" (HELO_CAUSE_OUTCOME_UNKNOWN) means: the whole message went out and the connection broke before the
 * answer came. The server may have it or not. Sending it again may make a duplicate.
 */
#ifndef HELO_HELO_H
#define HELO_HELO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A delivery as the handle of helo_set_key() and helo_watch(). */
#define HELO_HANDLE(delivery) ((const void *)(size_t)(delivery))

/* No end to helo_server_wait(). */
#define HELO_FOREVER 0xffffffffu

/**
 * What the functions of a transport return when nothing can be read or written now.
 */
#define HELO_TRY_AGAIN -1

/**
 * What a function of the library returns.
 *
 * For everything but HELO_OK, helo_last_error() says in words what is wrong and what to do.
 *
 */
typedef enum helo_status {
  /**
   * Done. From helo_run(): every recipient's mail was taken by the server.
   */
  HELO_OK = 0,
  /**
   * The run is over and at least one recipient's mail was not taken: the results say whose and why.
   */
  HELO_FAILED = 1,
  /**
   * The handle is no delivery, or no server where one is wanted: never given out, or freed.
   */
  HELO_BAD_HANDLE = 2,
  /**
   * An argument cannot be used: NULL, out of range, not an address, ... Nothing has changed and nothing was sent.
   */
  HELO_BAD_ARGUMENT = 3,
  /**
   * The delivery is running: this call must wait until helo_run() has returned. A server likewise: until it has been
   * stopped.
   */
  HELO_IN_PROGRESS = 4,
  /**
   * There is no result yet.
   */
  HELO_NO_RESULT = 5,
  /**
   * helo_cancel() ended the run. What was confirmed before stays confirmed: see the results.
   */
  HELO_CANCELLED = 6,
  /**
   * No memory, or a limit of the library is reached.
   */
  HELO_NO_MEMORY = 7,
  /**
   * This version of the library cannot do that.
   */
  HELO_NOT_SUPPORTED = 8,
  /**
   * A defect of the library: please report what helo_last_error() says.
   */
  HELO_INTERNAL = 9,
  /**
   * The site's policy cannot be used, or the keys that were set do not go together: helo_last_error() names file, line
   * and key. Nothing was sent, and mails stay where they are.
   */
  HELO_BAD_POLICY = 10
} helo_status;

/**
 * Why a recipient's mail was not taken.
 */
typedef enum helo_cause {
  /**
   * It was taken: there is nothing to explain.
   */
  HELO_CAUSE_NONE = 0,
  /**
   * The time allowed for the phase has passed.
   */
  HELO_CAUSE_TIMED_OUT = 1,
  /**
   * The server said no: the reply's code and text say why. 4xx: try again later. 5xx: do not.
   */
  HELO_CAUSE_REFUSED = 2,
  /**
   * The connection was lost.
   */
  HELO_CAUSE_BROKEN_OFF = 3,
  /**
   * Something cannot be sent as it is.
   */
  HELO_CAUSE_BAD_ARGUMENT = 4,
  /**
   * A call out of order.
   */
  HELO_CAUSE_BAD_SEQUENCE = 5,
  /**
   * Cancelled by the program.
   */
  HELO_CAUSE_CANCELLED = 6,
  /**
   * What the server sent is not SMTP, or beyond a limit.
   */
  HELO_CAUSE_PROTOCOL = 7,
  /**
   * No memory.
   */
  HELO_CAUSE_NO_MEMORY = 8,
  /**
   * The server's name does not resolve.
   */
  HELO_CAUSE_UNKNOWN_HOST = 9,
  /**
   * The system gave no socket.
   */
  HELO_CAUSE_NO_SOCKET = 10,
  /**
   * The socket could not be bound to the local address.
   */
  HELO_CAUSE_NO_BIND = 11,
  /**
   * No address of the server took the connection.
   */
  HELO_CAUSE_NOT_RESPONDING = 12,
  /**
   * The proxy refused, or does not speak its protocol.
   */
  HELO_CAUSE_PROXY = 13,
  /**
   * The system could not take outgoing data.
   */
  HELO_CAUSE_CANNOT_SEND = 14,
  /**
   * The server lacks an extension that the mail needs.
   */
  HELO_CAUSE_NOT_SUPPORTED = 15,
  /**
   * The whole message was sent and the answer to it did not come: delivered or not, nobody here knows. Sending it
   * again may make a duplicate, not sending it may lose it: let a person or the recipient decide.
   */
  HELO_CAUSE_OUTCOME_UNKNOWN = 16,
  /**
   * The mail was not begun, or not ended: certainly not delivered, safe to send again.
   */
  HELO_CAUSE_UNSENT = 17,
  /**
   * The body could not be read.
   */
  HELO_CAUSE_SOURCE = 18,
  /**
   * Another operation is running on the same connection.
   */
  HELO_CAUSE_IN_PROGRESS = 19,
  /**
   * TLS failed.
   */
  HELO_CAUSE_TLS = 20,
  /**
   * The site's policy forbids it or is itself wrong.
   */
  HELO_CAUSE_POLICY = 21
} helo_cause;

/**
 * Where in a session something happened. Also whose deadline helo_set_timeout() sets.
 */
typedef enum helo_phase {
  /**
   * Nowhere. For helo_set_timeout(): all phases.
   */
  HELO_PHASE_NONE = 0,
  /**
   * Looking up the name and connecting.
   */
  HELO_PHASE_CONNECT = 1,
  /**
   * Waiting for the server's greeting.
   */
  HELO_PHASE_GREETING = 2,
  /**
   * The TLS handshake.
   */
  HELO_PHASE_TLS = 3,
  /**
   * EHLO, HELO or LHLO.
   */
  HELO_PHASE_HELLO = 4,
  /**
   * AUTH.
   */
  HELO_PHASE_AUTH = 5,
  /**
   * MAIL: the sender.
   */
  HELO_PHASE_MAIL = 6,
  /**
   * RCPT: a recipient.
   */
  HELO_PHASE_RCPT = 7,
  /**
   * DATA, the body, and chunks before the last.
   */
  HELO_PHASE_DATA = 8,
  /**
   * The answer to the end of the message.
   */
  HELO_PHASE_MESSAGE = 9,
  /**
   * Another command.
   */
  HELO_PHASE_COMMAND = 10,
  /**
   * QUIT and closing.
   */
  HELO_PHASE_QUIT = 11
} helo_phase;

/**
 * How a client speaks.
 */
typedef enum helo_protocol {
  /**
   * No mail is under way.
   */
  HELO_PROTOCOL_NONE = 0,
  /**
   * SMTP after HELO.
   */
  HELO_PROTOCOL_SMTP = 1,
  /**
   * SMTP after EHLO.
   */
  HELO_PROTOCOL_ESMTP = 2,
  /**
   * LMTP: an answer for each recipient.
   */
  HELO_PROTOCOL_LMTP = 3
} helo_protocol;

/**
 * What MAIL said of the body.
 */
typedef enum helo_body {
  /**
   * 7BIT, or nothing.
   */
  HELO_BODY_SEVEN_BIT = 0,
  /**
   * 8BITMIME.
   */
  HELO_BODY_EIGHT_BIT = 1,
  /**
   * BINARYMIME: not in lines.
   */
  HELO_BODY_BINARY = 2
} helo_body;

/**
 * What a program is asked, see helo_server_on_ask().
 */
typedef enum helo_ask {
  /**
   * A client has connected: the peer is known.
   */
  HELO_ASK_CONNECTION = 0,
  /**
   * It says hello; its name stands in `about`. It may do so again, after STARTTLS for one.
   */
  HELO_ASK_HELLO = 1,
  /**
   * A mail begins: the sender and its parameters are known.
   */
  HELO_ASK_SENDER = 2,
  /**
   * One more recipient, in `about` and `about_parameters`.
   */
  HELO_ASK_RECIPIENT = 3,
  /**
   * The message has come whole: all recipients and `octets` are known. A yes lets the spool confirm it.
   */
  HELO_ASK_MESSAGE = 4,
  /**
   * VRFY: does the address in `about` exist? 250 and 251 say yes, 252 (which 0 stands for) that it will be tried; with the
   * text of the reply.
   */
  HELO_ASK_VERIFY = 5,
  /**
   * EXPN: who is on the list in `about`? 250 with a line for each. Without a function it is refused.
   */
  HELO_ASK_EXPAND = 6
} helo_ask;

/**
 * What happened, for the log of a server.
 */
typedef enum helo_event {
  /**
   * A session begins.
   */
  HELO_EVENT_CONNECTED = 0,
  /**
   * TLS is on.
   */
  HELO_EVENT_SECURED = 1,
  /**
   * TLS could not begin.
   */
  HELO_EVENT_NOT_SECURED = 2,
  /**
   * The client has logged in.
   */
  HELO_EVENT_AUTHENTICATED = 3,
  /**
   * It could not.
   */
  HELO_EVENT_NOT_AUTHENTICATED = 4,
  /**
   * A mail is in the spool, confirmed.
   */
  HELO_EVENT_TAKEN = 5,
  /**
   * Something was refused: the line says what and why.
   */
  HELO_EVENT_REFUSED = 6,
  /**
   * The client took too long.
   */
  HELO_EVENT_TIMED_OUT = 7,
  /**
   * The client has closed the connection without QUIT.
   */
  HELO_EVENT_CLOSED = 8,
  /**
   * The connection was lost.
   */
  HELO_EVENT_LOST = 9,
  /**
   * The session is over.
   */
  HELO_EVENT_ENDED = 10,
  /**
   * Something that concerns the server as a whole.
   */
  HELO_EVENT_NOTICE = 11
} helo_event;

/**
 * What a trace callback is shown.
 */
typedef enum helo_trace {
  /**
   * Sent to the server.
   */
  HELO_TRACE_SENT = 0,
  /**
   * Received from the server.
   */
  HELO_TRACE_RECEIVED = 1,
  /**
   * A remark of the library.
   */
  HELO_TRACE_NOTE = 2
} helo_trace;

/**
 * Whose handle is meant, where a function takes handles of any of the library's APIs.
 */
typedef enum helo_face {
  /**
   * No handle in particular: everything that the library does in this process.
   */
  HELO_FACE_ALL = 0,
  /**
   * This header: a helo_delivery, as HELO_HANDLE(delivery).
   */
  HELO_FACE_HELO = 1,
  /**
   * d32-smtp.h: the handle of a connection.
   */
  HELO_FACE_DISTINCT = 2,
  /**
   * nx_smtp_client.h: the address of an NX_SMTP_CLIENT.
   */
  HELO_FACE_NETX_CLIENT = 3
} helo_face;

/**
 * How much is sent before the answers to it are in.
 */
typedef enum helo_level {
  /**
   * Every command waits for its reply.
   */
  HELO_LEVEL_NONE = 0,
  /**
   * One round trip a mail, by the letter of RFC 2920 and RFC 3030. This is the default.
   */
  HELO_LEVEL_ENVELOPE = 1,
  /**
   * Mail after mail without waiting, where the server has PIPELINING and CHUNKING; else as HELO_LEVEL_ENVELOPE. The
   * fastest by far. For servers that you know: one that does not read a refused chunk away, against RFC 3030, would
   * take the text of the mail for commands.
   */
  HELO_LEVEL_FULL = 2
} helo_level;

/**
 * What is spoken on a connection that helo_server_serve() is given.
 */
typedef enum helo_serve {
  /**
   * SMTP.
   */
  HELO_SERVE_SMTP = 0,
  /**
   * SMTP with TLS from the first byte.
   */
  HELO_SERVE_SMTPS = 1,
  /**
   * LMTP.
   */
  HELO_SERVE_LMTP = 2
} helo_serve;

/**
 * The handle of a delivery: a list of mails and how to send it. Never 0. Any thread may use it, one at a time or many
 * at once; while helo_run() is at work, calls that would change it return HELO_IN_PROGRESS.
 *
 * In a child process made by fork() the parent's deliveries are bad handles: make deliveries after it.
 */
typedef uint32_t helo_delivery;

/**
 * Fills `buffer` with at most `size` bytes and returns how many; 0 at the end. Negative: it failed. A transport's
 * function returns HELO_TRY_AGAIN when nothing is there now; a body's function waits instead.
 */
typedef ptrdiff_t (*helo_read_fn)(void *user, void *buffer, size_t size);

/**
 * What became of one recipient of one mail.
 *
 * A program built with an older header may get the front part only, one built with a newer header finds the rest
 * zeroed: `size` says how much there is.
 */
typedef struct helo_result {
  /**
   * For helo_get_result(): set it to sizeof(helo_result) before the call.
   */
  size_t size;
  /**
   * The number of the mail.
   */
  uint32_t mail;
  /**
   * The number of the recipient within the mail.
   */
  uint32_t recipient;
  /**
   * 1: the server has taken the mail for this recipient. 0: it has not, or nobody knows.
   */
  int delivered;
  /**
   * Why not.
   */
  enum helo_cause cause;
  /**
   * Where it went wrong.
   */
  enum helo_phase phase;
  /**
   * The reply code that decided it, such as 250 or 550; 0 if no reply did: lost, timed out, cancelled, no SMTP, outcome
   * unknown. Of mails that were not sent since the server refuses to go on (421), it is that reply's.
   */
  int code;
  /**
   * The reply's enhanced status code (RFC 3463), such as 5.1.1: three numbers, all 0 if there was none. HELO_CAUSE_REFUSED
   * with code 0 and 5.3.4: the message is larger than the server says that it takes (SIZE), so it was not asked; it
   * would not take it later either.
   */
  int enhanced_class;
  /**
   * Its second number.
   */
  int enhanced_subject;
  /**
   * Its third number.
   */
  int enhanced_detail;
  /**
   * The server's words, or the library's when the server said nothing. After a failure there stands behind them which
   * recipient and which server it was, who sent the program there (the policy, or that none was found), and what to
   * try next. Never NULL. Valid until helo_clear() or helo_free(); in a callback until it returns.
   */
  const char *text;
} helo_result;

/**
 * How a run stands.
 */
typedef struct helo_progress {
  /**
   * For helo_get_progress(): set it to sizeof(helo_progress) before the call.
   */
  size_t size;
  /**
   * Mails of this run.
   */
  uint64_t mails;
  /**
   * Mails whose recipients all have a result.
   */
  uint64_t mails_done;
  /**
   * Recipients for whom the server has taken the mail.
   */
  uint64_t delivered;
  /**
   * Recipients for whom it has not.
   */
  uint64_t failed;
  /**
   * Bytes handed to the system for sending, commands included.
   */
  uint64_t bytes_sent;
} helo_progress;

/**
 * The handle of a server: what is listened to, who may send, and where mail goes. Never 0, and never that of a delivery.
 * Any thread may use it.
 *
 * In a child process made by fork() the parent's servers are bad handles: make and start servers after it. Stop a server
 * before main() returns, so that mails on their way are finished, and before the program unloads its own callbacks.
 */
typedef uint32_t helo_server;

/**
 * What is known of a session, and of its mail if one is under way. Texts are UTF-8, never NULL and "" where there is
 * nothing; everything is valid until the callback returns. Later versions may add members at the end.
 *
 * What the client says of itself is only what it says: names, addresses and parameters are checked for their form.
 */
typedef struct helo_facts {
  /**
   * sizeof(helo_facts) of the library.
   */
  size_t size;
  /**
   * Whose session.
   */
  helo_server server;
  /**
   * The session's number, as the log has it; no other session of the process has it.
   */
  uint64_t session;
  /**
   * Where the client is: "192.0.2.1:40112", "[2001:db8::1]:40112"; "local" for a path, a descriptor that is no
   * Internet socket, and functions of the program. By the PROXY protocol where the client behind the proxy is.
   */
  const char *peer;
  /**
   * This end of the connection, written in the same way; "" where that is not known.
   */
  const char *local;
  /**
   * The name that the client gave with its hello; "" before.
   */
  const char *hello;
  /**
   * Whom it logged in as; "" if it did not.
   */
  const char *user;
  /**
   * The encryption: "TLSv1.3 TLS_AES_256_GCM_SHA384"; "" without.
   */
  const char *tls;
  /**
   * What the question is about: the name of a hello, the address of a recipient, the words behind VRFY and EXPN.
   */
  const char *about;
  /**
   * The parameters of this recipient (RCPT): "NOTIFY=NEVER ORCPT=rfc822;bob@example.com".
   */
  const char *about_parameters;
  /**
   * The mail's own mark, as the log and Received have it; "" when no mail is under way, and then what follows is empty.
   */
  const char *mail;
  /**
   * SMTP after HELO, SMTP after EHLO, or LMTP.
   */
  enum helo_protocol protocol;
  /**
   * The sender's address without brackets; "" for notifications.
   */
  const char *sender;
  /**
   * The parameters of MAIL, checked: "SIZE=1000 BODY=8BITMIME RET=HDRS".
   */
  const char *parameters;
  /**
   * What MAIL said of the body.
   */
  enum helo_body body;
  /**
   * 1: the message and its addresses may hold UTF-8 everywhere (SMTPUTF8).
   */
  int utf8;
  /**
   * How large MAIL said that the message is, in octets; 0 if it did not. Only a hint.
   */
  uint64_t declared;
  /**
   * How many octets of the message have come: the whole at HELO_ASK_MESSAGE.
   */
  uint64_t octets;
  /**
   * How many recipients were taken.
   */
  uint32_t count;
  /**
   * Their addresses, `count` of them, where the recipients are complete: at HELO_ASK_MESSAGE and in a spool's `begin`.
   * NULL elsewhere.
   */
  const char *const *recipients;
  /**
   * Their parameters, in the same order; NULL where `recipients` is.
   */
  const char *const *recipient_parameters;
} helo_facts;

/**
 * Shown a mail: who sent it to whom, and the message, `length` octets as they came, lines ending in CRLF. All of it is
 * valid until the function returns.
 */
typedef void (*helo_stored_fn)(void *user,
                               const struct helo_facts *facts,
                               const char *message,
                               size_t length);

/**
 * What has happened since the server was made.
 */
typedef struct helo_server_counts {
  /**
   * Set it to sizeof(helo_server_counts) before the call.
   */
  size_t size;
  /**
   * Connections that there are now.
   */
  uint64_t open;
  /**
   * Sessions that have begun.
   */
  uint64_t sessions;
  /**
   * Mails that were confirmed.
   */
  uint64_t mails;
  /**
   * Their octets.
   */
  uint64_t octets;
  /**
   * Connections, hellos, senders, recipients, messages and commands that were refused.
   */
  uint64_t refused;
  /**
   * Logins that succeeded.
   */
  uint64_t logins;
  /**
   * Logins that failed.
   */
  uint64_t logins_failed;
  /**
   * Sessions that came under TLS.
   */
  uint64_t tls;
  /**
   * Handshakes of TLS that failed.
   */
  uint64_t tls_failed;
  /**
   * Clients that took too long.
   */
  uint64_t timeouts;
  /**
   * Connections that broke.
   */
  uint64_t lost;
  /**
   * Times that the certificate or the users were read again: helo_server_reload().
   */
  uint64_t reloads;
  /**
   * Times that they could not be, and the old ones stayed in force.
   */
  uint64_t reloads_failed;
} helo_server_counts;

/**
 * Takes at most `size` bytes and returns how many. HELO_TRY_AGAIN (or 0): none can be taken now. Other negative
 * numbers: the connection is lost.
 */
typedef ptrdiff_t (*helo_write_fn)(void *user, const void *bytes, size_t size);

/**
 * Ends the connection; called exactly once. `abort` 1: at once, dropping what is not sent. 0: in order.
 */
typedef void (*helo_close_fn)(void *user, int abort);

/**
 * A connection to a server that the program has made: functions that must not block, and how to wait for it.
 */
typedef struct helo_transport {
  /**
   * sizeof(helo_transport).
   */
  size_t size;
  /**
   * Handed to the functions.
   */
  void *user;
  /**
   * Reads what has arrived.
   */
  helo_read_fn read;
  /**
   * Writes what can go out now.
   */
  helo_write_fn write;
  /**
   * Ends the connection; may be NULL.
   */
  helo_close_fn close;
  /**
   * A socket (on Windows a SOCKET) or other descriptor that poll() can watch and that stays open until `close` is
   * called; -1 if there is none.
   */
  ptrdiff_t descriptor;
  /**
   * Without a descriptor: try again after so many milliseconds. 0: only after helo_wake().
   */
  uint32_t retry_ms;
} helo_transport;

/**
 * Decides: 0 is yes. A reply code from 400 to 599 is no, 4xx for now and 5xx for good; 421 closes the connection. `text`
 * has room for `size` bytes and begins as ""; what the function writes there, up to a NUL, are the words of the reply: in
 * lines with \n between them, ASCII, beginning with an enhanced code such as "5.1.1" or without. A function that answers
 * with anything else is broken: the client gets 451, and the log says what came.
 */
typedef int (*helo_ask_fn)(void *user,
                           enum helo_ask ask,
                           const struct helo_facts *facts,
                           char *text,
                           size_t size);

/**
 * A mail begins: all its recipients are known. Its answer is that of a helo_ask_fn; after a yes `data`, `end` and
 * `close` get the pointer that it stored in `mail` (NULL unless it did). A refusal answers DATA or the first BDAT, and
 * nothing more is called for this mail.
 */
typedef int (*helo_begin_fn)(void *user,
                             const struct helo_facts *facts,
                             void **mail,
                             char *text,
                             size_t size);

/**
 * The next piece of the message: dots unstuffed, lines ending in CRLF (binary mails: as they are), split anywhere. A
 * refusal gives the mail up: the rest is read and dropped, and this is the answer to its end.
 */
typedef int (*helo_data_fn)(void *user,
                            void *mail,
                            const void *bytes,
                            size_t length,
                            char *text,
                            size_t size);

/**
 * The message is complete. A yes confirms it to the client: from then on it is the program's to keep, so say yes when it
 * is safe. The text of a yes is sent, too: "Saved as 4711".
 */
typedef int (*helo_end_fn)(void *user, void *mail, char *text, size_t size);

/**
 * After `end` has said yes: has this recipient the mail, by the number that he had in `facts`? Over LMTP it is the answer
 * for him. Over SMTP, which has one answer for all, the worst one is sent, "later" before "never".
 */
typedef int (*helo_recipient_fn)(void *user, void *mail, uint32_t recipient, char *text, size_t size);

/**
 * The library has done with a mail, and does not use its pointer again. `abort` 1: it was given up, by a refusal, by the
 * client or because the connection broke: nothing of it may remain. 0: `end` has said yes.
 */
typedef void (*helo_close_mail_fn)(void *user, void *mail, int abort);

/**
 * Functions that take the mail, see helo_server_set_spool(). For one mail they come one after the other, not always on the
 * same thread: `begin`, and after its yes `data` as often as it takes, `end`, `recipient` for each, and in any case
 * `close`, once. After a no of `begin` none of them comes.
 */
typedef struct helo_spool {
  /**
   * sizeof(helo_spool).
   */
  size_t size;
  /**
   * Handed to the functions.
   */
  void *user;
  /**
   * A mail begins.
   */
  helo_begin_fn begin;
  /**
   * A piece of the message.
   */
  helo_data_fn data;
  /**
   * Its end.
   */
  helo_end_fn end;
  /**
   * Each recipient's own answer; may be NULL: that of `end` is for all.
   */
  helo_recipient_fn recipient;
  /**
   * The mail is over; may be NULL.
   */
  helo_close_mail_fn close;
} helo_spool;

/**
 * What is kept about this user? 1: the function has written it into `secret`, which has room for `size` bytes with the
 * NUL: the password, or SCRAM keys as other servers have them ("SCRAM-SHA-256$4096:salt$stored:server"), a line for each
 * kind. 0: there is no such user. Negative: that cannot be said now, and the client is told to try again later.
 *
 * CRAM-MD5 needs passwords; SCRAM, PLAIN and LOGIN go by either.
 */
typedef int (*helo_look_up_fn)(void *user, const char *name, char *secret, size_t size);

/**
 * Is this the user's password? 1 yes, 0 no, negative: that cannot be said now. The password is wiped afterwards.
 */
typedef int (*helo_password_fn)(void *user, const char *name, const char *password);

/**
 * Does this token (OAUTHBEARER, XOAUTH2) stand for the user? The name may be "": then the token alone says whose it is. 1:
 * yes, and `whose`, with room for `size` bytes, names the user unless it is left "". 0: no. Negative: that cannot be said
 * now.
 */
typedef int (*helo_token_fn)(void *user,
                             const char *name,
                             const char *token,
                             char *whose,
                             size_t size);

/**
 * Functions that know the users, see helo_server_set_users(). At least one of the three is needed; what AUTH offers
 * follows from which there are, unless the key "mechanisms" names some.
 */
typedef struct helo_users {
  /**
   * sizeof(helo_users).
   */
  size_t size;
  /**
   * Handed to the functions.
   */
  void *user;
  /**
   * What is kept about a user; with it all mechanisms that passwords or keys are enough for are offered. May be NULL.
   */
  helo_look_up_fn look_up;
  /**
   * Whether a password is right; with it PLAIN and LOGIN. May be NULL: `look_up` says it.
   */
  helo_password_fn password;
  /**
   * Whether a token is good; with it OAUTHBEARER and XOAUTH2. May be NULL.
   */
  helo_token_fn token;
  /**
   * 1: `look_up` gives passwords, not keys. Strangers are then made to cost as much work as such users do.
   */
  int keeps_passwords;
} helo_users;

/**
 * Told what happens, in a line of text without control characters and without secrets. `session` is 0 for what concerns
 * the server as a whole. Called on a thread of the library's own, one line after the other and a moment after it has
 * happened: who waits there loses lines, of which HELO_EVENT_NOTICE tells, and holds up no mail. What one client can bring
 * about as often as it likes is told so often and then only counted. When helo_server_stop(), helo_server_wait() or
 * helo_server_serve() has returned HELO_OK, all lines of before have been told, unless it takes too long for them.
 */
typedef void (*helo_log_fn)(void *user, enum helo_event event, uint64_t session, const char *line);

/**
 * Called with each recipient's result as soon as it is final, on the thread that is in helo_run().
 */
typedef void (*helo_result_fn)(void *user, const struct helo_result *result);

/**
 * Called when a run has moved on, on the thread that is in helo_run().
 */
typedef void (*helo_progress_fn)(void *user, const struct helo_progress *progress);

/**
 * Shown the traffic, on the thread that is in helo_run(): whole lines, or pieces of a message. `connection` counts the
 * connections of the run from 1. `what` is a helo_trace. The bytes do not end in a NUL. Credentials appear as
 * `<hidden>`.
 */
typedef void (*helo_trace_fn)(void *user,
                              uint32_t connection,
                              enum helo_trace what,
                              const char *bytes,
                              size_t length);

/**
 * Called while a call of the library waits. 0: go on. Anything else ends the call that waits.
 */
typedef int (*helo_wait_fn)(void *user);

/**
 * What passes over a connection. Later versions may add members at the end.
 */
typedef struct helo_traffic {
  /**
   * sizeof(helo_traffic) of the library.
   */
  size_t size;
  /**
   * Which API the connection belongs to.
   */
  enum helo_face face;
  /**
   * The connections of this process, counted from 1.
   */
  uint32_t connection;
  /**
   * The handle as the program has it; HELO_HANDLE(delivery) for a delivery. NULL for helo_send_file().
   */
  const void *handle;
  /**
   * Which way it goes.
   */
  enum helo_trace what;
  /**
   * Whole lines, a piece of a message, or a remark. Credentials appear as `<hidden>`. No NUL behind them. Valid until
   * the callback returns.
   */
  const char *bytes;
  /**
   * How many bytes there are.
   */
  size_t length;
} helo_traffic;

/**
 * Shown the traffic of connections, on the thread that drives the connection: mostly that of the program's call, or the
 * library's own while smtp_xhelo makes a connection. It may be called from several threads at once.
 */
typedef void (*helo_traffic_fn)(void *user, const struct helo_traffic *traffic);

/**
 * Where and why the last failing call of this thread failed.
 */
typedef struct helo_failure {
  /**
   * Set it to sizeof(helo_failure) before the call.
   */
  size_t size;
  /**
   * Where it went wrong.
   */
  enum helo_phase phase;
  /**
   * Why.
   */
  enum helo_cause cause;
  /**
   * The reply code that decided it, such as 535; 0 if no reply did.
   */
  int code;
  /**
   * The reply's enhanced status code (RFC 3463), such as 5.7.8: three numbers, all 0 if there was none.
   */
  int enhanced_class;
  /**
   * Its second number.
   */
  int enhanced_subject;
  /**
   * Its third number.
   */
  int enhanced_detail;
} helo_failure;

/**
 * A cause (helo_cause) in words, those of helo_last_error(): "timed out". Never NULL; "unknown" for other numbers.
 */
const char *helo_cause_name(int cause);

/**
 * A phase (helo_phase) in words, those of helo_last_error(): "greeting". Never NULL; "unknown" for other numbers.
 */
const char *helo_phase_name(int phase);

/**
 * A status (helo_status) in words: "bad handle". Never NULL; "unknown" for other numbers.
 */
const char *helo_status_name(int status);

/**
 * Adds a mail from `sender`: `alice@example.com`, or "" for notifications, which have none. Its number, counted from
 * 0, goes to `mail` unless that is NULL.
 *
 * It needs a recipient and a body before helo_run().
 */
enum helo_status helo_add_mail(helo_delivery delivery,
                               const char *sender,
                               uint32_t *mail);

/**
 * Adds a recipient to a mail: `bob@example.com`. Its number within the mail, counted from 0, goes to `number` unless
 * that is NULL.
 */
enum helo_status helo_add_recipient(helo_delivery delivery,
                                    uint32_t mail,
                                    const char *recipient,
                                    uint32_t *number);

/**
 * Sets a parameter of a mail's MAIL command: `RET=HDRS`, `ENVID=...`, `BODY=8BITMIME`, `SMTPUTF8`, `BY=3600;R`,
 * `MT-PRIORITY=3`, `REQUIRETLS`, ... It goes out where the server has the extension, and is left out where that does
 * no harm; `BODY=BINARYMIME`, `BY=...;R` and `REQUIRETLS` are demands, and the mail fails without them. SIZE and
 * SMTPUTF8 are set by the library where they are needed. The values of ENVID and ORCPT are xtext: see helo_xtext().
 */
enum helo_status helo_set_mail_parameter(helo_delivery delivery,
                                         uint32_t mail,
                                         const char *parameter);

/**
 * Sets a parameter of a recipient's RCPT command: `NOTIFY=FAILURE,DELAY`, `ORCPT=rfc822;bob@example.com`, ... As for
 * helo_set_mail_parameter().
 */
enum helo_status helo_set_recipient_parameter(helo_delivery delivery,
                                              uint32_t mail,
                                              uint32_t recipient,
                                              const char *parameter);

/**
 * The message is in memory: headers, an empty line, text. Line ends may be LF or CRLF, dots are the library's business.
 *
 * The bytes are lent, not copied: they stay as they are until the helo_run() that sends them has returned, or until
 * helo_clear() or helo_free().
 */
enum helo_status helo_set_body(helo_delivery delivery,
                               uint32_t mail,
                               const void *bytes,
                               size_t length);

/**
 * The message is in a file, which is opened when the mail's turn comes and read piece by piece. As much of it is sent as
 * there is then: a file that grows ends where it did, one that becomes shorter is an error of its mail (HELO_CAUSE_SOURCE) and
 * nothing of it is delivered. Where the server wants to know the size, the line ends are counted first, in files up to
 * 256 MiB. A pipe or a device is read to its end and has no size.
 */
enum helo_status helo_set_body_file(helo_delivery delivery,
                                    uint32_t mail,
                                    const char *path);

/**
 * The message comes from a function, which is called on the thread that is in helo_run() until it returns 0. It may
 * block, and holds up all mails of the run when it does. A mail whose body began to be read this way is not begun
 * again over another connection when the server closes the first (421).
 */
enum helo_status helo_set_body_callback(helo_delivery delivery,
                                        uint32_t mail,
                                        helo_read_fn function,
                                        void *user);

/**
 * Writes `text` as xtext (RFC 3461) to `buffer`, as the values of ENVID and ORCPT want it. Returns the length that the
 * whole needs without the NUL: if that is `size` or more, the buffer is too small and what was written is cut. 0 if
 * `text` is NULL or not UTF-8.
 */
size_t helo_xtext(const char *text,
                  char *buffer,
                  size_t size);

/**
 * The library's version, such as "0.1.0". The text is the library's own and stays valid.
 */
const char *helo_version(void);

/**
 * Why the last failing call of this thread failed, in words; empty if none has failed. Never NULL. Valid until this
 * thread's next failing call.
 */
const char *helo_last_error(void);

/**
 * From now on this policy file holds for the whole process and all APIs, in place of the one that HELO_CONFIG names or
 * that the user or the system has. NULL: those hold again. The file is read at once, and again whenever it has changed
 * and a connection begins. Connections that are open stay as they are.
 *
 * HELO_BAD_POLICY: the file cannot be used; helo_last_error() names its line and key, and what held before still does.
 */
enum helo_status helo_policy_file(const char *path);

/**
 * The same with the text of a policy file in memory, for programs that keep it elsewhere and for systems without files.
 * It is read at once. NULL as for helo_policy_file(). At most 256 KiB.
 */
enum helo_status helo_policy_text(const char *text);

/**
 * Sets a key of the policy from inside the program: `key` and `value` are what stands left and right of the = in a
 * policy file, such as "tls" and "always". What is set so holds before what the file says, for connections that begin
 * afterwards. `value` NULL: the file's holds again. All keys set for a handle hold together, as one section of a file;
 * those for a handle before those for its API, and these before those for all.
 *
 * `face` (a helo_face) and `handle` say for whom:
 *
 * HELO_FACE_ALL, NULL: for the whole process.
 * A face, NULL: for all handles of this API. With HELO_FACE_DISTINCT set them before smtp_helo, which makes the
 * connection together with the handle; of a handle that is there already only the limits of time can be changed, from
 * its next call on.
 * HELO_FACE_HELO, HELO_HANDLE(delivery): for the next helo_run() of a delivery.
 * HELO_FACE_NETX_CLIENT, the NX_SMTP_CLIENT's address: for the mails that the client sends from now on.
 *
 * HELO_BAD_HANDLE: there is no such handle. HELO_BAD_ARGUMENT: there is no such key, or the value is none of it;
 * helo_last_error() says which would be. Values that do not go together are the connection's error. From any thread.
 */
enum helo_status helo_set_key(int face,
                              const void *handle,
                              const char *key,
                              const char *value);

/**
 * Reads the result of a recipient: `mail` as helo_add_mail() numbered it, `recipient` as helo_add_recipient() did.
 *
 * From any thread, also while a run is at work and from inside callbacks; HELO_NO_RESULT until it is final. Results
 * stay until helo_clear() or helo_free().
 */
enum helo_status helo_get_result(helo_delivery delivery,
                                 uint32_t mail,
                                 uint32_t recipient,
                                 struct helo_result *result);

/**
 * Reads how the run stands, or how the last one ended. From any thread and from inside callbacks.
 */
enum helo_status helo_get_progress(helo_delivery delivery, struct helo_progress *progress);

/**
 * Sends all mails of the delivery that have not been sent by a run before. Returns when each of their recipients has a
 * result: HELO_OK when the server took the mail for all of them, else HELO_FAILED (or HELO_CANCELLED), and
 * helo_last_error() tells of the first failure.
 *
 * HELO_BAD_ARGUMENT when no mail was ever added, or when one has no recipient or no body; HELO_BAD_POLICY when the site's
 * policy or the keys that were set cannot be used. Nothing was sent then, and no connection was made. When all mails
 * have been sent by runs before it is HELO_OK at once.
 *
 * The call blocks; everything happens on the calling thread. Afterwards more mails may be added and run. To send a
 * mail again to whom it could not be sent, add it again.
 */
enum helo_status helo_run(helo_delivery delivery);

/**
 * Sends the message in a file to `count` recipients: a delivery of one mail, made, run and freed. Waits until the
 * server has answered; HELO_OK when it took the mail for every recipient. `server` as for helo_new(), `sender` and
 * `recipients` as for helo_add_mail() and helo_add_recipient().
 */
enum helo_status helo_send_file(const char *server,
                                const char *sender,
                                const char *const *recipients,
                                size_t count,
                                const char *path);

/**
 * How many mails the server keeps by its key "memory": 0 when there are none, or when mail goes elsewhere.
 */
uint32_t helo_server_mail_count(helo_server server);

/**
 * Waits until it keeps so many mails by its key "memory", at most so many milliseconds; HELO_FOREVER for no end.
 *
 * HELO_IN_PROGRESS: the time is over, or this thread is in one of its callbacks. HELO_BAD_ARGUMENT: mail does not go to
 * memory there.
 */
enum helo_status helo_server_wait_mails(helo_server server,
                                        uint32_t count,
                                        uint32_t milliseconds);

/**
 * Shows a mail that it keeps by its key "memory" to a function, on this thread; the mail stays. `index` counts from 0, the
 * oldest first. Also after the server was stopped, until it is started again or freed.
 *
 * HELO_NO_RESULT: there is no such mail. HELO_BAD_ARGUMENT: mail does not go to memory there, or the function is NULL.
 */
enum helo_status helo_server_get_mail(helo_server server,
                                      uint32_t index,
                                      helo_stored_fn function,
                                      void *user);

/**
 * Forgets the mails that it keeps by its key "memory".
 *
 * HELO_BAD_ARGUMENT: mail does not go to memory there.
 */
enum helo_status helo_server_clear_mails(helo_server server);

/**
 * Reads certificate, key and users again, changed or not: from the files of the keys "tls-certificate", "tls-key" and
 * "users", soon and on a thread of the library. What cannot be used leaves the old in force; the log and the counts tell.
 * They are read by themselves too, within two seconds of a change. HELO_OK also when it does not run.
 */
enum helo_status helo_server_reload(helo_server server);

/**
 * What has happened since the server was made, as monitoring systems read it: the text format of Prometheus, lines ending
 * in LF. It is written to `buffer`; returns the length that the whole needs without the NUL: if that is `size` or more, the
 * buffer is too small and what was written is cut. 0: this is no server.
 */
size_t helo_server_status(helo_server server,
                          char *buffer,
                          size_t size);

/**
 * Begins to listen and to serve, on threads of the library, and returns. Once it has been stopped it can be started again.
 *
 * HELO_BAD_ARGUMENT: what is set does not go together, or a file that it names cannot be used. HELO_FAILED: an address
 * cannot be listened at. Nothing is listened at then. HELO_IN_PROGRESS: it runs already.
 */
enum helo_status helo_server_start(helo_server server);

/**
 * Ends it in order, and waits for that: no new connections; each session ends with 421 as soon as its mail is answered,
 * those of helo_server_serve() too; what is left after so many milliseconds is broken off. Nothing that was confirmed is
 * lost. From any thread; not from a signal handler. Also HELO_OK when it does not run. Called again, by another thread
 * say, the earlier time counts.
 *
 * From inside a callback of the same server it only begins the end: it returns at once.
 *
 * HELO_IN_PROGRESS: a callback has not returned, five seconds after the time was over. It is still at work, and what it uses
 * must stay; helo_server_wait() and helo_server_free() tell when it has returned.
 */
enum helo_status helo_server_stop(helo_server server,
                                  uint32_t milliseconds);

/**
 * Waits until somebody has stopped the server, at most so many milliseconds; HELO_FOREVER for no end. HELO_OK: it has
 * ended, or it did not run. HELO_IN_PROGRESS: it still runs, or this thread is in one of its callbacks.
 */
enum helo_status helo_server_wait(helo_server server,
                                  uint32_t milliseconds);

/**
 * Where the server listens, with the port that it got, as helo_new() takes it: "smtp://127.0.0.1:2525", "smtps://[::1]:465",
 * "lmtp://...", "unix:/path", "lmtp+unix:/path". `index` counts from 0. It is written to `buffer`; returns the length that
 * the whole needs without the NUL: if that is `size` or more, the buffer is too small and what was written is cut. 0: there
 * is no such place, or the server does not run.
 */
size_t helo_server_address(helo_server server,
                           uint32_t index,
                           char *buffer,
                           size_t size);

/**
 * The port of such a place; 0 if there is no such place, if it is a path, or if the server does not run.
 */
int helo_server_port(helo_server server,
                     uint32_t index);

/**
 * Reads what has happened since the server was made. From any thread and from inside callbacks.
 */
enum helo_status helo_server_get_counts(helo_server server, struct helo_server_counts *counts);

/**
 * Serves one client that is connected already, on this thread, until the session is over: for programs that inetd
 * starts, that accept connections themselves, or that have no threads. All callbacks come on this thread. The server need
 * not be started, and what it listens at does not matter.
 *
 * `descriptor` is a connected stream socket (on Windows a SOCKET). It is made non-blocking and stays the program's to
 * close. `protocol` is a helo_serve. How many mails were taken goes to `mails` unless that is NULL.
 *
 * HELO_OK: the session has ended, by QUIT or otherwise; the log tells. HELO_CANCELLED: helo_server_stop() has broken it
 * off. HELO_BAD_ARGUMENT: what is set does not go together, or the descriptor is none that can be used.
 */
enum helo_status helo_server_serve(helo_server server,
                                   ptrdiff_t descriptor,
                                   int protocol,
                                   uint64_t *mails);

/**
 * The same over functions of the program, such as those of a serial line, of a network of its own or of a test. The
 * transport is closed by its `close`, once, in any case: also where this call fails, unless the struct cannot be read
 * (NULL, a wrong size). Of one without a descriptor and without `retry_ms`, helo_server_wake() says that it can go on.
 */
enum helo_status helo_server_serve_transport(helo_server server,
                                             const struct helo_transport *transport,
                                             int protocol,
                                             uint64_t *mails);

/**
 * Tells the sessions of helo_server_serve_transport() that their transports can be tried again. From any thread.
 */
enum helo_status helo_server_wake(helo_server server);

/**
 * Makes a server that does nothing yet; 0 if it cannot be made, helo_last_error() says why. Free it with
 * helo_server_free().
 */
helo_server helo_server_new(void);

/**
 * Frees a server; the handle is invalid from here on. One that runs is stopped first, at once: helo_server_stop() it
 * before to do that in order.
 *
 * HELO_IN_PROGRESS: from inside one of the server's own callbacks, or one has not returned within five seconds; the server
 * is still there then, stopped, and what the callback uses must stay.
 */
enum helo_status helo_server_free(helo_server server);

/**
 * Sets a key: those of the program helo-server, with the same values ("listen", "maildir", "domains", "users",
 * "tls-certificate", "max-size", ...; docs/helo-server.md and `helo-server --help` have them all). Flags are "yes" or
 * "no". Keys that list something, "listen" and "domains" for two, add to what was said before.
 *
 * HELO_BAD_ARGUMENT: there is no such key, or the value is none of it. What it names (files, addresses) is looked at when
 * the server is started. Not while the server runs.
 */
enum helo_status helo_server_set(helo_server server,
                                 const char *key,
                                 const char *value);

/**
 * Sets the keys of a configuration file, a line each: `key = value`, as helo-server reads them. The keys that concern that
 * program itself (log, quiet, stop-within, end-with-input) are none here. On an error, which names the key, nothing has
 * changed.
 */
enum helo_status helo_server_config_file(helo_server server,
                                         const char *path);

/**
 * The same with the text of such a file in memory. At most 1 MiB.
 */
enum helo_status helo_server_config_text(helo_server server, const char *text);

/**
 * Has a function decide a question, `ask` (a helo_ask); NULL: it is decided by the keys alone. They come first: whom
 * "domains" and "recipients" refuse, the function is not asked about.
 *
 * All callbacks of a server come on threads of the library, the workers (key "workers"), where they may take their time;
 * those of helo_server_serve() on the thread that is in it. Those of one session come one after the other, not always on
 * the same thread; those of different sessions at the same time. No lock is held meanwhile: they may call everything, with
 * three exceptions on the server that called them. helo_server_stop() begins the end and does not wait for it;
 * helo_server_wait() and helo_server_free() return HELO_IN_PROGRESS. They must return: no longjmp() and no exception may
 * leave them. Not while the server runs.
 */
enum helo_status helo_server_on_ask(helo_server server,
                                    int ask,
                                    helo_ask_fn function,
                                    void *user);

/**
 * Has functions take the mail, in place of the keys that say where it goes ("maildir", "relay", ...); NULL: those again.
 * They are called as those of helo_server_on_ask() are, for several mails at once. The struct is copied.
 */
enum helo_status helo_server_set_spool(helo_server server,
                                       const struct helo_spool *spool);

/**
 * Has functions say who may log in, in place of the key "users"; NULL: that again. They are called as those of
 * helo_server_on_ask() are. The struct is copied.
 */
enum helo_status helo_server_set_users(helo_server server,
                                       const struct helo_users *users);

/**
 * The function that is told what happens; NULL for none. Not while the server runs.
 */
enum helo_status helo_server_on_log(helo_server server, helo_log_fn function, void *user);

/**
 * Makes a delivery; 0 if it cannot be made, helo_last_error() says why.
 *
 * `server` is `smtp://host:port`, `smtp://user:password@host`, `lmtp://host:port`, a host alone or with a port, or
 * `unix:/path` and `lmtp+unix:/path` for sockets of the file system. NULL: mails go over connections that
 * helo_add_transport() gives, or to the server that the site's policy names. Free it with helo_free().
 *
 * The site's policy may send a host's mails elsewhere, and what it says of encryption, login, limits of time and the like
 * comes before what helo_set_login() and the others say. helo_set_key() comes before the policy. Not for LMTP and
 * sockets of the file system.
 */
helo_delivery helo_new(const char *server);

/**
 * Frees a delivery with its mails and results; the handle is invalid from here on. HELO_IN_PROGRESS while it runs:
 * helo_cancel() it and let helo_run() return first.
 */
enum helo_status helo_free(helo_delivery delivery);

/**
 * Forgets all mails and results, so that the delivery can be used for the next list. Everything else stays as set.
 */
enum helo_status helo_clear(helo_delivery delivery);

/**
 * How much is sent before the answers to it are in: a helo_level. HELO_LEVEL_ENVELOPE unless set.
 */
enum helo_status helo_set_level(helo_delivery delivery, int level);

/**
 * Over how many connections at once the mails may go, 1 to 256; 1 unless set.
 */
enum helo_status helo_set_connections(helo_delivery delivery, uint32_t count);

/**
 * How many mails and bytes may be unanswered on a connection before no further mail is begun; 1000 mails and 1 MiB
 * unless set. A mail larger than the window goes out alone.
 */
enum helo_status helo_set_window(helo_delivery delivery,
                                 uint32_t mails,
                                 uint64_t bytes);

/**
 * How long a phase (helo_phase) may go without progress, in milliseconds; 0 puts back what is usual: 30 s to connect,
 * 5 minutes for the greeting and for each reply, 3 minutes for each part of the body, 10 minutes for the answer to a
 * message (RFC 5321 section 4.5.3.2; giving up early there makes duplicates). HELO_PHASE_NONE sets all phases.
 * HELO_PHASE_HELLO, AUTH, MAIL, RCPT, COMMAND, QUIT and TLS have one limit in common.
 */
enum helo_status helo_set_timeout(helo_delivery delivery,
                                  int phase,
                                  uint32_t milliseconds);

/**
 * The name by which the library introduces this computer (EHLO). Unless set, its address.
 */
enum helo_status helo_set_hello_name(helo_delivery delivery, const char *name);

/**
 * The user and password to log in with, in place of those in the server's URL. They go out encrypted where the server
 * offers TLS, in the clear where it does not: "tls" as "always" (helo_set_key()) forbids that. A login of the site's policy
 * comes before it.
 */
enum helo_status helo_set_login(helo_delivery delivery,
                                const char *user,
                                const char *password);

/**
 * The function that is told each recipient's result, and the pointer that it gets; NULL for none.
 *
 * Callbacks come on the thread that is in helo_run(), one at a time, and the library holds no lock meanwhile. They may
 * call helo_cancel(), helo_get_result(), helo_get_progress(), and anything on other deliveries; what would change this
 * one returns HELO_IN_PROGRESS. They must return: no longjmp() and no exception may leave them.
 */
enum helo_status helo_on_result(helo_delivery delivery,
                                helo_result_fn function,
                                void *user);

/**
 * The function that is told how the run goes on; NULL for none. As for helo_on_result().
 */
enum helo_status helo_on_progress(helo_delivery delivery, helo_progress_fn function, void *user);

/**
 * The function that is shown the traffic, without passwords; NULL for none. As for helo_on_result().
 */
enum helo_status helo_on_trace(helo_delivery delivery,
                               helo_trace_fn function,
                               void *user);

/**
 * Ends the run that is at work on this delivery, as soon as its thread notices, which is at once when it waits. From
 * any thread and from inside callbacks. When no run is at work, the next one ends at once: a cancel that comes a
 * moment before the run is not lost. helo_clear() takes it back.
 */
enum helo_status helo_cancel(helo_delivery delivery);

/**
 * Gives the delivery a connection of the program's own. Each is used for one connection of a run, the first given
 * first; what was given replaces the server named to helo_new(). The library closes it by its `close`, once, in any case:
 * also where this call fails, unless the struct cannot be read (NULL, a wrong size).
 *
 * The functions are called on the thread that is in helo_run(), `close` also on one that is in helo_free() or in a call
 * that fails.
 */
enum helo_status helo_add_transport(helo_delivery delivery,
                                    const struct helo_transport *transport);

/**
 * Tells the run that a transport without a descriptor can be tried again. From any thread.
 */
enum helo_status helo_wake(helo_delivery delivery);

/**
 * Has `function` called about every so many `milliseconds` (1 to 60000) while a call of the library waits on this thread,
 * whatever its API: helo_run(), helo_server_serve(), helo_server_wait() and helo_server_stop(), smtp_helo() and the rest. For
 * programs in languages that look at signals now and then, and for those that want to give up on a condition of their own,
 * also before there is a handle. NULL: no more of it.
 *
 * It holds for the thread that calls this, until that sets another. When the function returns another number than 0, the
 * call that waits ends as if by helo_cancel() or smtp_xquit(), with the API's code for that; a server that was waited for
 * goes on, and only the wait ends (HELO_CANCELLED). Inside the function everything may be called, but not on the
 * handle of the call that waits, except to cancel it. It must return: no longjmp() and no exception may leave it.
 *
 * HELO_BAD_ARGUMENT: the interval is none.
 */
enum helo_status helo_on_wait(helo_wait_fn function,
                              void *user,
                              uint32_t milliseconds);

/**
 * Shows all traffic to a function: of one handle, of all handles of an API (`handle` NULL), or of the process
 * (HELO_FACE_ALL and NULL); `face` and `handle` as for helo_set_key(). It begins and ends at once, also on connections
 * that are open. A function that is NULL ends it; a call of it that has begun on another thread may still be at work
 * then. Each of the three has one function; all that are set are called.
 *
 * Inside the callback everything may be called, but not on the handle that it is told of. It must return: no longjmp() and
 * no exception may leave it.
 *
 * HELO_BAD_HANDLE: there is no such handle. From any thread.
 */
enum helo_status helo_watch(int face,
                            const void *handle,
                            helo_traffic_fn function,
                            void *user);

/**
 * Where and why the last failing call of this thread failed, in numbers; helo_last_error() has the words. That call may
 * be of any API: a program in front of an old one's code learns here what is behind it. Inside the status callback of
 * smtp_xhelo it tells of that connection.
 *
 * HELO_NO_RESULT: nothing has failed on this thread, or it was not on a connection but, say, an argument. Like
 * helo_last_error() it changes nothing: it can be asked again.
 */
enum helo_status helo_last_failure(struct helo_failure *failure);

#ifdef __cplusplus
}
#endif

#endif /* HELO_HELO_H */
