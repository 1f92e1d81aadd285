/* Generated from src/faces/distinct: do not edit. make headers writes it anew. */
/* Distinct SMTP-32 5.2, for programs that were written for it: recompile with this folder in the include path, for Windows with
 * its folder windows, and link with libhelo.
 *
 * No copy of the original header is known: the numbers below are libhelo's own, and programs must be recompiled.
 *
 * All functions may be called from any thread. One connection serves one call at a time; another call on it meanwhile, be it
 * from another thread or from a callback of the first, returns SMTP_IN_PROGRESS. Callbacks may call the library, for other
 * connections without restriction. Their lParam is as wide as a pointer: DWORD_PTR, which is the manual's DWORD on 32 bits
 * and wherever windows.h is libhelo's. On 64-bit Windows a DWORD is narrower, and "(DWORD)&context" loses the address.
 *
 * FARPROC is any function, as windows.h has it. Callbacks are passed as they are or, where the compiler wants it (C++, C23,
 * 64-bit Windows), as (FARPROC)callback.
 *
 * After an error helo_last_error() of helo.h has it in words. */
#ifndef D32_SMTP_H
#define D32_SMTP_H

#ifdef _WIN32
#include <windows.h>
#else
#include "windows.h"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Done.
 */
#define SMTP_SUCCESS 0

/**
 * The handle is of no connection: never given out, closed, aborted, or NULL.
 */
#define SMTP_INVALID_HANDLE 1

/**
 * The server refused: smtp_rply has its words. Also when an argument cannot be sent, when the connection is lost, and
 * when the call makes no sense at this point.
 */
#define SMTP_FAILURE 2

/**
 * The library or the site's policy file cannot be used.
 */
#define SMTP_CANNOT_INITIALIZE 3

/**
 * The system's network support cannot be used.
 */
#define SMTP_CANNOT_INIT_WINSOCK 4

/**
 * No memory for one more connection, or too many handles are open.
 */
#define SMTP_OUT_OF_MEMORY 5

/**
 * The host's name does not resolve, or is no name.
 */
#define SMTP_UNKNOWN_HOST 6

/**
 * The system gave no socket: often too many files are open.
 */
#define SMTP_CANNOT_ALLOC_SOCKET 7

/**
 * The socket could not be bound to the local address.
 */
#define SMTP_CANNOT_BIND_SOCKET 8

/**
 * No address of the host took the connection.
 */
#define SMTP_HOST_NOT_RESPONDING 9

/**
 * The system took no outgoing data.
 */
#define SMTP_CANNOT_SEND_COMMAND 10

/**
 * The server did not answer in time. After the end of a message nobody knows then whether the server kept it: sending it
 * again may make a duplicate.
 */
#define SMTP_TIMED_OUT 11

/**
 * Another call is running on this connection, or smtp_xhelo has not made it yet.
 */
#define SMTP_IN_PROGRESS 12

/**
 * The operation was aborted by a callback or by smtp_xquit. The connection is reset and its handle no longer valid.
 */
#define SMTP_ABORTED 13

/**
 * There is no such option, or its value is out of range.
 */
#define SMTP_INVALID_OPTION 14

/**
 * The reply is longer than the buffer: it was cut, and the length needed stands where the buffer's length stood.
 */
#define SMTP_INSUFFICIENT_LENGTH 15

/**
 * Yield while waiting, value: a function int WINAPI proc(void) that is called often, or 0 for the library's own, which on
 * Windows handles the messages of the calling thread and elsewhere does nothing.
 */
#define OPT_YIELD_ON 1

/**
 * Do not yield. value: 0.
 */
#define OPT_YIELD_OFF 2

/**
 * Change what callbacks get as lParam. value: the new one.
 */
#define OPT_SET_PARAM 3

/**
 * Get what callbacks get as lParam. value: the address of a DWORD_PTR, which is 8 bytes on 64-bit systems (as is a
 * DWORD of libhelo's windows.h, but not of 64-bit Windows).
 */
#define OPT_GET_PARAM 4

/**
 * Change the debug callback. value: the function, or 0 for none.
 */
#define OPT_DEBUG 5

/**
 * Change how long the server's answers are waited for. value: 1 to 999 seconds.
 */
#define OPT_TIMEOUT 6

/**
 * Closes a connection in order and frees its handle. The server's answer is waited for a few seconds at most.
 *
 * A message begun with smtp_data_buf and not ended is not delivered.
 *
 * Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE or SMTP_IN_PROGRESS.
 */
int WINAPI smtp_quit(GLOBALHANDLE hConn);

/**
 * Aborts what is in progress on a connection: the call that runs, from another thread or from one of its callbacks; a
 * connection that smtp_xhelo is making; a message begun with smtp_data_buf.
 *
 * The connection is reset, nothing more is sent, and the handle is invalid as soon as this returns. The aborted call
 * returns SMTP_ABORTED; of smtp_xhelo the status callback gets it. The program must not end before that.
 *
 * Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, or SMTP_FAILURE if nothing is in progress (the connection stays as it is) or
 * this was called already.
 */
int WINAPI smtp_xquit(GLOBALHANDLE hConn);

/**
 * Forgets the message that was begun, at the server.
 *
 * Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
 * SMTP_ABORTED.
 */
int WINAPI smtp_rset(GLOBALHANDLE hConn);

/**
 * Does nothing but ask the server for an answer: whether it is still there.
 *
 * Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT or SMTP_IN_PROGRESS,
 * and SMTP_ABORTED if smtp_xquit was called meanwhile.
 */
int WINAPI smtp_noop(GLOBALHANDLE hConn);

/**
 * Asks the server whether it knows a mailbox; smtp_rply has the answer in words. Many servers do not tell.
 *
 * Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
 * SMTP_ABORTED.
 */
int WINAPI smtp_vrfy(GLOBALHANDLE hConn,
              LPCSTR name);

/**
 * Gives the server's last reply, also while another call runs on the connection.
 *
 * reply: a buffer of len bytes, or NULL. It gets the reply's lines as they came, codes included, with CRLF between them
 * and a NUL behind them; what does not fit is cut. Before the first reply it gets an empty string.
 *
 * Where a call has failed and the server has not said why (the connection was lost or not made, nobody answered in time,
 * an argument cannot be sent, a certificate or the policy is wrong), the library says it in the same form, with the
 * code 000 that no server sends: "000-libhelo: connect: host does not respond: ...". What the last call to fail was
 * about is there, never the reply to an earlier one.
 *
 * code: gets the reply's code, 0 before the first reply and for the library's own words; or NULL.
 *
 * Returns SMTP_SUCCESS or SMTP_INVALID_HANDLE, and SMTP_IN_PROGRESS while smtp_xhelo is making the connection. With the
 * NULL that smtp_helo, smtp_fw_helo or smtp_xhelo has given instead of a handle it is SMTP_INVALID_HANDLE, and the words
 * of that failure are in the buffer all the same: those of the last such call of this thread.
 */
int WINAPI smtp_rply(GLOBALHANDLE hConn,
              LPSTR reply,
              int len,
              int *code);

/**
 * Sends the message, headers and all, to the recipients named, and waits until the server has taken it.
 *
 * proc is called for more until it returns 0:
 *
 *     int WINAPI proc(GLOBALHANDLE hConn, char *buf, int len, DWORD_PTR lParam)
 *
 * It puts at most len bytes into buf and returns their number. -1, or a number larger than len, aborts: the connection is
 * reset, nothing is delivered, and the handle is invalid. It is called on the thread of this call.
 *
 * Line ends may be LF, CR or CRLF and lines may begin with a dot: the library sees to both. A last line without an end
 * gets one.
 *
 * Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
 * SMTP_ABORTED. SMTP_TIMED_OUT after the whole message was sent means that nobody knows whether the server kept it:
 * sending it again may make a duplicate. The manual's 20 seconds are short for this wait: message_timeout in the site's
 * policy file makes it longer.
 */
int WINAPI smtp_data(GLOBALHANDLE hConn,
              FARPROC proc);

/**
 * Sends a piece of the message. The first piece begins it; a call with len 0 ends it and waits until the server has taken
 * it. Some of a piece may still be on its way when the call returns, but buf is the program's again.
 *
 * Line ends and dots are seen to as by smtp_data, wherever the pieces are cut. Between the first piece and the end only
 * this function, smtp_quit and smtp_xquit do anything: other commands return SMTP_FAILURE.
 *
 * Returns what smtp_data returns.
 */
int WINAPI smtp_data_buf(GLOBALHANDLE hConn,
                  LPCSTR buf,
                  int len);

/**
 * Puts this moment's date and time, such as "Fri, 21 Nov 1997 09:55:06 -0600", into a buffer of at least 37 bytes, with a
 * NUL behind it.
 *
 * Returns the length without the NUL, 0 if date is NULL.
 */
int WINAPI smtp_date(LPSTR date);

/**
 * Sends a command line and gives the reply: for commands that the library has no function for, and for authentication.
 *
 * msg: the line without its end. Line ends in it are refused. QUIT, DATA, BDAT, STARTTLS and TURN are refused too: use
 * smtp_quit, smtp_data, smtp_turn.
 *
 * rep_buf: a buffer of *len bytes for the reply's lines, codes included, with CRLF between them and a NUL behind them; or
 * NULL. A reply that does not fit is cut, and *len then says how many bytes it needs with the NUL.
 *
 * Returns SMTP_SUCCESS if the reply's code is below 400, SMTP_INSUFFICIENT_LENGTH if it was cut besides; SMTP_INVALID_HANDLE,
 * SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or SMTP_ABORTED.
 */
int WINAPI smtp_direct(GLOBALHANDLE hConn,
                LPCSTR msg,
                LPSTR rep_buf,
                int *len);

/**
 * Asks the server who is on a mailing list. proc is called for each address:
 *
 *     int WINAPI proc(GLOBALHANDLE hConn, char *line, int len, DWORD_PTR lParam)
 *
 * line is the text of one line without the reply code, len its length; a NUL stands behind it. If proc returns -1 the
 * connection is reset and its handle invalid. proc may be NULL: smtp_rply has the whole answer too. It is called on the
 * thread of this call.
 *
 * Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
 * SMTP_ABORTED.
 */
int WINAPI smtp_expn(GLOBALHANDLE hConn,
              LPCSTR name,
              FARPROC proc);

/**
 * Asks the server for help on a command, or for a list of its commands if topic is NULL or empty. proc is called for
 * each line, as by smtp_expn.
 *
 * Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
 * SMTP_ABORTED.
 */
int WINAPI smtp_help(GLOBALHANDLE hConn,
              LPCSTR topic,
              FARPROC proc);

/**
 * Begins a message: says who sends it. from is an address with or without < >; an empty string is the empty sender of
 * bounces. Where the server offers 8BITMIME, it is declared; an address that is not ASCII needs a server with SMTPUTF8.
 *
 * Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
 * SMTP_ABORTED.
 */
int WINAPI smtp_mail(GLOBALHANDLE hConn,
              LPCSTR from);

/**
 * As smtp_mail, but the message is for the recipients' terminals. Hardly any server knows this today.
 */
int WINAPI smtp_send(GLOBALHANDLE hConn,
              LPCSTR from);

/**
 * As smtp_mail, but the message is for the terminals of recipients who are there, and for the mailboxes of the others.
 * Hardly any server knows this today.
 */
int WINAPI smtp_soml(GLOBALHANDLE hConn,
              LPCSTR from);

/**
 * As smtp_mail, but the message is for the recipients' terminals and for their mailboxes. Hardly any server knows this
 * today.
 */
int WINAPI smtp_saml(GLOBALHANDLE hConn,
              LPCSTR from);

/**
 * Adds a recipient to the message; to be called for each. One that is refused does not spoil the others.
 *
 * A recipient that is not ASCII needs a server with SMTPUTF8, and should be the first: the server must be told with the
 * sender, so the library begins the message anew, which it can only as long as no recipient was accepted.
 *
 * Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or
 * SMTP_ABORTED.
 */
int WINAPI smtp_rcpt(GLOBALHANDLE hConn,
              LPCSTR to);

/**
 * Opens a connection and waits until the server is ready for mail.
 *
 * host: the server's name or address, also with a port (mail.example:587), or a URL (smtp://user:password@mail.example).
 * The port is 25 unless said otherwise. The site's policy file may send the connection elsewhere.
 *
 * local: this machine's name, for the server. NULL or an empty string stands for its address.
 *
 * conn: where the handle is put. It is there while the call runs, for callbacks and other threads, and afterwards if the
 * call returned SMTP_SUCCESS or SMTP_FAILURE; with SMTP_FAILURE it serves smtp_rply only and should be closed with
 * smtp_quit. Otherwise NULL is there.
 *
 * proc: a debug callback or NULL. It gets a copy of all traffic, each piece with a NUL behind it; credentials are shown as
 * "<hidden>". It is called on the thread of the call that causes the traffic.
 *
 * lParam: handed to every callback of this connection.
 *
 * Returns SMTP_SUCCESS, SMTP_FAILURE, SMTP_CANNOT_INITIALIZE, SMTP_CANNOT_INIT_WINSOCK,
 * SMTP_UNKNOWN_HOST, SMTP_CANNOT_ALLOC_SOCKET, SMTP_CANNOT_BIND_SOCKET, SMTP_HOST_NOT_RESPONDING,
 * SMTP_CANNOT_SEND_COMMAND or SMTP_TIMED_OUT, and SMTP_ABORTED if smtp_xquit was called meanwhile.
 */
int WINAPI smtp_helo(LPCSTR host,
              LPCSTR local,
              GLOBALHANDLE *conn,
              FARPROC proc,
              DWORD_PTR lParam);

/**
 * Opens a connection without waiting for it: stat is called once when it is ready, or when it is clear that it will never
 * be. Until then every call with the handle but smtp_xquit returns SMTP_IN_PROGRESS.
 *
 * host, local, conn, lParam: as for smtp_helo. The handle is put into conn before anything else happens.
 *
 * dbg: a debug callback or NULL. While the connection is being made it is called on the library's background thread: one
 * that takes long holds up the other connections that are being made.
 *
 * stat: the status callback, or NULL. It is called on a thread of its own, on which it may use the connection, and gets
 * SMTP_SUCCESS, SMTP_FAILURE, SMTP_UNKNOWN_HOST, SMTP_CANNOT_ALLOC_SOCKET, SMTP_CANNOT_BIND_SOCKET,
 * SMTP_HOST_NOT_RESPONDING, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, or SMTP_ABORTED after smtp_xquit. After an error
 * other than SMTP_ABORTED the handle still serves smtp_rply and should be closed with smtp_quit.
 *
 * A program may end or unload the library before stat was called: the library stays loaded while it has threads, but the
 * function itself must stay. In a child process after fork() the connections of the parent are invalid handles
 * (docs/processes.md).
 *
 * Returns SMTP_SUCCESS, SMTP_CANNOT_INITIALIZE, SMTP_CANNOT_INIT_WINSOCK or SMTP_OUT_OF_MEMORY; SMTP_FAILURE if conn is
 * NULL. Unless it returns SMTP_SUCCESS, stat is not called.
 */
int WINAPI smtp_xhelo(LPCSTR host,
               LPCSTR local,
               GLOBALHANDLE *conn,
               FARPROC dbg,
               FARPROC stat,
               DWORD_PTR lParam);

/**
 * Sets an option of a connection, also while a call runs on it. A new timeout holds from the next command on.
 *
 * option: one of OPT_YIELD_ON, OPT_YIELD_OFF, OPT_SET_PARAM, OPT_GET_PARAM, OPT_DEBUG, OPT_TIMEOUT.
 *
 * value: a number or an address, as the option wants it.
 *
 * Returns SMTP_SUCCESS, SMTP_INVALID_HANDLE or SMTP_INVALID_OPTION, and SMTP_IN_PROGRESS while smtp_xhelo is making the
 * connection.
 */
int WINAPI smtp_opts(GLOBALHANDLE hConn,
              WORD option,
              DWORD_PTR value);

/**
 * Asks the server to send its mail for this machine over this connection. Hardly any server does so today: the command
 * is an invitation to steal mail.
 *
 * A server that agrees finds nobody here who takes its mail: it is told so, the connection is closed, and the call
 * returns SMTP_FAILURE; the handle should then be closed with smtp_quit. After a refusal the connection can be used as
 * before.
 *
 * Returns SMTP_INVALID_HANDLE, SMTP_FAILURE, SMTP_CANNOT_SEND_COMMAND, SMTP_TIMED_OUT, SMTP_IN_PROGRESS or SMTP_ABORTED.
 */
int WINAPI smtp_turn(GLOBALHANDLE hConn);

#ifdef __cplusplus
}
#endif

#endif /* D32_SMTP_H */
