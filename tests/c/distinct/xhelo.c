/* smtp_xhelo: the status callback comes once, with the connection, with the refusal, or with SMTP_ABORTED; the program
 * may end when all have come, and then nothing is left.
 *
 * server: dialogue
 *     CONNECTION 1
 *     S: 220 ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: MAIL FROM:<ann@pc.example>
 *     S: 250 ok
 *     C: RCPT TO:<bob@mail.example>
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C. hello\r\n.\r\n
 *     S: 250 taken
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *     CONNECTION 2
 *     S: 554 away
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 *     CONNECTION 3
 *     HANG
 */
#include "check.h"
#include <pthread.h>
#include <unistd.h>
#include <windows.h>
#include <d32-smtp.h>

struct attempt {
    GLOBALHANDLE conn;
    int result, times;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told = PTHREAD_COND_INITIALIZER;

static int WINAPI status(GLOBALHANDLE conn, int result, DWORD_PTR param)
{
    struct attempt *attempt = (struct attempt *)param;

    if (result == SMTP_SUCCESS) {
        CHECK_INT("mail from the callback", smtp_mail(conn, "ann@pc.example"), SMTP_SUCCESS);
        CHECK_INT("rcpt from the callback", smtp_rcpt(conn, "bob@mail.example"), SMTP_SUCCESS);
        CHECK_INT("data from the callback", smtp_data_buf(conn, "hello", 5), SMTP_SUCCESS);
        CHECK_INT("its end", smtp_data_buf(conn, NULL, 0), SMTP_SUCCESS);
    }
    pthread_mutex_lock(&lock);
    CHECK("the callback gets the handle", conn == attempt->conn);
    attempt->result = result;
    attempt->times++;
    pthread_cond_signal(&told);
    pthread_mutex_unlock(&lock);
    return 0;
}

static void wait_for(struct attempt *attempt)
{
    pthread_mutex_lock(&lock);
    while (attempt->times == 0) {
        pthread_cond_wait(&told, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static void begin(struct attempt *attempt, const char *host)
{
    memset(attempt, 0, sizeof *attempt);
    pthread_mutex_lock(&lock);
    CHECK_INT("xhelo", smtp_xhelo(host, "pc.example", &attempt->conn, NULL, (FARPROC)status, (DWORD_PTR)attempt),
              SMTP_SUCCESS);
    pthread_mutex_unlock(&lock);
}

int main(int argc, char **argv)
{
    static struct attempt good, refused, aborted, unknown;
    char host[64], reply[100];
    int code;

    if (argc < 3) {
        return 2;
    }
    snprintf(host, sizeof host, "%s:%s", argv[1], argv[2]);

    begin(&good, host);
    wait_for(&good);
    CHECK_INT("it came about", good.result, SMTP_SUCCESS);
    CHECK_INT("quit", smtp_quit(good.conn), SMTP_SUCCESS);

    begin(&refused, host);
    wait_for(&refused);
    CHECK_INT("it was refused", refused.result, SMTP_FAILURE);
    CHECK_INT("rply", smtp_rply(refused.conn, reply, sizeof reply, &code), SMTP_SUCCESS);
    CHECK_TEXT("the server's words", reply, "554 away");
    CHECK_INT("quit", smtp_quit(refused.conn), SMTP_SUCCESS);

    begin(&aborted, host);
    CHECK_INT("not yet", smtp_noop(aborted.conn), SMTP_IN_PROGRESS);
    CHECK_INT("not yet either", smtp_rply(aborted.conn, reply, sizeof reply, &code), SMTP_IN_PROGRESS);
    /* Long enough for the connection itself, so that the server has its part. */
    usleep(300000);
    CHECK_INT("xquit", smtp_xquit(aborted.conn), SMTP_SUCCESS);
    CHECK_INT("invalid at once", smtp_noop(aborted.conn), SMTP_INVALID_HANDLE);
    wait_for(&aborted);
    CHECK_INT("it was aborted", aborted.result, SMTP_ABORTED);

    begin(&unknown, "no-such-host.invalid");
    wait_for(&unknown);
    CHECK_INT("there is no such host", unknown.result, SMTP_UNKNOWN_HOST);
    CHECK_INT("quit", smtp_quit(unknown.conn), SMTP_SUCCESS);

    CHECK("each was told once", good.times == 1 && refused.times == 1 && aborted.times == 1 && unknown.times == 1);
    return checks_done();
}
