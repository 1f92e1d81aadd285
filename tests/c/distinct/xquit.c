/* smtp_xquit from another thread and from inside each callback: the call returns SMTP_ABORTED, the handle is invalid at
 * once, the server sees a reset and nothing of a message's end. Nothing is left behind: see it under valgrind.
 *
 * server: dialogue
 *     CONNECTION 1
 *     S: 220 ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: NOOP
 *     WAIT reset
 *     CONNECTION 2
 *     S: 220 ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: DATA
 *     S: 354 go on
 *     WAIT reset
 *     CONNECTION 3
 *     S: 220 ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: EXPN staff
 *     S: 250-one
 *     S: 250 two
 *     WAIT reset
 *     CONNECTION 4
 *     S: 220 ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: HELP
 *     S: 214-one
 *     S: 214 two
 *     WAIT reset
 *     CONNECTION 5
 *     S: 220 ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     WAIT reset
 *     CONNECTION 6
 *     S: 220 ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: NOOP
 *     WAIT reset
 *     CONNECTION 7
 *     S: 220 ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: DATA
 *     S: 354 go on
 *     WAIT reset
 */
#include "check.h"
#include <pthread.h>
#include <unistd.h>
#include <windows.h>
#include <d32-smtp.h>

static char host[64];
static GLOBALHANDLE current;

static GLOBALHANDLE connect_to_server(void)
{
    CHECK_INT("helo", smtp_helo(host, "pc.example", &current, NULL, 0), SMTP_SUCCESS);
    return current;
}

/* Called at the end of each part. */
static void is_gone(GLOBALHANDLE conn)
{
    CHECK_INT("the handle is gone", smtp_noop(conn), SMTP_INVALID_HANDLE);
    CHECK_INT("and cannot be closed again", smtp_quit(conn), SMTP_INVALID_HANDLE);
}

static int WINAPI abort_here(GLOBALHANDLE conn, char far *buf, int len, DWORD_PTR param)
{
    (void)buf, (void)len, (void)param;
    CHECK_INT("xquit from the callback", smtp_xquit(conn), SMTP_SUCCESS);
    CHECK_INT("invalid at once", smtp_noop(conn), SMTP_INVALID_HANDLE);
    CHECK_INT("aborted already", smtp_xquit(conn), SMTP_FAILURE);
    return 0;
}

static int WINAPI abort_by_result(GLOBALHANDLE conn, char far *buf, int len, DWORD_PTR param)
{
    (void)conn, (void)buf, (void)len, (void)param;
    return -1;
}

static int WINAPI abort_by_yield(void)
{
    static int turns;

    /* The command is on its way when the wait for its answer has begun. */
    if (++turns == 3) {
        CHECK_INT("xquit from the yield function", smtp_xquit(current), SMTP_SUCCESS);
    }
    return 0;
}

/* Waits until the main thread's call runs, a little longer for its command to leave, and aborts it. */
static void *abort_from_outside(void *unused)
{
    (void)unused;
    while (smtp_data(current, NULL) != SMTP_IN_PROGRESS) {
        usleep(1000);
    }
    usleep(200000);
    CHECK_INT("xquit from another thread", smtp_xquit(current), SMTP_SUCCESS);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    GLOBALHANDLE conn;

    if (argc < 3) {
        return 2;
    }
    snprintf(host, sizeof host, "%s:%s", argv[1], argv[2]);

    conn = connect_to_server();
    CHECK_INT("a thread", pthread_create(&thread, NULL, abort_from_outside, NULL), 0);
    CHECK_INT("noop", smtp_noop(conn), SMTP_ABORTED);
    pthread_join(thread, NULL);
    is_gone(conn);

    conn = connect_to_server();
    CHECK_INT("data, by xquit", smtp_data(conn, (FARPROC)abort_here), SMTP_ABORTED);
    is_gone(conn);

    conn = connect_to_server();
    CHECK_INT("expn, by xquit", smtp_expn(conn, "staff", (FARPROC)abort_here), SMTP_ABORTED);
    is_gone(conn);

    conn = connect_to_server();
    CHECK_INT("help, by -1", smtp_help(conn, NULL, (FARPROC)abort_by_result), SMTP_ABORTED);
    is_gone(conn);

    conn = connect_to_server();
    CHECK_INT("debug", smtp_opts(conn, OPT_DEBUG, (DWORD_PTR)abort_here), SMTP_SUCCESS);
    CHECK_INT("noop, by the debug callback", smtp_noop(conn), SMTP_ABORTED);
    is_gone(conn);

    conn = connect_to_server();
    CHECK_INT("yield", smtp_opts(conn, OPT_YIELD_ON, (DWORD_PTR)abort_by_yield), SMTP_SUCCESS);
    CHECK_INT("noop, by the yield function", smtp_noop(conn), SMTP_ABORTED);
    is_gone(conn);

    conn = connect_to_server();
    CHECK_INT("data, by -1", smtp_data(conn, (FARPROC)abort_by_result), SMTP_ABORTED);
    is_gone(conn);
    return checks_done();
}
