/* The same for smtp_xhelo: the status callback gets the state's address as a DWORD, mails, and wakes the loop that waits
 * with Sleep. Old definitions of functions and callbacks without casts, so C before C23 only.
 *
 * standards: gnu89 c89 c11
 * server: dialogue
 *     S: 220 mail.example ready
 *     C: EHLO pc.example
 *     S: 250 mail.example
 *     C: MAIL FROM:<ann@pc.example>
 *     S: 250 ok
 *     C: RCPT TO:<bob@mail.example>
 *     S: 250 ok
 *     C: DATA
 *     S: 354 go on
 *     C. Subject: x\r\n\r\nbody\r\n.\r\n
 *     S: 250 taken
 *     C: EXPN staff
 *     S: 250 <cy@mail.example>
 *     C: QUIT
 *     S: 221 bye
 *     WAIT close
 */
#include <windows.h>
#include <d32-smtp.h>
#include <stdio.h>

struct state {
    char far *sender;
    char far *recipient;
    volatile int done;
    int result;
    char member[40];
};

int FAR PASCAL member(hConn, line, len, lParam)
GLOBALHANDLE hConn;
LPSTR line;
int len;
DWORD lParam;
{
    struct state far *state = (struct state far *)lParam;

    (void)hConn;
    lstrcpyn(state->member, line, min(len + 1, (int)sizeof state->member));
    return 0;
}

int FAR PASCAL ready(hConn, result, lParam)
GLOBALHANDLE hConn;
int result;
LONG lParam;
{
    struct state *state = (struct state *)lParam;
    static char text[] = "Subject: x\r\n\r\nbody\r\n";

    if (result == SMTP_SUCCESS) result = smtp_mail(hConn, state->sender);
    if (result == SMTP_SUCCESS) result = smtp_rcpt(hConn, state->recipient);
    if (result == SMTP_SUCCESS) result = smtp_data_buf(hConn, text, lstrlen(text));
    if (result == SMTP_SUCCESS) result = smtp_data_buf(hConn, NULL, 0);
    if (result == SMTP_SUCCESS) result = smtp_expn(hConn, "staff", member);
    smtp_quit(hConn);
    state->result = result;
    state->done = TRUE;
    return 0;
}

int main(argc, argv)
int argc;
char **argv;
{
    struct state state;
    GLOBALHANDLE conn;
    char host[64];
    int waits = 0;

    if (argc < 3) {
        return 2;
    }
    ZeroMemory(&state, sizeof state);
    state.sender = "ann@pc.example";
    state.recipient = "bob@mail.example";
    wsprintf(host, "%s:%s", argv[1], argv[2]);
    state.result = smtp_xhelo(host, "pc.example", &conn, NULL, ready, (DWORD)(struct state far *)&state);
    while (state.result == SMTP_SUCCESS && !state.done && waits++ < 3000) {
        Sleep(20);
    }
    printf(state.result == SMTP_SUCCESS && state.done ? "ok sent\n" : "not ok sent: %d\n", state.result);
    printf(lstrcmp(state.member, "<cy@mail.example>") == 0 ? "ok member\n" : "not ok member: %s\n", state.member);
    return 0;
}
