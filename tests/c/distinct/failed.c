/* A program that never closes what smtp_helo could not open: the handles do not pile up, and the latest still serve. */
#include "check.h"
#include <string.h>
#include <windows.h>
#include <d32-smtp.h>

int main(void)
{
    GLOBALHANDLE first = NULL, conn = NULL;
    char reply[100] = "x";
    int i, failures = 0, code = 7;

    /* A name that cannot be said fails before a connection is made. */
    smtp_helo("127.0.0.1", "two words", &first, NULL, 0);
    CHECK_INT("the first is kept", smtp_rply(first, reply, sizeof reply, &code), SMTP_SUCCESS);
    CHECK_TEXT("and knows why", strncmp(reply, "000-libhelo: hello: bad argument", 32) == 0 ? "why" : reply, "why");
    CHECK_INT("with no server's code", code, 0);
    for (i = 0; i < 300; i++) {
        failures += smtp_helo("127.0.0.1", "two words", &conn, NULL, 0) == SMTP_FAILURE;
    }
    CHECK_INT("they all fail", failures, 300);
    CHECK_INT("the first is dropped", smtp_rply(first, reply, sizeof reply, &code), SMTP_INVALID_HANDLE);
    CHECK_INT("the last is kept", smtp_rply(conn, reply, sizeof reply, &code), SMTP_SUCCESS);
    CHECK_INT("it does no mail", smtp_mail(conn, "a@b.example"), SMTP_FAILURE);
    CHECK_INT("it is closed by quit", smtp_quit(conn), SMTP_SUCCESS);
    CHECK_INT("once", smtp_quit(conn), SMTP_INVALID_HANDLE);
    return checks_done();
}
