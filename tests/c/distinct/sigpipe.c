/* A server that goes away while a message is being sent: an error, and not the end of the program by SIGPIPE.
 *
 * server: dialogue
 *     S: 220 ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: DATA
 *     S: 354 go on
 *     RESET
 */
#include "check.h"
#include <signal.h>
#include <windows.h>
#include <d32-smtp.h>

static int WINAPI endless(GLOBALHANDLE conn, char far *buf, int len, DWORD_PTR param)
{
    (void)conn, (void)param;
    memset(buf, 'x', (size_t)len);
    return len;
}

int main(int argc, char **argv)
{
    GLOBALHANDLE conn;
    char host[64];
    struct sigaction now;

    if (argc < 3) {
        return 2;
    }
    snprintf(host, sizeof host, "%s:%s", argv[1], argv[2]);
    CHECK_INT("helo", smtp_helo(host, "pc.example", &conn, NULL, 0), SMTP_SUCCESS);
    CHECK_INT("data", smtp_data(conn, (FARPROC)endless), SMTP_FAILURE);
    CHECK_INT("the connection is gone", smtp_noop(conn), SMTP_FAILURE);
    CHECK_INT("quit", smtp_quit(conn), SMTP_SUCCESS);
    CHECK("the program's handling of SIGPIPE is its own", sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
    return checks_done();
}
