/* A program that was compiled with another header than ours: the policy names that header's numbers, and the program works
 * with them in both directions, codes that it gets and options that it sets.
 *
 * policy: other_numbers.conf
 * server: dialogue
 *     CONNECTION 1
 *     S: 220 ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: VRFY bob
 *     S: 550 no bob
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *     CONNECTION 2
 *     S: 554 away
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *     CONNECTION 3
 *     S: 220 ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: NOOP
 *     HANG
 */
#include "check.h"
#include <pthread.h>
#include <windows.h>

/* What such a program knows of the library: names without numbers ... */
typedef void *connection;
int WINAPI smtp_helo(const char *host, const char *local, connection *conn, FARPROC proc, DWORD_PTR param);
int WINAPI smtp_xhelo(const char *host, const char *local, connection *conn, FARPROC dbg, FARPROC stat, DWORD_PTR param);
int WINAPI smtp_opts(connection conn, WORD option, DWORD_PTR value);
int WINAPI smtp_vrfy(connection conn, const char *name);
int WINAPI smtp_noop(connection conn);
int WINAPI smtp_quit(connection conn);

/* ... and the numbers of the header that it was compiled with. */
enum {
    SUCCESS = 0,
    INVALID_HANDLE = -1,
    FAILURE = -2,
    UNKNOWN_HOST = 1004,
    TIMED_OUT = 0x2000,
    INVALID_OPTION = 0x2003,
    SET_PARAM = 1,
    GET_PARAM = 2,
    TIMEOUT = 4
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told = PTHREAD_COND_INITIALIZER;
static int times, result;

static int WINAPI status(connection conn, int code, DWORD_PTR param)
{
    (void)conn;
    (void)param;
    pthread_mutex_lock(&lock);
    result = code;
    times++;
    pthread_cond_signal(&told);
    pthread_mutex_unlock(&lock);
    return 0;
}

int main(int argc, char **argv)
{
    connection conn = NULL;
    DWORD_PTR param = 0;
    char host[64];

    (void)argc;
    snprintf(host, sizeof host, "%s:%s", argv[1], argv[2]);

    CHECK_INT("a call before any connection", smtp_noop(NULL), INVALID_HANDLE);
    CHECK_INT("no such host", smtp_helo("", "pc.example", &conn, NULL, 0), UNKNOWN_HOST);

    CHECK_INT("helo", smtp_helo(host, "pc.example", &conn, NULL, 7), SUCCESS);
    CHECK_INT("refused", smtp_vrfy(conn, "bob"), FAILURE);
    CHECK_INT("get", smtp_opts(conn, GET_PARAM, (DWORD_PTR)&param), SUCCESS);
    CHECK_INT("got", (int)param, 7);
    CHECK_INT("set", smtp_opts(conn, SET_PARAM, 8), SUCCESS);
    CHECK_INT("get again", smtp_opts(conn, GET_PARAM, (DWORD_PTR)&param), SUCCESS);
    CHECK_INT("got what was set", (int)param, 8);
    /* Our own numbers, which this program's header has for nothing. */
    CHECK_INT("no option of this header", smtp_opts(conn, 5, 0), INVALID_OPTION);
    CHECK_INT("nor this", smtp_opts(conn, 6, 20), INVALID_OPTION);
    CHECK_INT("quit", smtp_quit(conn), SUCCESS);

    CHECK_INT("xhelo", smtp_xhelo(host, "pc.example", &conn, NULL, (FARPROC)status, 0), SUCCESS);
    pthread_mutex_lock(&lock);
    while (times == 0) {
        pthread_cond_wait(&told, &lock);
    }
    pthread_mutex_unlock(&lock);
    CHECK_INT("the status callback", result, FAILURE);
    CHECK_INT("quit the failed one", smtp_quit(conn), SUCCESS);

    CHECK_INT("helo for the timeout", smtp_helo(host, "pc.example", &conn, NULL, 0), SUCCESS);
    CHECK_INT("a timeout of a second", smtp_opts(conn, TIMEOUT, 1), SUCCESS);
    CHECK_INT("no answer", smtp_noop(conn), TIMED_OUT);
    smtp_quit(conn);
    return checks_done();
}
