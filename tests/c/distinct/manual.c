/* All functions but the asynchronous ones, written as the manual writes them: old definitions of callbacks, passed without
 * casts, DWORD where the manual says DWORD.
 *
 * server: dialogue
 *     S: 220 mail.example ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: NOOP
 *     S: 250 here
 *     C: VRFY bob
 *     S: 252 perhaps
 *     C: EXPN staff
 *     S: 250-<ann@mail.example>
 *     S: 250 <bob@mail.example>
 *     C: HELP
 *     S: 214 NOOP
 *     C: XVERSION
 *     S: 250-one
 *     S: 250 two
 *     C: SEND FROM:<ann@pc.example>
 *     S: 502 no
 *     C: SOML FROM:<ann@pc.example>
 *     S: 502 no
 *     C: SAML FROM:<ann@pc.example>
 *     S: 250 ok
 *     C: RSET
 *     S: 250 ok
 *     C: MAIL FROM:<ann@pc.example>
 *     S: 250 ok
 *     C: RCPT TO:<bob@mail.example>
 *     S: 250 ok
 *     C: RCPT TO:<eve@mail.example>
 *     S: 550 no eve
 *     C: DATA
 *     S: 354 go on
 *     C. Subject: x\r\n\r\n..first\r\nlast\r\n.\r\n
 *     S: 250 taken
 *     C: MAIL FROM:<ann@pc.example>
 *     S: 250 ok
 *     C: RCPT TO:<bob@mail.example>
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C. one\r\ntwo\r\n.\r\n
 *     S: 250 taken
 *     C: TURN
 *     S: 502 no
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 */
#include "check.h"
#include <windows.h>
#include <d32-smtp.h>
#include <d32-fw.h>

static const char *message[] = { "Subject: x\r\n", "\r\n", ".first\n", "last" };
static int next_line;
static char lines[200];
static long seen;

int WINAPI give(hConn, buf, len, lParam)
GLOBALHANDLE hConn;
char far *buf;
int len;
DWORD lParam;
{
    (void)hConn;
    CHECK("the buffer is large enough for a line", len >= 1000);
    CHECK_INT("the data callback gets the parameter", lParam, 42);
    if (next_line == 4) {
        return 0;
    }
    strcpy(buf, message[next_line]);
    return (int)strlen(message[next_line++]);
}

int WINAPI take(hConn, line, len, lParam)
GLOBALHANDLE hConn;
char far *line;
int len;
DWORD lParam;
{
    (void)hConn;
    CHECK_INT("the line callback gets the parameter", lParam, 42);
    CHECK_INT("the length is the line's", len, strlen(line));
    strcat(lines, line);
    strcat(lines, ";");
    return 0;
}

int WINAPI watch(hConn, buf, len, lParam)
GLOBALHANDLE hConn;
char far *buf;
int len;
DWORD lParam;
{
    (void)hConn;
    (void)lParam;
    seen += len;
    return (int)strlen(buf);
}

int main(int argc, char **argv)
{
    GLOBALHANDLE conn;
    char host[64], reply[200], date[37];
    DWORD_PTR parameter = 0;
    int len, code;

    if (argc < 3) {
        return 2;
    }
    snprintf(host, sizeof host, "%s:%s", argv[1], argv[2]);
    CHECK_INT("helo", smtp_helo(host, "pc.example", &conn, watch, 41), SMTP_SUCCESS);
    CHECK("the debug callback has seen it", seen > 0);
    seen = 0;
    CHECK_INT("debug off", smtp_opts(conn, OPT_DEBUG, 0), SMTP_SUCCESS);
    CHECK_INT("set parameter", smtp_opts(conn, OPT_SET_PARAM, 42), SMTP_SUCCESS);
    CHECK_INT("get parameter", smtp_opts(conn, OPT_GET_PARAM, (DWORD_PTR)&parameter), SMTP_SUCCESS);
    CHECK_INT("the parameter", parameter, 42);
    CHECK_INT("timeout", smtp_opts(conn, OPT_TIMEOUT, 10), SMTP_SUCCESS);
    CHECK_INT("yield off", smtp_opts(conn, OPT_YIELD_OFF, 0), SMTP_SUCCESS);
    CHECK_INT("yield on", smtp_opts(conn, OPT_YIELD_ON, 0), SMTP_SUCCESS);
    CHECK_INT("no option", smtp_opts(conn, 99, 0), SMTP_INVALID_OPTION);

    CHECK_INT("noop", smtp_noop(conn), SMTP_SUCCESS);
    CHECK_INT("vrfy", smtp_vrfy(conn, "bob"), SMTP_SUCCESS);
    CHECK_INT("rply", smtp_rply(conn, reply, sizeof reply, &code), SMTP_SUCCESS);
    CHECK_TEXT("the reply", reply, "252 perhaps");
    CHECK_INT("its code", code, 252);
    CHECK_INT("expn", smtp_expn(conn, "staff", take), SMTP_SUCCESS);
    CHECK_INT("help", smtp_help(conn, NULL, take), SMTP_SUCCESS);
    CHECK_TEXT("the lines", lines, "<ann@mail.example>;<bob@mail.example>;NOOP;");
    len = 10;
    CHECK_INT("direct", smtp_direct(conn, "XVERSION", reply, &len), SMTP_INSUFFICIENT_LENGTH);
    CHECK_TEXT("what fits", reply, "250-one\r\n");
    CHECK_INT("what it needs", len, 17);

    CHECK_INT("send", smtp_send(conn, "ann@pc.example"), SMTP_FAILURE);
    CHECK_INT("soml", smtp_soml(conn, "ann@pc.example"), SMTP_FAILURE);
    CHECK_INT("saml", smtp_saml(conn, "ann@pc.example"), SMTP_SUCCESS);
    CHECK_INT("rset", smtp_rset(conn), SMTP_SUCCESS);

    CHECK_INT("mail", smtp_mail(conn, "ann@pc.example"), SMTP_SUCCESS);
    CHECK_INT("rcpt", smtp_rcpt(conn, "bob@mail.example"), SMTP_SUCCESS);
    CHECK_INT("rcpt refused", smtp_rcpt(conn, "eve@mail.example"), SMTP_FAILURE);
    CHECK_INT("data", smtp_data(conn, give), SMTP_SUCCESS);
    CHECK_INT("mail", smtp_mail(conn, "ann@pc.example"), SMTP_SUCCESS);
    CHECK_INT("rcpt", smtp_rcpt(conn, "bob@mail.example"), SMTP_SUCCESS);
    CHECK_INT("piece", smtp_data_buf(conn, "one\r\nt", 6), SMTP_SUCCESS);
    CHECK_INT("piece", smtp_data_buf(conn, "wo", 2), SMTP_SUCCESS);
    CHECK_INT("end", smtp_data_buf(conn, "", 0), SMTP_SUCCESS);
    CHECK_INT("turn", smtp_turn(conn), SMTP_FAILURE);
    len = smtp_date(date);
    CHECK_INT("the date's length", len, strlen(date));
    CHECK_INT("nothing to abort", smtp_xquit(conn), SMTP_FAILURE);
    CHECK_INT("quit", smtp_quit(conn), SMTP_SUCCESS);
    CHECK_INT("the debug callback was off", seen, 0);
    return checks_done();
}
