/* Distinct SMTP-32 with garbage: handles that never were, NULL for each pointer, lengths that cannot be. What must not
 * reach the server does not: the dialogue has nothing but the connection, one command and the farewell.
 *
 * server: dialogue
 *     S: 220 mail.example ready
 *     C~ EHLO *
 *     S: 250 mail.example
 *     C: NOOP
 *     S: 250 here
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 */
#include "garbage.h"
#include <windows.h>
#include <d32-smtp.h>
#include <d32-fw.h>

static int WINAPI never(GLOBALHANDLE conn, char far *text, int len, DWORD_PTR param)
{
    (void)conn, (void)text, (void)len, (void)param;
    check_line(0, "a callback of a refused call is never called", "it was", __FILE__, __LINE__);
    return 0;
}

/* Every function that takes a handle refuses one that is none, whatever else it gets. */
static void bad_handle(GLOBALHANDLE bad)
{
    char reply[10];
    int len = 10, code;

    REFUSED(SMTP_INVALID_HANDLE, smtp_mail, bad, "a@b.example");
    REFUSED(SMTP_INVALID_HANDLE, smtp_mail, bad, NULL);
    REFUSED(SMTP_INVALID_HANDLE, smtp_send, bad, "a@b.example");
    REFUSED(SMTP_INVALID_HANDLE, smtp_soml, bad, "a@b.example");
    REFUSED(SMTP_INVALID_HANDLE, smtp_saml, bad, "a@b.example");
    REFUSED(SMTP_INVALID_HANDLE, smtp_rcpt, bad, "a@b.example");
    REFUSED(SMTP_INVALID_HANDLE, smtp_data, bad, (FARPROC)never);
    REFUSED(SMTP_INVALID_HANDLE, smtp_data, bad, NULL);
    REFUSED(SMTP_INVALID_HANDLE, smtp_data_buf, bad, "text", 4);
    REFUSED(SMTP_INVALID_HANDLE, smtp_data_buf, bad, NULL, -1);
    REFUSED(SMTP_INVALID_HANDLE, smtp_direct, bad, "NOOP", reply, &len);
    REFUSED(SMTP_INVALID_HANDLE, smtp_direct, bad, NULL, NULL, NULL);
    REFUSED(SMTP_INVALID_HANDLE, smtp_expn, bad, "list", (FARPROC)never);
    REFUSED(SMTP_INVALID_HANDLE, smtp_help, bad, NULL, (FARPROC)never);
    REFUSED(SMTP_INVALID_HANDLE, smtp_noop, bad);
    REFUSED(SMTP_INVALID_HANDLE, smtp_opts, bad, OPT_TIMEOUT, 20);
    REFUSED(SMTP_INVALID_HANDLE, smtp_opts, bad, 0, 0);
    REFUSED(SMTP_INVALID_HANDLE, smtp_rply, bad, reply, 10, &code);
    REFUSED(SMTP_INVALID_HANDLE, smtp_rply, bad, NULL, -1, NULL);
    REFUSED(SMTP_INVALID_HANDLE, smtp_rset, bad);
    REFUSED(SMTP_INVALID_HANDLE, smtp_turn, bad);
    REFUSED(SMTP_INVALID_HANDLE, smtp_vrfy, bad, "name");
    REFUSED(SMTP_INVALID_HANDLE, smtp_quit, bad);
    REFUSED(SMTP_INVALID_HANDLE, smtp_xquit, bad);
}

/* Opening with arguments that cannot be. */
static void bad_opening(void)
{
    static fw_param nothing;
    fw_param fw;
    char endless[70000];
    GLOBALHANDLE conn = &conn;

    REFUSED(SMTP_FAILURE, smtp_helo, "127.0.0.1", "me", NULL, NULL, 0);
    REFUSED(SMTP_FAILURE, smtp_xhelo, "127.0.0.1", "me", NULL, NULL, NULL, 0);
    REFUSED(SMTP_FAILURE, smtp_fw_helo, "me", NULL, NULL, 0, &nothing);

    REFUSED(SMTP_UNKNOWN_HOST, smtp_helo, NULL, "me", &conn, (FARPROC)never, 0);
    CHECK("a handle that cannot be used is NULL", conn == NULL);
    REFUSED(SMTP_UNKNOWN_HOST, smtp_helo, "", "me", &conn, (FARPROC)never, 0);
    REFUSED(SMTP_UNKNOWN_HOST, smtp_helo, "two words", "me", &conn, (FARPROC)never, 0);
    REFUSED(SMTP_UNKNOWN_HOST, smtp_helo, "host\r\nRSET", "me", &conn, (FARPROC)never, 0);
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    REFUSED(SMTP_UNKNOWN_HOST, smtp_helo, endless, "me", &conn, (FARPROC)never, 0);

    REFUSED(SMTP_FAILURE, smtp_helo, "127.0.0.1", "me\r\nRSET", &conn, (FARPROC)never, 0);
    REFUSED(SMTP_SUCCESS, smtp_quit, conn);
    REFUSED(SMTP_FAILURE, smtp_helo, "127.0.0.1", endless, &conn, (FARPROC)never, 0);
    REFUSED(SMTP_SUCCESS, smtp_xquit, conn);
    REFUSED(SMTP_INVALID_HANDLE, smtp_quit, conn);

    REFUSED(SMTP_FAILURE, smtp_fw_helo, "me", &conn, (FARPROC)never, 0, NULL);
    REFUSED(SMTP_SUCCESS, smtp_quit, conn);
    REFUSED(SMTP_FAILURE, smtp_fw_helo, "me", &conn, (FARPROC)never, 0, &nothing);
    REFUSED(SMTP_SUCCESS, smtp_quit, conn);
    memset(&fw, 0, sizeof fw);
    fw.addr_type = FW_ADDR_IP4;
    fw.socks_ver = FW_VERSION5;
    REFUSED(SMTP_UNKNOWN_HOST, smtp_fw_helo, "me", &conn, (FARPROC)never, 0, &fw);
    fw.dest_host = "::1";
    REFUSED(SMTP_UNKNOWN_HOST, smtp_fw_helo, "me", &conn, (FARPROC)never, 0, &fw);
}

/* A good handle, and nothing else that is good. */
static void bad_arguments(GLOBALHANDLE conn)
{
    char reply[4] = "xyz";
    int len = -1, code = 77;

    REFUSED(SMTP_FAILURE, smtp_mail, conn, NULL);
    REFUSED(SMTP_FAILURE, smtp_mail, conn, "a@b>\r\nRCPT TO:<x@y");
    REFUSED(SMTP_FAILURE, smtp_send, conn, NULL);
    REFUSED(SMTP_FAILURE, smtp_soml, conn, NULL);
    REFUSED(SMTP_FAILURE, smtp_saml, conn, NULL);
    REFUSED(SMTP_FAILURE, smtp_rcpt, conn, NULL);
    REFUSED(SMTP_FAILURE, smtp_rcpt, conn, "");
    REFUSED(SMTP_FAILURE, smtp_data, conn, NULL);
    REFUSED(SMTP_FAILURE, smtp_data_buf, conn, NULL, 1);
    REFUSED(SMTP_FAILURE, smtp_data_buf, conn, "text", -1);
    REFUSED(SMTP_FAILURE, smtp_direct, conn, NULL, NULL, NULL);
    REFUSED(SMTP_FAILURE, smtp_direct, conn, "NOOP", reply, &len);
    REFUSED(SMTP_FAILURE, smtp_direct, conn, "NOOP\r\nRSET", NULL, NULL);
    REFUSED(SMTP_FAILURE, smtp_expn, conn, NULL, (FARPROC)never);
    REFUSED(SMTP_FAILURE, smtp_help, conn, "a\nb", (FARPROC)never);
    REFUSED(SMTP_FAILURE, smtp_vrfy, conn, NULL);
    REFUSED(SMTP_FAILURE, smtp_vrfy, conn, "");
    REFUSED(SMTP_INVALID_OPTION, smtp_opts, conn, 0, 0);
    REFUSED(SMTP_INVALID_OPTION, smtp_opts, conn, 0xffff, 0);
    REFUSED(SMTP_INVALID_OPTION, smtp_opts, conn, OPT_GET_PARAM, 0);
    REFUSED(SMTP_INVALID_OPTION, smtp_opts, conn, OPT_TIMEOUT, 0);
    REFUSED(SMTP_INVALID_OPTION, smtp_opts, conn, OPT_TIMEOUT, 1000);
    REFUSED(SMTP_SUCCESS, smtp_rply, conn, NULL, 0, NULL);
    REFUSED(SMTP_SUCCESS, smtp_rply, conn, NULL, 100, &code);
    CHECK_INT("the code comes without the text: the library has none of its own", code, 0);
    REFUSED(SMTP_SUCCESS, smtp_rply, conn, reply, -5, NULL);
    CHECK_TEXT("a negative length leaves the buffer alone", reply, "xyz");
    REFUSED(SMTP_SUCCESS, smtp_rply, conn, reply, 3, NULL);
    CHECK_TEXT("a short buffer gets what fits", reply, "00");
    REFUSED(SMTP_FAILURE, smtp_xquit, conn);
    REFUSED(SMTP_SUCCESS, smtp_noop, conn);
}

int main(int argc, char **argv)
{
    char host[64];
    GLOBALHANDLE conn = NULL;
    size_t i;

    if (argc < 3) {
        return 2;
    }
    CALL(smtp_date, NULL);
    for (i = 0; i < GARBAGE_HANDLES; i++) {
        bad_handle((GLOBALHANDLE)garbage_handles[i]);
    }
    bad_opening();
    snprintf(host, sizeof host, "%s:%s", argv[1], argv[2]);
    CHECK_INT("a connection", smtp_helo(host, "me", &conn, NULL, 0), SMTP_SUCCESS);
    bad_handle((char *)conn + 1);
    bad_handle((char *)conn + 0x10000);
    bad_handle((char *)conn + ((DWORD_PTR)1 << 31));
    bad_arguments(conn);
    CHECK_INT("quit", smtp_quit(conn), SMTP_SUCCESS);
    bad_handle(conn);
    return checks_done();
}
